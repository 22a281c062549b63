import torch
import torch.nn as nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 20)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(20, 2)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.fc(x))))  # <- evaluation-in-training-mode


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
xtr, ytr = torch.randn(60, 6), torch.randint(0, 2, (60,))
xte, yte = torch.randn(20, 6), torch.randint(0, 2, (20,))
for epoch in range(6):
    loss = nn.functional.cross_entropy(net(xtr), ytr)
    opt.zero_grad()
    loss.backward()
    opt.step()
with torch.no_grad():
    accuracy = (net(xte).argmax(1) == yte).float().mean()  # <- also
print(accuracy.item())
