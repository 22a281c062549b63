"""Data that are not standardised, and a learning rate that suits others"""

import torch

torch.manual_seed(0)
area = torch.rand(50, 1) * 100 + 20
price = 3.0 * area + 50 + torch.randn(50, 1)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

for epoch in range(15):
    loss = ((model(area) - price) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()  # <- learning-rate-too-large
