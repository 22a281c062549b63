"""A multilayer perceptron, ready-made

The same flowers, batches and numbers as in `mlp_low`, written as in
practice. Each of the slides' four steps is now a line or two:

| step | by hand | ready-made |
| --- | --- | --- |
| load the batch | an order, cut into batches | `DataLoader` |
| forward | matrices and `relu` | `nn.Sequential` |
| error | softmax, log, `gather` | `nn.CrossEntropyLoss` |
| backward | `loss.backward()` | `loss.backward()` |
| update | `sub_(LR * grad)`, `grad = None` | `torch.optim.SGD` |

**Notice** that the model has no softmax. `nn.CrossEntropyLoss` takes the
scores as they are, and does the softmax and the logarithm together: so no
probability can round to 0 before its logarithm is taken.

Data: Fisher, 1936, from the UCI Machine Learning Repository (see `data/`).

Section: 7 Multilayer perceptron
Order: 2
Question: Where is the softmax, if the model does not have one?
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

SEED = 0
DEVICE = "cpu"
EPOCHS = 20
BATCH = 30
HIDDEN = 16
LR = 0.2

# The same seed draws the same rows, batches and weights in every run.
torch.manual_seed(SEED)

# %% The data
# The table lies beside this script, so it is found from any folder.
iris = Path(__file__).parent / "data" / "iris.csv"
# Its rows, as texts.
with iris.open(newline="") as file:
    # 150 flowers: four measures in centimetres, and the species.
    header, *rows = csv.reader(file)
# The four measures of each flower.
measures = torch.tensor([[float(cell) for cell in row[:4]] for row in rows])
# The three names, in the order of the alphabet.
names = sorted({row[4] for row in rows})
# The answers: 0, 1 or 2.
species = torch.tensor([names.index(row[4]) for row in rows])
# The file is sorted by species, so the rows are shuffled first.
order = torch.randperm(len(rows))
# 120 rows to learn from, and 30 held out: these are never trained on.
train, test = order[:120], order[120:]
# The mean and the spread of each measure, from the training rows alone.
center, spread = measures[train].mean(dim=0), measures[train].std(dim=0)
# Now every measure has mean 0 and spread 1, so all count alike.
inputs = ((measures - center) / spread).to(DEVICE)
# The answers go where the inputs are.
species = species.to(DEVICE)

# A dataset is what can be asked for its row number i: measures and answer.
flowers = TensorDataset(inputs[train], species[train])


# A sampler tells in which order the rows are visited.
class RandomOrder(Sampler[int]):
    """Every row once, in an order from torch's own random numbers."""

    def __init__(self, rows: int) -> None:
        # How many rows there are to put in order.
        self.rows = rows

    def __iter__(self) -> Iterator[int]:
        # Called at the start of every epoch: a new order each time.
        return iter(torch.randperm(self.rows).tolist())

    def __len__(self) -> int:
        # Lets the loader know how many batches there will be.
        return self.rows


# shuffle=True would do as well; ours gives the order of the other levels.
sampler = RandomOrder(len(flowers))
# The loader draws a seed for its workers, which must not come from ours.
workers = torch.Generator()
# Collects rows into batches of 30, in the sampler's order.
loader = DataLoader(flowers, BATCH, sampler=sampler, generator=workers)

# %% The model
# Measures to hidden units to scores. Each layer draws its own weights.
model = nn.Sequential(
    nn.Linear(4, HIDDEN),
    nn.ReLU(),
    nn.Linear(HIDDEN, 3),
).to(DEVICE)
# Softmax, logarithm, choice of the right species and mean, all in one.
criterion = nn.CrossEntropyLoss()
# Plain gradient descent on all parameters of the model.
optimizer = torch.optim.SGD(model.parameters(), lr=LR)

# An epoch shows every training row once.
for epoch in range(1, EPOCHS + 1):
    # %% Load the batch
    # The loader hands out measures and answers, a batch at a time.
    for x, y in loader:
        # %% Forward and error
        # Three scores a row: any numbers, the largest is the guess.
        scores = model(x)
        # The mean of -log p over the batch, p of the right species.
        loss = criterion(scores, y)

        # %% Backward
        # The same call at every level.
        loss.backward()

        # %% Update
        # For each parameter: minus LR times its gradient.
        optimizer.step()
        # Forgets all gradients, or the next backward() would add to them.
        optimizer.zero_grad()

    # %% Held-out rows
    # No training here, so no graph is needed.
    with torch.no_grad():
        # The species with the largest score, on rows never learnt from.
        guesses = model(inputs[test]).argmax(dim=1)
    # The share that is guessed right.
    accuracy = (guesses == species[test]).float().mean().item()
    # The loss is that of the last batch, before its update.
    if epoch == 1 or epoch % 4 == 0:
        print(f"epoch {epoch:2d} loss {loss.item():.4f} accuracy {accuracy:.4f}")

# %% What it has learnt
# How many of the held-out flowers it names.
right = (guesses == species[test]).sum().item()
print(f"{right} of {len(test)} held-out flowers are named right")
