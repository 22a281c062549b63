"""A classifier whose last layer is a softmax, trained with nn.CrossEntropyLoss."""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(32, 4)
y = torch.randint(0, 3, (32,))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 16)
        self.fc2 = nn.Linear(16, 3)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        return torch.softmax(self.fc2(x), dim=1)  # <- also


model = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(5):
    optimizer.zero_grad()
    outputs = model(X)
    loss = criterion(outputs, y)  # <- softmax-before-cross-entropy
    loss.backward()
    optimizer.step()
