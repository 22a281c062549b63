import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(3, 2)
optimizer = torch.optim.Adam(model.parameters())
x, y = torch.randn(8, 3), torch.randint(0, 2, (8,))

for epoch in range(3):
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.zero_grad()  # <- also
    optimizer.step()  # <- step-without-gradient
