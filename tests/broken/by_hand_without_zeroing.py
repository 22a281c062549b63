"""Linear regression by hand, as in the lecture, with one line left out."""

import torch

torch.manual_seed(0)
x = torch.linspace(0, 1, 10)
y = 2 * x + 1
w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr = 0.1

for epoch in range(5):
    loss = ((w * x + b - y) ** 2).mean()
    loss.backward()  # <- gradients-not-zeroed
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
