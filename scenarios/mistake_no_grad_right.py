"""no_grad around the evaluation: the whole model trains

What `mistake_no_grad_wrong` wants, done right: the forward that is trained on
is recorded from the first layer to the loss. `torch.no_grad()` stands around
the *evaluation*: the samples that are held out are only looked at, and nobody
will ask for a gradient. There it saves the memory of a whole graph.

A layer that is really meant to stay fixed is better told so with
`requires_grad_(False)`: then whoever reads the model knows it too.

Section: 10 Misconceptions
Order: 16
Question: Which of the two forwards of a step leaves a graph behind?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 4
LR = 0.1

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Data and model
# Eight samples of three numbers, and their answers.
x, y = torch.randn(8, 3).to(DEVICE), torch.randn(8, 1).to(DEVICE)
# The first layer.
first = torch.nn.Linear(3, 4).to(DEVICE)
# The second one.
second = torch.nn.Linear(4, 1).to(DEVICE)
# Both are in its care.
optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=LR)

# Four steps.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # Six samples to learn from; recorded.
    h = torch.tanh(first(x[:6]))
    # From the first layer to here.
    loss = (second(h) - y[:6]).pow(2).mean()

    # %% Backward and update
    # Through both layers.
    loss.backward()
    # Moves both.
    optimizer.step()

    # %% Held-out samples
    # Here it belongs.
    with torch.no_grad():
        # Two samples that were not learnt from; no graph.
        error = (second(torch.tanh(first(x[6:]))) - y[6:]).pow(2).mean()
    print(f"step {step} loss {loss.item():.4f} held out {error.item():.4f}")
