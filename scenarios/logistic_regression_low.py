"""Logistic regression, by hand

Tell two species of iris apart, *setosa* (0) and *versicolor* (1), by the
width of a petal alone. A line gives a score, and the sigmoid turns the score
into the probability of *versicolor*:

    z = w * x + b        p = 1 / (1 + exp(-z))

The error is the binary cross-entropy, the mean over a batch of

    - (y log p + (1 - y) log(1 - p))

This is the **low** level: only tensors and `backward()`. It is the run of
the course's notebook number for number, its random order included: seed 1,
batches of 32, 10 epochs.

**Notice** where p crosses ½: at x = -b / w, the border between the species.
It starts far from every petal, and training moves it in between them.

Data: Fisher, 1936, from the UCI Machine Learning Repository (see `data/`).

Section: 6 Logistic regression
Order: 2
Question: How does the border between two species find its place?
"""

import csv
from pathlib import Path
from statistics import mean

import torch

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
# From -1 to 1, as in nn.Linear(1, 1).
w = torch.empty(1).uniform_(-1, 1).to(DEVICE).requires_grad_()
# The second number drawn is the bias, as there.
b = torch.empty(1).uniform_(-1, 1).to(DEVICE).requires_grad_()
# The notebook starts from the same two numbers.
print(f"start    w {w.item():.4f}  b {b.item():.4f}")

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
        # The score: positive for versicolor, negative for setosa.
        z = w * x + b
        # The sigmoid squeezes it between 0 and 1.
        p = 1 / (1 + torch.exp(-z))
        # -log of the probability that was given to the right answer.
        loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()

        # The share of this batch that is guessed right.
        accuracy = ((p > 0.5) == (y > 0.5)).float().mean().item()
        # Both are kept as plain numbers, for the means of the epoch.
        accuracies.append(accuracy)
        # The tensor itself would keep the graph of this batch alive.
        losses.append(loss.item())

        # %% Backward
        # All factors cancel out to ∂loss/∂z = (p - y) / n, for n petals.
        loss.backward()
        # None would mean that the loss does not depend on them.
        assert w.grad is not None and b.grad is not None

        # %% Update
        # The update is no part of the model, so it must not join the graph.
        with torch.no_grad():
            # Downhill: against the gradient.
            w -= LR * w.grad
            # The bias shifts the border.
            b -= LR * b.grad
            # backward() adds to what it finds in .grad: it must find nothing.
            w.grad = None
            # The same for b.
            b.grad = None

    # %% Figures of the epoch
    # The mean over the four batches, times 100 as the notebook has it.
    mean_loss = 100 * mean(losses)
    # A batch counts as much as another, though the last has only 4 petals.
    mean_accuracy = 100 * mean(accuracies)
    # 100 would be a perfect accuracy.
    print(f"epoch {epoch:2d} loss {mean_loss:.2f} accuracy {mean_accuracy:.2f}")

# %% The border that was found
# Where w x + b = 0: wider petals are called versicolor.
print(f"end      w {w.item():.4f}  b {b.item():.4f}")
print(f"border   {-b.item() / w.item():.2f} cm")
