"""Static against dynamic: one program, two graphs

A **dynamic** graph is built while the program runs (define-by-run): autograd
notes each op as it happens, so Python's own `if` and `while` decide what is
in it. A **static** graph is written down once, before any value is there
(define-and-run), and then serves for every input.

This model decides by its data: an `if` chooses between two layers, and a
`while` doubles the result until it is long enough. Two inputs go through it,
and autograd builds two different graphs, both of them right.

**Notice** what each loss depends on: the gradient of the layer that was not
taken stays `None`, and the loop stands there as often as it ran, with no
trace of its condition.

No static graph can hold these two lines. `torch.fx` and `torch.export` say so
and stop; `torch.jit.trace` keeps the one branch it saw, for all inputs to
come; `torch.compile` cuts the graph in pieces and lets Python decide between
them. The straight model below has none of these lines, and all tracers make
the same graph of it. To see: `graphlab export static_vs_dynamic --static fx
-o fx.svg` (or `export`, `compile`, `jit`; `fx:straight` for the other model),
and `w` in the explorer. Which libraries made which: `docs/static_and_dynamic.md`.

Section: 3 Static and dynamic
Order: 1
Question: Which two lines of `forward` can no static graph hold?
"""

import torch
from torch import nn

SEED = 4
DEVICE = "cpu"
LENGTH = 4.0

# The same weights in every run.
torch.manual_seed(SEED)


# %% A model that decides by its data
class Deciding(nn.Module):
    """One layer, then one of two, then as many doublings as it takes."""

    def __init__(self) -> None:
        # Must come first: it prepares the list of layers.
        super().__init__()
        # What every input goes through.
        self.enter = nn.Linear(3, 4)
        # One layer for the inputs whose sum is positive after that …
        self.left = nn.Linear(4, 4)
        # … and one for the others.
        self.right = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # Four numbers between -1 and 1.
        h = torch.tanh(self.enter(x))
        # A number decides which layer is part of the graph.
        if h.sum() > 0:
            # Here autograd notes an addmm, and the weights of `left`.
            h = self.left(h)
        else:
            # The same op with other weights: another graph.
            h = self.right(h)
        # The condition is Python's, and no part of the graph …
        while h.norm() < LENGTH:
            # … but each doubling is: as many nodes as the loop has turns.
            h = h * 2
        # One number, to go back from.
        return h.sum()


# Three layers, of which an input sees two.
deciding = Deciding().to(DEVICE)
# An input that goes to the left,
first = torch.tensor([[1.0, 0.5, -1.0]]).to(DEVICE)
# and one of the opposite sign, which goes to the right.
second = -3 * first

# %% The first input
# The sum is positive or not: one of the two layers is taken.
loss = deciding(first)
# Goes back through what ran, and nothing else.
loss.backward()
# The layer that was not taken has no gradient at all.
taken = "right" if deciding.left.weight.grad is None else "left"
print(f"first: {taken}, loss {loss.item():.4f}")

# Both inputs shall be seen by themselves.
deciding.zero_grad()

# %% The second input
# The same line of the script, another graph.
loss = deciding(second)
# It finds the other layer.
loss.backward()
# Again one of the two layers has none.
taken = "right" if deciding.left.weight.grad is None else "left"
print(f"second: {taken}, loss {loss.item():.4f}")

# %% A model without decisions
# Whatever the values are, the same three layers run.
straight = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).to(DEVICE)
# Its graph is the same for both inputs, so it could be written down beforehand.
total = straight(first).sum() + straight(second).sum()
# Two passes through one and the same picture.
total.backward()
print(f"straight: loss {total.item():.4f}")
