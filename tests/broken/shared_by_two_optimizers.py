import torch
from torch import nn

torch.manual_seed(0)
shared, left, right = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(4, 1)
opt_left = torch.optim.Adam([*shared.parameters(), *left.parameters()], lr=1e-3)  # <- also
opt_right = torch.optim.Adam([*shared.parameters(), *right.parameters()], lr=1e-3)  # <- parameter-in-two-optimizers
x, a, b = torch.randn(8, 4), torch.randn(8, 1), torch.randn(8, 1)

for step in range(3):
    h = torch.tanh(shared(x))
    loss = (left(h) - a).pow(2).mean() + (right(h) - b).pow(2).mean()
    opt_left.zero_grad()
    opt_right.zero_grad()
    loss.backward()
    opt_left.step()
    opt_right.step()
