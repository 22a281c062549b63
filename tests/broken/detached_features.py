"""An encoder and a head trained together, but the features were detached when they were debugged."""

import torch
from torch import nn

torch.manual_seed(0)
encoder = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
head = nn.Linear(8, 1)
optimizer = torch.optim.Adam(list(encoder.parameters()) + list(head.parameters()), lr=1e-2)
x, y = torch.randn(16, 6), torch.randn(16, 1)

for step in range(5):
    optimizer.zero_grad()
    features = encoder(x).detach()  # <- gradient-missing
    loss = nn.functional.mse_loss(head(features), y)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
