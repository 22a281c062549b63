"""The same: the features that are logged are detached, those that go on are not."""

import torch
from torch import nn

torch.manual_seed(0)
encoder = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
head = nn.Linear(8, 1)
optimizer = torch.optim.Adam(list(encoder.parameters()) + list(head.parameters()), lr=1e-2)
x, y = torch.randn(16, 6), torch.randn(16, 1)
log = []

for step in range(5):
    optimizer.zero_grad()
    features = encoder(x)
    log.append(features.detach().mean())
    loss = nn.functional.mse_loss(head(features), y)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
