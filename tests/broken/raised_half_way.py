"""A hook raises in the backward of one batch; the script catches it, and steps all the same."""

import torch
from torch import nn

torch.manual_seed(0)
first, second = nn.Linear(3, 3), nn.Linear(3, 1)
optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)


def check(grad):
    if not torch.isfinite(grad).all() or check.calls == 1:
        check.calls += 1
        raise ValueError("a gradient is not finite")
    check.calls += 1


check.calls = 0
x, y = torch.randn(8, 3), torch.randn(8, 1)
for batch in range(3):
    h = first(x)
    h.register_hook(check)
    loss = (second(torch.tanh(h)) - y).pow(2).mean()
    optimizer.zero_grad()
    try:
        loss.backward()  # <- gradients-half-done
    except ValueError as error:
        print("batch", batch, error)
    optimizer.step()  # <- also
