import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(8, 3), torch.randn(8, 1)

for epoch in range(4):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.step()  # <- step-without-gradient
    optimizer.zero_grad()
    loss.backward()  # <- also
