import torch
import torch.nn as nn

torch.manual_seed(0)
temperature = nn.Parameter(torch.tensor(1.5))
model = nn.Linear(5, 3)
opt = torch.optim.SGD([*model.parameters(), temperature], lr=0.05)
x, y = torch.randn(40, 5), torch.randint(0, 3, (40,))
for i in range(5):
    loss = nn.functional.cross_entropy(model(x) / temperature, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(f"{i}: T={temperature.item():.3f} w={float(model.weight[0, 0]):.3f}")
