"""A multilayer perceptron, by hand

Name the species of an iris, one of three, by all its four measures. Between
the input and the scores lies one hidden layer of 16 units, with ReLU:

    h = relu(x · W1 + b1)        scores = h · W2 + b2

The error is the categorical cross-entropy: the mean over a batch of
-log p, where p is the probability that the softmax of the scores gives to
the right species. Training repeats four steps: **load the batch**, **forward
and error**, **backward**, **update**.

This is the **low** level: only tensors and `backward()`. The levels *mid*
and *high* replace what is written out here, one part after another, and find
the same losses.

**Notice** the gradient of `scores`: it is the probabilities minus the right
answers, divided by the 30 rows of the batch. So each row adds up to zero.

Data: Fisher, 1936, from the UCI Machine Learning Repository (see `data/`).

Section: 7 Multilayer perceptron
Order: 2
Question: What reaches the first layer after the gradient has crossed a ReLU?
"""

import csv
from pathlib import Path

import torch

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
# nn.Linear draws from ±1 / √(number of inputs). So do we: four inputs here.
bound = 4**-0.5
# One row a hidden unit, one column a measure.
W1 = torch.empty(HIDDEN, 4).uniform_(-bound, bound).to(DEVICE).requires_grad_()
# One bias a hidden unit.
b1 = torch.empty(HIDDEN).uniform_(-bound, bound).to(DEVICE).requires_grad_()
# The second layer has the hidden units as its inputs.
bound = HIDDEN**-0.5
# One row a species, one column a hidden unit.
W2 = torch.empty(3, HIDDEN).uniform_(-bound, bound).to(DEVICE).requires_grad_()
# One bias a species.
b2 = torch.empty(3).uniform_(-bound, bound).to(DEVICE).requires_grad_()

# An epoch shows every training row once.
for epoch in range(1, EPOCHS + 1):
    # %% Load the batch
    # A new order for every epoch, cut into batches of 30 rows.
    for batch in train[torch.randperm(len(train))].split(BATCH):
        # The measures of this batch, and the answers.
        x, y = inputs[batch], species[batch]

        # %% Forward and error
        # 16 hidden units a row. ReLU keeps what is positive; the rest is 0.
        h = torch.relu(x @ W1.t() + b1)
        # Three scores a row: any numbers, the largest is the guess.
        scores = h @ W2.t() + b2
        # The log of the softmax, exp(score) / Σ exp(scores), in each row.
        log_p = scores - scores.exp().sum(dim=1, keepdim=True).log()
        # gather picks from each row the entry of its right species.
        loss = -log_p.gather(1, y.unsqueeze(1)).mean()

        # %% Backward
        # Where ReLU put a 0, its gradient is 0 too: nothing passes there.
        # ? Which number does each row of the gradient of scores add up to?
        # = "0"
        # - "1"
        # - "1 / 30"
        loss.backward()

        # %% Update
        # The update is no part of the model, so it must not join the graph.
        with torch.no_grad():
            # Four tensors hold all that the network has learnt.
            for parameter in (W1, b1, W2, b2):
                # None would mean that the loss does not depend on it.
                assert parameter.grad is not None
                # Downhill: against the gradient. sub_ subtracts in place.
                parameter.sub_(LR * parameter.grad)
                # backward() adds to .grad, so it must find nothing there.
                parameter.grad = None

    # %% Held-out rows
    # No training here, so no graph is needed.
    with torch.no_grad():
        # The same network, on rows that it has never learnt from.
        h = torch.relu(inputs[test] @ W1.t() + b1)
        # The species with the largest score.
        guesses = (h @ W2.t() + b2).argmax(dim=1)
    # The share that is guessed right.
    accuracy = (guesses == species[test]).float().mean().item()
    # The loss is that of the last batch, before its update.
    if epoch == 1 or epoch % 4 == 0:
        print(f"epoch {epoch:2d} loss {loss.item():.4f} accuracy {accuracy:.4f}")

# %% What it has learnt
# How many of the held-out flowers it names.
right = (guesses == species[test]).sum().item()
print(f"{right} of {len(test)} held-out flowers are named right")
