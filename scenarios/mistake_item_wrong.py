"""A loss made of plain numbers: .item() cuts the graph

**The belief:** a number is a number, so the second loss may be added as
`second.item()`.

`.item()` (and `float()`, `.data`, `.numpy()`, `.tolist()`) hands the number to
Python. What Python does with it, autograd does not see. The sum is right to
the last digit, and the gradient is not: the part that was added as a plain
number is a constant now, and the parameters behind it get none.

Printing and logging are what `.item()` is for. In the loss it is a cut.
`graphlab check` names the parameters that get no gradient and the line of the
cut; `mistake_item_right` adds the tensors.

Section: 10 Misconceptions
Order: 9
Question: Why does b never move, though its error is in the loss?
"""

import torch

DEVICE = "cpu"
STEPS = 4
LR = 0.1

# %% Two parameters
# Should become 1.
a = torch.tensor(0.0, device=DEVICE).requires_grad_()
# Should become 2.
b = torch.tensor(0.0, device=DEVICE).requires_grad_()
# Both are in its care.
optimizer = torch.optim.SGD([a, b], lr=LR)

# Four steps.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Two errors
    # That of a, with its history.
    first = (a - 1.0) ** 2
    # That of b, with its own.
    second = (b - 2.0) ** 2
    # The value of second, but not its history.
    loss = first + second.item()

    # %% Backward and update
    # There is no way from loss to b.
    # ? Will b.grad be None afterwards?
    # = b.grad is None
    loss.backward()
    # b.grad is None: the optimizer leaves b out, without a word.
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f} a {a.item():.4f} b {b.item():.4f}")

# %% What has been learnt
# Only one of two.
print(f"b has a gradient: {b.grad is not None}")
