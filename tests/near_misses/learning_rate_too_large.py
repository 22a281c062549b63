"""The same data, standardised"""

import torch

torch.manual_seed(0)
area = torch.rand(50, 1) * 100 + 20
price = 3.0 * area + 50 + torch.randn(50, 1)
area = (area - area.mean()) / area.std()
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(15):
    loss = ((model(area) - price) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
