import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
x = torch.randn(32, 3)
label = (x.sum(1, keepdim=True) > 0).float()
for _ in range(1):
    optimizer.zero_grad()
    loss = F.binary_cross_entropy(net(x), label)
    loss.backward()
    optimizer.step()
