"""A table with a missing value"""

import torch
from torch import nn

rows = [[5.1, 3.5, 1.4], [4.9, 3.0, 1.4], [4.7, float("nan"), 1.3], [6.2, 2.9, 4.3], [5.9, 3.0, 5.1]]
inputs = torch.tensor(rows)  # <- not-finite-data
labels = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0])

torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
inputs = (inputs - inputs.mean(dim=0)) / inputs.std(dim=0)

for epoch in range(6):
    optimizer.zero_grad()
    loss = nn.functional.binary_cross_entropy_with_logits(model(inputs).squeeze(1), labels)
    loss.backward()
    optimizer.step()
