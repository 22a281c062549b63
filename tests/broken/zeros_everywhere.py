"""Both layers begin at zero: neither ever gets a gradient"""

import torch

torch.manual_seed(0)
x = torch.randn(30, 4)
y = torch.sin(x[:, :1])
w1 = torch.zeros(4, 6, requires_grad=True)  # <- also
w2 = torch.zeros(6, 1, requires_grad=True)  # <- zero-gradient

for step in range(6):
    hidden = torch.tanh(x @ w1)
    output = hidden @ w2  # <- also
    loss = ((output - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for w in (w1, w2):
            w -= 0.1 * w.grad
            w.grad = None
