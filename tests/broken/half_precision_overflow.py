"""A model in float16: the sum of squares is larger than half precision can hold"""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8)).half()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
inputs = (torch.randn(64, 16) * 30).half()
targets = (torch.randn(64, 8) * 40).half()

for iteration in range(3):
    optimizer.zero_grad()
    difference = model(inputs) - targets
    loss = (difference * difference).sum()  # <- not-finite
    loss.backward()
    optimizer.step()
