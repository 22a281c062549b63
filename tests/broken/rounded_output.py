"""The prediction is rounded to a class before the loss"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(40, 2)
y = (x.sum(dim=1, keepdim=True) > 1).float()
model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid())
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

for epoch in range(10):
    prediction = torch.round(model(x))  # <- zero-gradient
    loss = nn.functional.mse_loss(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
