import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 6), nn.Sigmoid(), nn.Linear(6, 1))
opt = torch.optim.RMSprop(net.parameters(), lr=0.01)
x, y = torch.randn(20, 3), torch.randn(20, 1)
for e in range(8):
    opt.zero_grad()
    loss = (net(x) - y).abs().mean()
    loss.backward()
    opt.step()
