import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Linear(4, 3)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
criterion = nn.CrossEntropyLoss()
x, y = torch.randn(40, 4), torch.randint(0, 3, (40,))
for i in range(6):
    with torch.no_grad():
        e = net(x).exp()
        p = e / e.sum(1, keepdim=True)
        print(p.max().item())
    loss = criterion(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
