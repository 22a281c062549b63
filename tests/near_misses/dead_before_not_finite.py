"""A layer whose units are quiet on some inputs only, under a root that never comes to 0: all stays finite."""

import torch

torch.manual_seed(0)
hidden = torch.nn.Linear(4, 8)
out = torch.nn.Linear(8, 1)
torch.nn.init.constant_(hidden.bias, -0.5)
optimizer = torch.optim.SGD([*hidden.parameters(), *out.parameters()], lr=0.1)
inputs, targets = torch.randn(32, 4), torch.randn(32, 1)
for _ in range(4):
    activations = torch.relu(hidden(inputs))
    predicted = out(activations)
    size = torch.sqrt((predicted * 0).sum() + 1e-8)
    loss = ((predicted - targets) ** 2).mean() + size
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
