"""Saved, loaded, resumed: the same bits

A training is interrupted and resumed. For the second half to be the same bits
as without the interruption, everything that the next step depends on must be
saved:

- the **state_dict** of the model: its parameters and buffers, by name;
- the state_dict of the **optimizer**: momentum is memory too;
- the state of the **random numbers**, where batches are drawn.

The script trains six steps at once, then three, saves, loads into a *new* model
and a new optimizer, and trains three more. The losses agree to the bit. Last,
it leaves the optimizer's state out, as one easily does: the losses part.

**Notice** that what is saved is numbers by name and no graph. A graph lives from
a forward to its backward.

Section: 8 Around training
Order: 1
Question: What goes wrong when only the model is saved?
"""

import io

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import Optimizer

SEED = 0
DEVICE = "cpu"
HALF = 3
LR = 0.05
MOMENTUM = 0.9


def make() -> tuple[nn.Module, Optimizer]:
    """A model and its optimizer, with new weights."""
    # Two layers.
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).to(DEVICE)
    # Momentum remembers the steps before.
    return model, torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)


def train(model: nn.Module, optimizer: Optimizer, steps: int) -> list[float]:
    """Return the losses of some steps on random batches."""
    # One loss a step.
    losses = []
    # Each draws its batch.
    for _ in range(steps):
        # Depends on the state of the random numbers.
        x = torch.randn(16, 4).to(DEVICE)
        # The product of the first two columns.
        loss = F.mse_loss(model(x), x[:, :1] * x[:, 1:2])
        # Fills four gradients.
        loss.backward()
        # Uses them, and its memory.
        optimizer.step()
        # For the next step.
        optimizer.zero_grad()
        # As a plain number.
        losses.append(loss.item())
    # From the first to the last.
    return losses


# %% In one go
# The start of everything random.
torch.manual_seed(SEED)
# New weights.
model, optimizer = make()
# Six steps.
whole = train(model, optimizer, 2 * HALF)

# %% The first half
# The same start.
torch.manual_seed(SEED)
# The same weights.
model, optimizer = make()
# Three steps.
first = train(model, optimizer, HALF)
# Everything that the next step depends on.
checkpoint = {
    "model": model.state_dict(),
    "optimizer": optimizer.state_dict(),
    "random": torch.get_rng_state(),
}
# A file in memory; a path does as well.
file = io.BytesIO()
# Numbers by name.
torch.save(checkpoint, file)
print(f"saved: {', '.join(model.state_dict())}")

# %% The second half
# Other weights: they are about to be replaced.
model, optimizer = make()
# From the start of the file.
file.seek(0)
# weights_only: tensors and plain values, and no code.
loaded = torch.load(file, weights_only=True)
# Parameters.
model.load_state_dict(loaded["model"])
# The memory of the optimizer.
optimizer.load_state_dict(loaded["optimizer"])
# The random numbers go on where they stood.
torch.set_rng_state(loaded["random"])
# Three more steps.
second = train(model, optimizer, HALF)
print(f"resumed, same bits: {first + second == whole}")

# %% Without the optimizer
# Once more from the file.
model, optimizer = make()
# Parameters,
model.load_state_dict(loaded["model"])
# and random numbers,
torch.set_rng_state(loaded["random"])
# but a memory that is empty.
parted = train(model, optimizer, HALF)
print(f"without the optimizer's state, same bits: {first + parted == whole}")
print(f"step {HALF + 1} agrees: {parted[0] == second[0]}")
print(f"step {HALF + 2} agrees: {parted[1] == second[1]}")
