"""The same with the loss computed in float32"""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8)).half()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
inputs = (torch.randn(64, 16) * 30).half()
targets = (torch.randn(64, 8) * 40).half()

for iteration in range(3):
    optimizer.zero_grad()
    difference = model(inputs).float() - targets.float()
    loss = (difference * difference).mean()
    loss.backward()
    optimizer.step()
