import torch
from torch import nn

torch.manual_seed(0)
backbone = nn.Linear(4, 6)
head = nn.Linear(6, 1)
opt = torch.optim.SGD([*backbone.parameters(), *head.parameters()], lr=0.1)
x, y = torch.randn(9, 4), torch.randn(9, 1)


def features(batch):
    with torch.no_grad():
        return torch.relu(backbone(batch))  # <- gradient-missing


for step in range(3):
    loss = (head(features(x)) - y).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
