"""Losses are gathered for a plot, by a function, with their graphs."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(16, 4), torch.randn(16, 1)
history = {"loss": []}


def train_step(batch, target):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(batch), target)
    loss.backward()
    optimizer.step()
    history["loss"].append(loss)  # <- graph-kept-alive


for epoch in range(6):
    train_step(x, y)
