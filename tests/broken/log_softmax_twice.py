import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=-1))
optimizer = torch.optim.Adam(net.parameters())
x, y = torch.randn(16, 4), torch.randint(0, 3, (16,))
for step in range(3):
    log_p = F.log_softmax(net(x) / 2.0, dim=-1)  # <- softmax-before-cross-entropy
    loss = F.nll_loss(log_p, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
