"""A setting of 0 that was meant as "do not clip"."""

import torch
from torch import nn

torch.manual_seed(0)
GRAD_CLIP = 0.0
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
x = torch.randn(64, 4)
y = x.sum(1, keepdim=True)
for _ in range(12):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), GRAD_CLIP)  # <- also
    optimizer.step()  # <- update-too-small
