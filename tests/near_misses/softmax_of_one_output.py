"""A sigmoid for one output"""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
data = torch.randn(50, 4)
label = (data[:, :1] > 0).float()


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return torch.sigmoid(self.fc2(x))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(data), label)
    loss.backward()
    optimizer.step()
