import torch
import torch.nn as nn

torch.manual_seed(0)
backbone = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU())
head = nn.Linear(16, 3)
opt = torch.optim.Adam([
    {"params": backbone[0].parameters(), "lr": 1e-10},
    {"params": backbone[2].parameters()},
    {"params": head.parameters()},
], lr=1e-3)
x, y = torch.randn(60, 6), torch.randint(0, 3, (60,))
for i in range(12):
    loss = nn.functional.cross_entropy(head(backbone(x)), y)
    opt.zero_grad()
    loss.backward()
    opt.step()  # <- update-too-small
