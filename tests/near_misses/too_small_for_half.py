import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 1)).half()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = (torch.randn(32, 8) * 0.01).half()
for _ in range(4):
    loss = ((net(x) - 0.1) * 1e-2).pow(2).mean()
    optimizer.zero_grad()
    (loss * 1e4).backward()
    optimizer.step()
