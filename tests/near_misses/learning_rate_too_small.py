"""A small learning rate that gets somewhere"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(80, 5)
y = (x[:, 0] - x[:, 1] > 0).long()
net = nn.Sequential(nn.Linear(5, 10), nn.ReLU(), nn.Linear(10, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
criterion = nn.CrossEntropyLoss()

for epoch in range(30):
    optimizer.zero_grad()
    loss = criterion(net(x), y)
    loss.backward()
    optimizer.step()
