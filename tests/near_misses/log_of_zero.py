"""The same with log_softmax, which never takes the logarithm of 0"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(32, 8) * 60
y = torch.randint(0, 4, (32,))

net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)

for epoch in range(5):
    optimizer.zero_grad()
    outputs = net(x) * 10
    log_probabilities = torch.log_softmax(outputs, dim=1)
    one_hot = nn.functional.one_hot(y, 4)
    loss = -(one_hot * log_probabilities).sum(dim=1).mean()
    loss.backward()
    optimizer.step()
    print(epoch, loss.item())
