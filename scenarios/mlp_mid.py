"""A multilayer perceptron, with a module

The same flowers, batches and numbers as in `mlp_low`: four measures, one
hidden layer of 16 units with ReLU, scores for three species, and the
categorical cross-entropy as the error.

This is the **middle** level: the model is an `nn.Module` of our own, put
together from two `nn.Linear` layers. They hold the parameters `fc1.weight`,
`fc1.bias`, `fc2.weight` and `fc2.bias`, and draw their first values. The
same call, `model(x)`, serves for training and for the held-out rows. The
error and the update are still ours.

**Notice** the order in which the gradients arrive: first at `fc2`, the layer
next to the error, and only through it at `fc1`.

Data: Fisher, 1936, from the UCI Machine Learning Repository (see `data/`).

Section: 7 Multilayer perceptron
Order: 2
Question: Which layer receives its gradient first, and why?
"""

import csv
from pathlib import Path

import torch
from torch import nn

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


# %% The model
# A class of our own: what it holds, and how it computes.
class Perceptron(nn.Module):
    """Four measures, one hidden layer, three scores."""

    def __init__(self) -> None:
        # Must come first: it prepares the list of parameters.
        super().__init__()
        # Weight 16 × 4 and bias 16, drawn from ±1 / √4.
        self.fc1 = nn.Linear(4, HIDDEN)
        # Weight 3 × 16 and bias 3, drawn from ±1 / √16.
        self.fc2 = nn.Linear(HIDDEN, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # 16 hidden units a row. ReLU keeps what is positive; the rest is 0.
        h = torch.relu(self.fc1(x))
        # Three scores a row: any numbers, the largest is the guess.
        return self.fc2(h)


# Building it draws the weights, layer by layer.
model = Perceptron().to(DEVICE)

# An epoch shows every training row once.
for epoch in range(1, EPOCHS + 1):
    # %% Load the batch
    # A new order for every epoch, cut into batches of 30 rows.
    for batch in train[torch.randperm(len(train))].split(BATCH):
        # The measures of this batch, and the answers.
        x, y = inputs[batch], species[batch]

        # %% Forward and error
        # Three scores a row, computed by the module's forward.
        scores = model(x)
        # The log of the softmax, in one node. No large score can overflow it.
        log_p = torch.log_softmax(scores, dim=1)
        # gather picks from each row the entry of its right species.
        loss = -log_p.gather(1, y.unsqueeze(1)).mean()

        # %% Backward
        # Fills in the .grad of the four parameters, from fc2 back to fc1.
        loss.backward()

        # %% Update
        # The update is no part of the model, so it must not join the graph.
        with torch.no_grad():
            # The module lists its parameters, those of its layers included.
            for parameter in model.parameters():
                # None would mean that the loss does not depend on it.
                assert parameter.grad is not None
                # Downhill: against the gradient. sub_ subtracts in place.
                parameter.sub_(LR * parameter.grad)
        # Forgets all gradients, or the next backward() would add to them.
        model.zero_grad()

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
