"""Logistic regression, ready-made

The same petals, batches and numbers as in `logistic_regression_low`, written
as in practice, and as in the course's notebook:

| by hand | ready-made |
| --- | --- |
| an order, cut into batches | `DataLoader`, with a sampler |
| sigmoid(w * x + b) | `nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())` |
| binary cross-entropy | `nn.BCELoss` |
| `w -= LR * w.grad`, `w.grad = None` | `torch.optim.SGD` |

The sampler is ours, because that of the notebook's time (PyTorch before 1.7)
took its order straight from torch's own random numbers, and today's does
not. With it, every loss of the notebook comes out again.

**Notice** how small the graph is: 6 nodes, where the low level has 17.

Data: Fisher, 1936, from the UCI Machine Learning Repository (see `data/`).

Section: 6 Logistic regression
Order: 2
Question: How few nodes can hold the whole model and its error?
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import torch
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

SEED = 1
DEVICE = "cpu"
EPOCHS = 10
BATCH = 32
LR = 0.5

# The same seed draws the same batches and weights in every run.
torch.manual_seed(SEED)

# %% The data
# The table lies beside this script, so it is found from any folder.
iris = Path(__file__).parent / "data" / "iris.csv"
# Its rows, as texts.
with iris.open(newline="") as file:
    # The first 100 rows are the two species; the third is left out.
    rows = list(csv.DictReader(file))[:100]
# One column: the width of the petal, in centimetres.
widths = torch.tensor([[float(row["petal_width"])] for row in rows]).to(DEVICE)
# The answers, one a row: is it versicolor?
answers = [row["species"] == "versicolor" for row in rows]
# As 1 and 0, in a column too, so that they line up with the guesses.
labels = torch.tensor(answers).float().unsqueeze(1).to(DEVICE)
# A dataset is what can be asked for its row number i: petal and answer.
petals = TensorDataset(widths, labels)


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


# Collects rows into batches of 32 + 32 + 32 + 4, in the sampler's order.
loader = DataLoader(petals, BATCH, sampler=RandomOrder(len(petals)))

# %% A first look
# One batch, drawn and thrown away: w depends on the numbers that it took.
x, y = next(iter(loader))
# As in the notebook, only to look at it.
print(f"a batch of {len(x)} petals, {len(petals)} in all")

# %% The model
# A line and a sigmoid, one after the other.
model = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid()).to(DEVICE)
# Binary cross-entropy, the mean over the batch.
criterion = nn.BCELoss()
# Plain gradient descent on all parameters of the model.
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
# The two numbers of the line: the notebook starts from the same.
w, b = [parameter.item() for parameter in model.parameters()]
print(f"start    w {w:.4f}  b {b:.4f}")

# An epoch shows every petal once.
for epoch in range(1, EPOCHS + 1):
    # Two empty lists: what each batch of this epoch will report.
    losses, accuracies = [], []

    # %% Load the batch
    # The loader hands out petals and answers, a batch at a time.
    for x, y in loader:
        # %% Forward and error
        # The probability of versicolor, one a petal.
        p = model(x)
        # -log of the probability that was given to the right answer.
        loss = criterion(p, y)
        # The share of this batch that is guessed right.
        accuracy = ((p > 0.5) == (y > 0.5)).float().mean().item()
        # Both are kept as plain numbers, for the means of the epoch.
        accuracies.append(accuracy)
        # The tensor itself would keep the graph of this batch alive.
        losses.append(loss.item())

        # %% Backward
        # Four nodes, from the loss back to the line, then both parameters.
        loss.backward()

        # %% Update
        # For each parameter: minus LR times its gradient.
        optimizer.step()
        # Forgets all gradients, or the next backward() would add to them.
        optimizer.zero_grad()

    # %% Figures of the epoch
    # The mean over the four batches, times 100 as the notebook has it.
    mean_loss = 100 * mean(losses)
    # A batch counts as much as another, though the last has only 4 petals.
    mean_accuracy = 100 * mean(accuracies)
    # 100 would be a perfect accuracy.
    print(f"epoch {epoch:2d} loss {mean_loss:.2f} accuracy {mean_accuracy:.2f}")

# %% The border that was found
# Where w x + b = 0: the same as in the other two levels.
w, b = [parameter.item() for parameter in model.parameters()]
print(f"end      w {w:.4f}  b {b:.4f}")
print(f"border   {-b / w:.2f} cm")
