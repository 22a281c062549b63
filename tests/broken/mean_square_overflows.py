"""A root mean square in float16: the squares overflow, and 1 / ∞ makes rows of 0 of them."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 6)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
x = torch.randn(8, 4) * torch.tensor([1.0, 1.0, 1.0, 3000.0])
y = torch.randn(8, 6)

for _ in range(3):
    h = net(x).half()
    squares = h.pow(2)  # <- not-finite
    normed = h * torch.rsqrt(squares.mean(-1, keepdim=True) + 1e-3)
    loss = nn.functional.mse_loss(normed.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
