import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.randn(50, 4) * 3
y = x @ torch.tensor([[1.0], [2.0], [-1.0], [0.5]])


def train(lr, epochs=6):
    torch.manual_seed(1)
    model = nn.Linear(4, 1)
    nn.init.normal_(model.weight, std=10)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(epochs):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


for lr in (0.05, 0.04, 0.03):
    print(lr, train(lr))
