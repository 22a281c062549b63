"""One program, three graphs: control flow

The example of *Dive into Deep Learning* (Zhang et al., d2l.ai, section
Automatic Differentiation): a function with a loop and a condition that both
depend on its input.

    b = 2a, doubled until |b| ≥ 1000; times 100 if it is negative

Written as a formula this is unwieldy. Yet for every single input it is just
a factor: f(a) = k · a, and the derivative is k. Autograd finds it, since it
sees the ops that ran and not the program: a = 1, -1 and 0.3 make three
graphs, with k = 1024, 102400 and 4096.

**Notice** that neither the loop nor the condition can be seen in a graph. What
is left of them is how many nodes there are.

Section: 9 Classics
Order: 7
Question: How often did the loop run for each input?
"""

import torch

SEED = 0
DEVICE = "cpu"
LIMIT = 1000.0


def grow(a: torch.Tensor) -> torch.Tensor:
    """Double until it is large, and blow up what is negative."""
    # The first doubling, whatever the input.
    b = a * 2
    # Python decides, by the value, how many nodes follow.
    while b.norm() < LIMIT:
        # One more node.
        b = b * 2
    # Python decides again.
    if b.sum() > 0:
        # Nothing is added.
        return b
    # One last node.
    return 100 * b


# %% A positive input
# 1 · 2 · 2 · … · 2: ten doublings.
a = torch.tensor(1.0).to(DEVICE).requires_grad_()
# 1024 is the first that reaches the limit.
d = grow(a)
# The product of all factors.
# ? Which number will a.grad be after ten doublings?
# = a.grad == 1024
d.backward()
# The slope of a line through 0 is value / input.
assert a.grad is not None
print(f"a  1.0 gives {d.item():.1f} with derivative {a.grad.item():.0f}")

# %% A negative input
# The other side of the condition.
a = torch.tensor(-1.0).to(DEVICE).requires_grad_()
# One node more than before.
d = grow(a)
# 100 times as steep.
d.backward()
# Filled by the pass above.
assert a.grad is not None
print(f"a -1.0 gives {d.item():.1f} with derivative {a.grad.item():.0f}")

# %% A smaller input
# It takes longer to grow.
a = torch.tensor(0.3).to(DEVICE).requires_grad_()
# Two doublings more than the first.
d = grow(a)
# 2 to the power of 12.
# ? Which number will a.grad be now?
# = a.grad == 4096
d.backward()
# Filled by the pass above.
assert a.grad is not None
print(f"a  0.3 gives {d.item():.1f} with derivative {a.grad.item():.0f}")

# %% What the figures have in common
# For every input the function is a line through 0.
print(f"value / input = {d.item() / a.item():.0f}, the derivative")
