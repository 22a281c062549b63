"""Logistic regression, with a module

The same petals, batches and numbers as in `logistic_regression_low`:

    z = w * x + b        p = sigmoid(z)

with the binary cross-entropy as the error, the mean over a batch of

    - (y log p + (1 - y) log(1 - p))

This is the **middle** level: the model becomes an `nn.Module` of our own,
which holds the parameters and computes p from x. The error is still written
out, and the update goes over whatever parameters the module lists.

**Notice** the sigmoid: `torch.sigmoid` is one node, where the low level has
four (Neg, Exp, Add, Reciprocal). Its gradient, p (1 - p), needs only
its own result, so that is all it saves for the backward pass.

Data: Fisher, 1936, from the UCI Machine Learning Repository (see `data/`).

Section: 6 Logistic regression
Order: 2
Question: What does the sigmoid do to the gradient that comes back through it?
"""

import csv
from pathlib import Path
from statistics import mean

import torch
from torch import nn

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

# %% A first look
# A DataLoader draws a seed for its workers first: so must we, to match it.
torch.empty((), dtype=torch.int64).random_()
# The notebook looks at one batch before it builds its model.
first = torch.randperm(100)[:BATCH]
# The batch is not used. But it took random numbers, so w depends on it.
print(f"a batch of {len(widths[first])} petals, {len(rows)} in all")


# %% The model
# A class of our own: what it holds, and how it computes.
class Border(nn.Module):
    """The probability of one species, by a weight w and a bias b."""

    def __init__(self) -> None:
        # Must come first: it prepares the list of parameters.
        super().__init__()
        # From -1 to 1, as in nn.Linear(1, 1).
        self.w = nn.Parameter(torch.empty(1).uniform_(-1, 1))
        # The second number drawn is the bias, as there.
        self.b = nn.Parameter(torch.empty(1).uniform_(-1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The score: positive for versicolor, negative for setosa.
        z = self.w * x + self.b
        # One node squeezes it between 0 and 1.
        return torch.sigmoid(z)


# Building it draws its two numbers.
model = Border().to(DEVICE)
# The notebook starts from the same two numbers.
print(f"start    w {model.w.item():.4f}  b {model.b.item():.4f}")

# An epoch shows every petal once.
for epoch in range(1, EPOCHS + 1):
    # Two empty lists: what each batch of this epoch will report.
    losses, accuracies = [], []

    # %% Load the batch
    # Again the seed that a DataLoader draws at the start of an epoch.
    torch.empty((), dtype=torch.int64).random_()
    # A new order for every epoch, cut into 32 + 32 + 32 + 4 petals.
    for batch in torch.randperm(100).split(BATCH):
        # The petals of this batch, and their answers.
        x, y = widths[batch], labels[batch]

        # %% Forward and error
        # The probability of versicolor, one a petal.
        p = model(x)
        # -log of the probability that was given to the right answer.
        loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()

        # The share of this batch that is guessed right.
        accuracy = ((p > 0.5) == (y > 0.5)).float().mean().item()
        # Both are kept as plain numbers, for the means of the epoch.
        accuracies.append(accuracy)
        # The tensor itself would keep the graph of this batch alive.
        losses.append(loss.item())

        # %% Backward
        # Back through log, sigmoid and the line, to the module's parameters.
        loss.backward()

        # %% Update
        # The update is no part of the model, so it must not join the graph.
        with torch.no_grad():
            # The module lists its parameters: first w, then b.
            for parameter in model.parameters():
                # None would mean that the loss does not depend on it.
                assert parameter.grad is not None
                # Downhill: against the gradient. sub_ subtracts in place.
                parameter.sub_(LR * parameter.grad)
        # Forgets all gradients, or the next backward() would add to them.
        model.zero_grad()

    # %% Figures of the epoch
    # The mean over the four batches, times 100 as the notebook has it.
    mean_loss = 100 * mean(losses)
    # A batch counts as much as another, though the last has only 4 petals.
    mean_accuracy = 100 * mean(accuracies)
    # 100 would be a perfect accuracy.
    print(f"epoch {epoch:2d} loss {mean_loss:.2f} accuracy {mean_accuracy:.2f}")

# %% The border that was found
# Where w x + b = 0: the same as in the other two levels.
print(f"end      w {model.w.item():.4f}  b {model.b.item():.4f}")
print(f"border   {-model.b.item() / model.w.item():.2f} cm")
