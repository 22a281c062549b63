import torch
import torch.nn as nn

torch.manual_seed(0)
query, key, value = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 1)
nn.init.normal_(query.weight, std=4.0)
nn.init.normal_(key.weight, std=4.0)
optimizer = torch.optim.SGD([*query.parameters(), *key.parameters(), *value.parameters()], lr=0.01)
x = torch.randn(16, 5, 8)
y = x.mean((1, 2))
for _ in range(4):
    attention = torch.softmax(query(x) @ key(x).transpose(1, 2), dim=-1)  # <- saturated
    loss = ((attention @ value(x)).mean((1, 2)) - y).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
