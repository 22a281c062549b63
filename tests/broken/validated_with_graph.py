import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def evaluate(model, loader):
    model.eval()
    correct = 0
    for x, y in loader:
        out = model(x)  # <- evaluation-with-graph
        correct += (out.argmax(1) == y).sum().item()
    return correct / len(loader.dataset)


def train(model, loader, opt):
    model.train()
    for x, y in loader:
        opt.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        opt.step()


torch.manual_seed(0)
data = TensorDataset(torch.randn(100, 5), torch.randint(0, 2, (100,)))
train_set, val_set = random_split(data, [80, 20])
model = nn.Sequential(nn.Linear(5, 10), nn.ReLU(), nn.Linear(10, 2))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(2):
    train(model, DataLoader(train_set, 20, shuffle=True), opt)
    print(evaluate(model, DataLoader(val_set, 10)))
