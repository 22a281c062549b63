import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.randn(50, 4) * 3
y = x @ torch.tensor([[1.0], [2.0], [-1.0], [0.5]])


def train(lr, epochs=6):
    torch.manual_seed(1)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(epochs):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()  # <- learning-rate-too-large
    return loss.item()


for lr in (0.001, 0.01, 0.5):
    print(lr, train(lr))
