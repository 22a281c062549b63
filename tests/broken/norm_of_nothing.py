"""Rows are scaled to length 1, and one of them is all zeros"""

import torch
from torch import nn

torch.manual_seed(0)
bags = torch.randint(0, 3, (24, 5)).float()
bags[7] = 0.0
labels = (bags.sum(dim=1) > 5).float()
model = nn.Linear(5, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = nn.BCEWithLogitsLoss()

length = bags.norm(dim=1, keepdim=True)
features = bags / length  # <- not-finite

for epoch in range(4):
    optimizer.zero_grad()
    output = model(features).squeeze(1)
    loss = criterion(output, labels)
    loss.backward()
    optimizer.step()
