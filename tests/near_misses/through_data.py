import torch
from torch import nn

torch.manual_seed(3)
embed = nn.Linear(4, 4)
out = nn.Linear(4, 2)
opt = torch.optim.SGD([{"params": embed.parameters()}, {"params": out.parameters()}], lr=0.05)
x = torch.randn(12, 4)
y = torch.randint(0, 2, (12,))

for epoch in range(3):
    h = torch.tanh(embed(x))
    h = h / h.data.norm(dim=1, keepdim=True)
    loss = nn.functional.cross_entropy(out(h), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
