"""A whole training step as one graph

The slides show how TensorFlow 1 drew a training: *one* static graph that holds
all of a step. The input is reshaped, goes through a ReLU layer and a logit
layer to softmax and cross-entropy; then come the gradients, and an update for
each weight and bias.

Here is that network in PyTorch. Autograd's graph, built as the script runs,
holds the *forward* alone; the backward is a walk over it, and the updates are
ordinary Python. What TensorFlow drew can be had as well: torch traces one
whole step, forward, gradients and updates, into one static graph.

    graphlab export static_step --static step -o step.svg
    graphlab export static_step -o dynamic.svg

In the explorer, `w` shows both side by side. More: `docs/static_and_dynamic.md`.

**Notice** what the static one has and the other lacks: the transposed products
of the backward, and a subtraction for every parameter.

Section: 3 Static and dynamic
Order: 2
Question: Which part of a training step is in the static graph alone?
"""

import torch
import torch.nn.functional as F
from torch import nn

SEED = 0
DEVICE = "cpu"
STEPS = 3
LR = 0.5

# The same pictures and weights in every run.
torch.manual_seed(SEED)

# %% The data
# Sixteen pictures of 4 × 4 pixels.
pictures = torch.rand(16, 4, 4).to(DEVICE)
# Is the upper half brighter than the lower?
upper, lower = pictures[:, :2].mean(dim=(1, 2)), pictures[:, 2:].mean(dim=(1, 2))
# 1 for yes, 0 for no.
answers = (upper > lower).long()

# %% The model
# Reshape, ReLU layer, logit layer: the names of the slides' figure.
layers = [nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2)]
# One after another.
model = nn.Sequential(*layers).to(DEVICE)
# The SGD trainer: an update for each W and b.
optimizer = torch.optim.SGD(model.parameters(), lr=LR)

# Three steps are three graphs, and all have the same nodes.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # Two scores a picture.
    logits = model(pictures)
    # The softmax is inside.
    loss = F.cross_entropy(logits, answers)

    # %% Gradients
    # A walk over the graph, from the loss to four parameters.
    loss.backward()

    # %% Updates
    # Four of them, in no graph.
    # ? How many of these four subtractions are nodes of autograd's graph?
    # = "none"
    # - "four, one a parameter"
    # - "eight, two a parameter"
    optimizer.step()
    # For the next step.
    optimizer.zero_grad()
    print(f"step {step} loss {loss.item():.4f}")
