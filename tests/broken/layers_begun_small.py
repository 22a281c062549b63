import torch
import torch.nn as nn


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(32, 32) for _ in range(10))
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=0.01)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))  # <- vanishing-gradient
        return self.out(x)


torch.manual_seed(0)
model = Deep()
opt = torch.optim.Adam(model.parameters(), lr=1e-4)
x = torch.randn(64, 32)
y = torch.randn(64, 1)
for epoch in range(2):
    opt.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
