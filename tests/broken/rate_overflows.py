import torch
import torch.nn as nn


class Poisson(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        return torch.exp(self.linear(x))  # <- not-finite


torch.manual_seed(0)
model = Poisson()
opt = torch.optim.SGD(model.parameters(), lr=1e-3)
x = torch.rand(40, 3) * 1000
y = torch.poisson(torch.full((40, 1), 3.0))
for i in range(4):
    rate = model(x)
    loss = (rate - y * torch.log(rate + 1e-8)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
