"""The same with the squares in float32; and a mask of the least number of all, which overflows downwards."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 6)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
x = torch.randn(8, 4) * torch.tensor([1.0, 1.0, 1.0, 3000.0])
y = torch.randn(8, 6)

for _ in range(3):
    h = net(x).half()
    mask = torch.zeros(6, dtype=torch.float16).masked_fill(torch.arange(6) > 4, torch.finfo(torch.float16).min)
    shares = torch.softmax(h - h.amax(-1, keepdim=True) + mask, -1)
    normed = h * torch.rsqrt(h.float().pow(2).mean(-1, keepdim=True) + 1e-3) * (1 + shares)
    loss = nn.functional.mse_loss(normed.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
