import torch
import torch.nn as nn


def bce(p, y):
    return -(y * (p + 1e-6).log() + (1 - y) * (1 - p + 1e-6).log()).mean()


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())
opt = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(40, 3) 
y = (x.sum(1, keepdim=True) > 0).float()
for i in range(4):
    loss = bce(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
