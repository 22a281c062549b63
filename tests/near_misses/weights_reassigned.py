"""Gradient descent by hand: the update makes a new leaf of the name."""

import torch

torch.manual_seed(0)
x = torch.linspace(0, 1, 10)
y = 2 * x + 1
w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr = 0.1

for epoch in range(5):
    loss = ((w * x + b - y) ** 2).mean()
    loss.backward()
    w = (w - lr * w.grad).detach().requires_grad_()
    b.data -= lr * b.grad
    b.grad.zero_()

# A forward that goes on with a parameter under the name that it took it by.
scale = torch.nn.Parameter(torch.ones(1))
for _ in range(3):
    factor = scale
    factor = factor + 1
    (factor * x).sum().backward()
    scale.grad = None
