import torch
import torch.nn as nn

torch.manual_seed(2)
policy = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
critic = nn.Linear(3, 1)
optimizer = torch.optim.Adam([*policy.parameters(), *critic.parameters()], lr=1e-2)
for _ in range(6):
    state = torch.randn(12, 3)
    chances = torch.distributions.Categorical(logits=policy(state))
    action = chances.sample()  # <- gradient-missing
    reward = (action == (state[:, 0] > 0)).float()
    advantage = reward - critic(state).squeeze(1)
    loss = -(action.float() * advantage.detach()).mean() + advantage.pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
