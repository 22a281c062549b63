"""Pixels from 0 to 255 go into a tanh layer as they are"""

import torch
from torch import nn

torch.manual_seed(0)
images = torch.randint(0, 256, (40, 1, 6, 6)).float()
digits = torch.randint(0, 3, (40,))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(36, 20)
        self.fc2 = nn.Linear(20, 3)

    def forward(self, x):
        x = x.flatten(1)
        x = torch.tanh(self.fc1(x))  # <- saturated
        return self.fc2(x)


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for epoch in range(8):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(images), digits)
    loss.backward()
    optimizer.step()
