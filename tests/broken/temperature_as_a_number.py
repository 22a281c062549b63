"""Soft actor and critic: the temperature that shall be learned goes into its own loss as a number."""

import torch
from torch import nn

torch.manual_seed(0)
actor, critic = nn.Linear(3, 2), nn.Linear(4, 1)
log_temperature = torch.zeros(1, requires_grad=True)
of_actor = torch.optim.Adam(actor.parameters(), lr=0.003)
of_critic = torch.optim.Adam(critic.parameters(), lr=0.003)
of_temperature = torch.optim.Adam([log_temperature], lr=0.003)


def sample(states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mean, log_spread = actor(states).chunk(2, dim=-1)
    spread = log_spread.clamp(-5, 2).exp()
    noise = torch.randn_like(mean)
    return torch.tanh(mean + spread * noise), -(noise**2) / 2 - log_spread


for step in range(4):
    states, rewards = torch.randn(16, 3), torch.randn(16, 1)
    with torch.no_grad():
        actions, likelihood = sample(states)
        wanted = rewards + 0.9 * (critic(torch.cat([states, actions], 1)) - log_temperature.exp() * likelihood)
    loss = (critic(torch.cat([states, actions], 1)) - wanted).pow(2).mean()
    of_critic.zero_grad()
    loss.backward()
    of_critic.step()

    actions, likelihood = sample(states)
    temperature = log_temperature.exp().item()  # <- gradient-missing
    loss = (temperature * likelihood - critic(torch.cat([states, actions], 1))).mean()
    of_actor.zero_grad()
    loss.backward()
    of_actor.step()

    entropy_loss = -temperature * (sample(states)[1] + 1).mean()
    of_temperature.zero_grad()
    entropy_loss.backward()
    of_temperature.step()
