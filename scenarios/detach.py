"""Detached: a factor that counts as a constant

The example of *Dive into Deep Learning* (Zhang et al., d2l.ai, section
Automatic Differentiation). z = y · x with y = x · x is x³, with the
derivative 3x². But `y.detach()` has the same values and no history: z = u · x
with u = y.detach() is, for autograd, a constant times x. Its derivative is
u, that is x².

| x | 0 | 1 | 2 | 3 |
| --- | --- | --- | --- | --- |
| detached | 0 | 1 | 4 | 9 |
| with its history | 0 | 3 | 12 | 27 |

Targets of a value network, the discriminator's view of a generator, a running
mean: all are cut off like this, on purpose. Done by accident, it is one of
the commonest reasons for a gradient that is wrong or `None`.

**Notice** that y still has its own history: it can be differentiated
afterwards, as if nothing had happened.

Section: 9 Classics
Order: 8
Question: Which path to x is missing in the first graph?
"""

import torch

DEVICE = "cpu"

# %% A vector
# 0, 1, 2, 3.
x = torch.arange(4.0).to(DEVICE).requires_grad_()

# %% Cut off
# A node, with x as both of its inputs.
y = x * x
# The same numbers in the same memory, and no grad_fn.
u = y.detach()
# One path leads back to x: not through u.
z = u * x
# The sum, for backward wants one number.
# ? What will x.grad[3] be?
# = x.grad[3] == 9.0
z.sum().backward()
# x², as if u had been read from a file.
assert x.grad is not None
# Each entry by itself.
for place in range(4):
    print(f"detached {x.grad[place].item():.0f}")

# %% With its history
# The same numbers, as a new leaf: .grad adds up.
x = torch.arange(4.0).to(DEVICE).requires_grad_()
# A node again.
y = x * x
# Now y itself takes part: two more paths, through x · x.
z = y * x
# It goes through both nodes.
# ? And now?
# = x.grad[3] == 27.0
z.sum().backward()
# 3x².
assert x.grad is not None
# Each entry by itself.
for place in range(4):
    print(f"attached {x.grad[place].item():.0f}")

# %% Does it share the memory?
# The address of the first number tells: a detached tensor is a view.
same = u.untyped_storage().data_ptr() == y.untyped_storage().data_ptr()
print(f"same memory: {same}")
