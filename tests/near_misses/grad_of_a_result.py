"""The weights are scaled before they become a leaf; a result's gradient is kept on request."""

import torch

torch.manual_seed(0)
w = (torch.randn(4, 2) * 0.01).requires_grad_()
x = torch.randn(8, 4)
out = x @ w
out.retain_grad()
loss = out.pow(2).mean()
loss.backward()
print(w.grad, out.grad)
