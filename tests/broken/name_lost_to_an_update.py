import torch

torch.manual_seed(0)
x, y = torch.randn(30, 3), torch.randn(30)
w = torch.zeros(3, requires_grad=True)
for epoch in range(5):
    loss = (x @ w - y).pow(2).mean()
    loss.backward()
    with torch.no_grad():
        w = w - 0.1 * w.grad  # <- name-lost-its-leaf
