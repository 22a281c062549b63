"""The same with nn.functional.normalize, which leaves a row of zeros as it is"""

import torch
from torch import nn

torch.manual_seed(0)
bags = torch.randint(0, 3, (24, 5)).float()
bags[7] = 0.0
labels = (bags.sum(dim=1) > 5).float()
model = nn.Linear(5, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = nn.BCEWithLogitsLoss()

features = nn.functional.normalize(bags, dim=1)

for epoch in range(4):
    optimizer.zero_grad()
    output = model(features).squeeze(1)
    loss = criterion(output, labels)
    loss.backward()
    optimizer.step()
