"""no_grad around the forward: half a model trains

**The belief:** `no_grad` saves memory, so more of it is better.

Under `torch.no_grad()` results have no history. That is right for an update,
for evaluation, and for a part that shall stay fixed. Around the first layer of
a model in training it makes this layer's output plain data: the second layer
learns, the first does not, and no error is raised, because the loss still has
a graph (of half the model).

`graphlab check` names the layer without a gradient and the line that ran
without recording. `mistake_no_grad_right` puts the block where it belongs.

Section: 10 Misconceptions
Order: 15
Question: Where does the graph of this loss begin?
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
    # Here it does not belong.
    with torch.no_grad():
        # Right numbers, no history.
        # ? Which grad_fn will h have?
        # = h.grad_fn
        # - TanhBackward0
        # - AddmmBackward0
        h = torch.tanh(first(x))
    # The graph begins here.
    loss = (second(h) - y).pow(2).mean()

    # %% Backward and update
    # Ends at h.
    loss.backward()
    # Moves the second layer alone.
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f}")

# %% What has been learnt
# Still None after all steps.
print(f"the first layer has a gradient: {first.weight.grad is not None}")
