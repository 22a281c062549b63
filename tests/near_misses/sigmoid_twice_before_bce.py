"""A sigmoid within the model, as a hidden layer, and one at its end."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 5), nn.Sigmoid(), nn.Linear(5, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(10, 4)
y = (x[:, :1] > 0).float()

for _ in range(3):
    out = net(x)
    loss = nn.functional.binary_cross_entropy(torch.sigmoid(out), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
