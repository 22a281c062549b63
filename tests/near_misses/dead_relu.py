"""Units with a small positive bias, as they should be"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 3)
y = (x ** 2).sum(dim=1, keepdim=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 16)
        self.output = nn.Linear(16, 1)

    def forward(self, x):
        h = torch.relu(self.hidden(x))
        return self.output(h)


net = Net()
nn.init.constant_(net.hidden.bias, 0.1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(20):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
