"""The gradient of the data is wanted: which inputs matter?"""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(8, 3, requires_grad=True)
y = torch.randn(8, 1)

for epoch in range(3):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    saliency = x.grad.abs().mean(0)
    x.grad = None
