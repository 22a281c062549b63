import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(16, 4), torch.randn(16, 1)
val_x, val_y = torch.randn(8, 4), torch.randn(8, 1)


@torch.no_grad()
def evaluate():
    model.eval()
    loss = nn.functional.mse_loss(model(val_x), val_y)
    model.train()
    return loss.item()

for epoch in range(6):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    print(evaluate())
