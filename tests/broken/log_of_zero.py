"""A cross-entropy written by hand: the softmax of large outputs rounds to 0, and its logarithm is taken"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(32, 8) * 60
y = torch.randint(0, 4, (32,))

net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

for epoch in range(5):
    optimizer.zero_grad()
    probabilities = torch.softmax(net(x) * 10, dim=1)
    log_probabilities = torch.log(probabilities)  # <- not-finite
    one_hot = nn.functional.one_hot(y, 4)
    loss = -(one_hot * log_probabilities).sum(dim=1).mean()
    loss.backward()
    optimizer.step()
    print(epoch, loss.item())
