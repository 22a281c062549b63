"""A dead layer under a loss that is not finite: what comes to the ReLU is NaN, and 0 is what it hands on."""

import torch

torch.manual_seed(0)
hidden = torch.nn.Linear(4, 8)
out = torch.nn.Linear(8, 1)
torch.nn.init.constant_(hidden.bias, -50.0)
optimizer = torch.optim.SGD([*hidden.parameters(), *out.parameters()], lr=0.1)
inputs, targets = torch.randn(32, 4), torch.randn(32, 1)
for _ in range(4):
    activations = torch.relu(hidden(inputs))  # <- dead-relu
    predicted = out(activations)
    size = torch.sqrt((predicted * 0).sum())  # <- not-finite
    loss = ((predicted - targets) ** 2).mean() + size
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
