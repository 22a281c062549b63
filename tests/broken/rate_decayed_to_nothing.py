"""A scheduler that is stepped once a batch and not once an epoch: the rate is gone before the training began."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(5, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.05)
x = torch.randn(80, 5)
y = x.sum(1, keepdim=True)

for _ in range(3):
    for batch in range(0, 80, 10):
        loss = nn.functional.mse_loss(net(x[batch : batch + 10]), y[batch : batch + 10])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()  # <- update-too-small
        scheduler.step()
