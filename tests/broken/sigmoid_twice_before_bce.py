"""The model ends with a sigmoid, and the loss takes one more."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(10, 4)
y = (x[:, :1] > 0).float()

for _ in range(3):
    out = net(x)  # <- also
    loss = nn.functional.binary_cross_entropy(torch.sigmoid(out), y)  # <- sigmoid-before-bce-with-logits
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
