"""A loss made of tensors: .item() only to print

What `mistake_item_wrong` wants, done right: both errors stay tensors until
they are added, so the sum has both histories. `.item()` is called after that,
on the finished loss, to print it: a number leaves the graph there, and nothing
is missing.

The same goes for a running mean of the loss over an epoch: there `.item()` is
not only allowed but needed, else the mean keeps the graph of every step in
memory.

Section: 10 Misconceptions
Order: 10
Question: At which lines does a number leave the graph, and does it matter?
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
    # A node with two inputs: the gradient goes on to both.
    loss = first + second

    # %% Backward and update
    # Both leaves are reached.
    loss.backward()
    # Both move.
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f} a {a.item():.4f} b {b.item():.4f}")

# %% What has been learnt
# Both, as far as four steps go.
print(f"b has a gradient: {b.grad is not None}")
