"""Backward once: two losses, one walk

What `mistake_backward_twice_wrong` wants, done right: both losses share the
node `h`, so they are **added**, and one backward goes through the whole graph.
Where the two branches meet, at `h`, their gradients are summed. So nothing is
walked twice, and the result is the sum of both derivatives:

    d/dw (3 exp(w) + exp(w)²) = 3 exp(w) + 2 exp(w)²

(`first.backward(retain_graph=True)` would also do: it keeps what the nodes
hold, so a second walk is possible. It costs memory and a walk; use it only
where the two gradients are wanted apart.)

Section: 10 Misconceptions
Order: 2
Question: How often does the gradient pass through exp?
"""

import torch

DEVICE = "cpu"

# %% One node that both losses use
# The only leaf: one number.
w = torch.tensor(2.0, device=DEVICE).requires_grad_()
# Used twice below: at this node two gradients will meet.
h = torch.exp(w)

# %% Two losses, added
# The first one reads h.
first = 3.0 * h
# So does the second, twice.
second = h * h
# One number to begin at.
loss = first + second

# %% One backward
# Each node runs once, after all of its gradients have come.
loss.backward()
# The sum of both derivatives.
assert w.grad is not None
print(f"3 exp(w) + 2 exp(w)²: {w.grad.item():.4f}")
