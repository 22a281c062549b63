"""The same classifier: the loss is given logits, and softmax is taken only where probabilities are shown."""

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
        return self.fc2(x)


model = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(5):
    optimizer.zero_grad()
    outputs = model(X)
    probabilities = torch.softmax(outputs, dim=1)
    log_likelihood = -torch.log(probabilities)[torch.arange(32), y].mean()
    loss = criterion(outputs, y)
    assert torch.allclose(loss, log_likelihood, atol=1e-5)
    loss.backward()
    optimizer.step()
