"""Two losses and two optimizers: the first step changes weights that the second backward still needs."""

import torch
from torch import nn

torch.manual_seed(0)
body = nn.Linear(4, 4)
head = nn.Linear(4, 1)
opt_body = torch.optim.SGD(body.parameters(), lr=0.1)
opt_head = torch.optim.SGD(head.parameters(), lr=0.1)
x = torch.randn(8, 4)

features = torch.tanh(body(x))
out = head(features)  # <- also
loss_a = out.mean()
loss_b = (out**2).mean()
loss_a.backward(retain_graph=True)
opt_head.step()  # <- modified-in-place
loss_b.backward()  # <- also
opt_body.step()
