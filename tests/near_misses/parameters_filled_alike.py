import torch
import torch.nn as nn


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(0.5 * torch.randn(3, 6))
        self.b1 = nn.Parameter(torch.zeros(6))
        self.w2 = nn.Parameter(torch.full((6, 1), 0.5))

    def forward(self, x):
        return torch.sigmoid(x @ self.w1 + self.b1) @ self.w2


torch.manual_seed(0)
net = MLP()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
x = torch.randn(40, 3)
for i in range(8):
    loss = (net(x) - x[:, :1] * x[:, 1:2]).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
