"""The same with create_graph."""

import torch

torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
y = (w**4).sum() + w[0] * w[1]
(slope,) = torch.autograd.grad(y, w, create_graph=True)
v = torch.ones(3)
product = torch.autograd.grad((slope * v).sum(), w)
