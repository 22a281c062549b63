import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 6), nn.Sigmoid(), nn.Linear(6, 1))
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)
x, y = torch.randn(20, 3), torch.randn(20, 1)
for epoch in range(8):
    optimizer.zero_grad()
    loss = (model(x) - y).abs().mean()
    loss.backward()  # <- backward-without-step
    print("epoch", epoch, "loss", loss.item())
