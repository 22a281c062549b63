"""log_softmax along the classes, wherever they are: images, sequences laid flat, sequences turned."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
fc = nn.Linear(6, 5)
conv = nn.Conv2d(3, 4, 1)
optimizer = torch.optim.SGD([*fc.parameters(), *conv.parameters()], lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    shares = F.log_softmax(fc(torch.randn(3, 7, 6)), dim=-1)
    loss = F.nll_loss(shares.view(-1, 5), torch.randint(0, 5, (21,)))
    loss = loss + F.nll_loss(shares.transpose(1, 2), torch.randint(0, 5, (3, 7)))
    loss = loss + F.nll_loss(F.log_softmax(conv(torch.randn(2, 3, 4, 4)), dim=1), torch.randint(0, 4, (2, 4, 4)))
    loss.backward()
    optimizer.step()
