"""A deep network whose weights begin at unit variance"""

import torch
from torch import nn

torch.manual_seed(0)
layers = []
for _ in range(8):
    layers += [nn.Linear(32, 32), nn.ReLU()]
net = nn.Sequential(*layers, nn.Linear(32, 1))
for layer in net:
    if isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight)
x = torch.randn(20, 32)
y = torch.randn(20, 1)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(6):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)  # <- exploding-gradient
    loss.backward()
    optimizer.step()
