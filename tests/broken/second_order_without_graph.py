"""A Hessian's product with a vector, whose first gradient was asked for without create_graph."""

import torch

torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
y = (w**4).sum() + w[0] * w[1]
(slope,) = torch.autograd.grad(y, w)  # <- backward-without-graph
v = torch.ones(3)
product = torch.autograd.grad((slope * v).sum(), w)  # <- also
