"""Backward twice: the graph is gone after the first

**The belief:** a loss can be differentiated as often as one likes.

`backward()` walks the graph once and lets go of what the nodes kept for it:
the two factors of a product, the result of an exponential. That is memory
which training wants back at once. A second walk over the same nodes finds
nothing to reckon with, and torch raises `RuntimeError`.

Here two losses share one node, `h`. The first backward goes through it; the
second would go through it again. `graphlab check` names the line that made
the shared part. `mistake_backward_twice_right` adds the losses first.

Raises: RuntimeError
Section: 10 Misconceptions
Order: 1
Question: Which node did the first backward empty that the second one needs?
"""

import torch

DEVICE = "cpu"

# %% One node that both losses use
# The only leaf: one number.
w = torch.tensor(2.0, device=DEVICE).requires_grad_()
# exp keeps its result, because the result is its own derivative.
h = torch.exp(w)

# %% Two losses
# The first one reads h.
first = 3.0 * h
# So does the second.
second = h * h

# %% The first backward
# Goes through Mul and Exp, and frees what Exp has kept.
first.backward()
# It arrived.
assert w.grad is not None
print(f"after the first backward: {w.grad.item():.4f}")

# %% The second backward
# Exp again, but what it kept is gone: this line raises.
second.backward()
print("never printed")
