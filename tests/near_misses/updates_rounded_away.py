"""The weights stay in float32, the computation is in bfloat16"""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(12, 1)
nn.init.constant_(model.bias, 1.0)
nn.init.uniform_(model.weight, 0.5, 1.0)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
x = torch.randn(40, 12)
y = torch.randn(40, 1)

for step in range(16):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(x)
    loss = ((output.float() - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
