import torch
import torch.nn as nn

torch.manual_seed(3)
model = nn.Linear(4, 1)
scale = nn.Parameter(torch.tensor(1.0))
optimizer = torch.optim.SGD(list(model.parameters()) + [scale], lr=0.05)
x = torch.randn(64, 4)
y = x @ torch.tensor([[1.0], [-2.0], [0.5], [0.0]]) + 0.1 * torch.randn(64, 1)
for epoch in range(6):
    pred = model(x)
    s = scale.item()
    print(epoch, s)
    loss = ((pred * scale - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(scale)
