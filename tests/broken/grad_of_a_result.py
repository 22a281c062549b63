"""The weights are scaled when they are made, so what has the name is no leaf."""

import torch

torch.manual_seed(0)
w = torch.randn(4, 2, requires_grad=True) * 0.01  # <- also
x = torch.randn(8, 4)
loss = (x @ w).pow(2).mean()
loss.backward()
print(w.grad)  # <- grad-of-non-leaf
