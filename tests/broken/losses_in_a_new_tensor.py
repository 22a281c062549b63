"""Two losses weighed by what is learned, put together as a new tensor that requires grad."""

import torch
from torch import nn

torch.manual_seed(0)
body, regression, classes = nn.Linear(6, 12), nn.Linear(12, 1), nn.Linear(12, 3)
log_variances = nn.Parameter(torch.zeros(2))
parameters = [*body.parameters(), *regression.parameters(), *classes.parameters(), log_variances]
optimizer = torch.optim.Adam(parameters, lr=0.01)
x, y, kinds = torch.randn(32, 6), torch.randn(32), torch.randint(0, 3, (32,))

for step in range(4):
    h = torch.relu(body(x))
    parts = [
        nn.functional.mse_loss(regression(h).squeeze(1), y),
        nn.functional.cross_entropy(classes(h), kinds),
    ]
    losses = torch.tensor(parts, requires_grad=True)  # <- gradient-missing
    loss = (torch.exp(-log_variances) * losses + log_variances).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
