"""Features detached: the encoder learns nothing

**The belief:** `.detach()` silences an error message, and changes no number.

Whoever hands a tensor to numpy reads `call detach().numpy()` and does as told.
The error is gone, the numbers are right, and the history is gone too: for
autograd the features are data now. The head behind them learns and the loss
falls, so nobody notices that the encoder before them stands still.

`.detach()`, `.data`, `.numpy()`, `.tolist()` and `torch.tensor(x)` all cut like
this. `graphlab check` names the parameters without a gradient and the line of
the cut. `mistake_detach_right` leaves it out.

Section: 10 Misconceptions
Order: 11
Question: Which parameters does the backward not reach?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 4
LR = 0.1

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Data and model
# Sixteen samples of three numbers, and their answers.
x, y = torch.randn(16, 3).to(DEVICE), torch.randn(16, 1).to(DEVICE)
# From three numbers to four features …
encoder = torch.nn.Linear(3, 4).to(DEVICE)
# … and from these to the answer.
head = torch.nn.Linear(4, 1).to(DEVICE)
# All four tensors are in its care.
optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=LR)
# What the encoder begins with.
before = encoder.weight.detach().clone()

# Four steps.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # The numbers alone, as numpy would get them: the history stays behind.
    # ? Will features require a gradient?
    # = features.requires_grad
    features = encoder(x).detach().abs()
    # The graph begins here, at the head.
    loss = (head(features) - y).pow(2).mean()

    # %% Backward and update
    # Ends at the head.
    loss.backward()
    # Moves the head alone.
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f}")

# %% What has been learnt
# How far the encoder has come.
moved = (encoder.weight - before).abs().max().item()
print(f"the encoder has moved by {moved:.4f}")
