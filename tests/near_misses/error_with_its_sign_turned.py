"""A likelihood that falls below 0 as its distribution narrows."""

import torch

torch.manual_seed(0)
x = 0.001 * torch.randn(64)
mean, log_deviation = torch.tensor(0.1, requires_grad=True), torch.tensor(0.0, requires_grad=True)
optimizer = torch.optim.Adam([mean, log_deviation], lr=0.2)
for _ in range(40):
    loss = (log_deviation + 0.5 * ((x - mean) / log_deviation.exp()) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
