"""Regression and classification: one question, two answers

Will tomorrow be warm? Two networks are asked, with the same data: the
temperatures of three days, one after another.

- **Regression** answers with a number, the temperature of tomorrow. Its error
  is the mean of the squared differences.
- **Classification** answers hot or cold (above 20 °C or not) with a
  probability. Its error is the binary cross-entropy, with the sigmoid inside.

Both are one linear layer, so their scores have the same nodes. What stands
behind the score differs, and with it the first gradient that goes back: 2 ·
(y_hat - y) / n against (p - y) / n. (The data is made up, from a seed: each
day is 0.8 of the day before, plus noise, around 20 °C.)

**Notice** that both first gradients are *answer minus truth*: too high, and it
is positive, so the step goes down.

Section: 5 Regression and classification
Order: 1
Question: In which nodes do the two graphs differ?
"""

import torch
import torch.nn.functional as F
from torch import nn

SEED = 0
DEVICE = "cpu"
DAYS = 60
STEPS = 20
LR = 0.05

# The same weather in every run.
torch.manual_seed(SEED)

# %% The data
# How far each day is from 20 °C; the first day is exactly there.
deviations = [0.0]
# One day after another.
for noise in torch.randn(DAYS + 3).mul(3).tolist():
    # Most of the day before stays.
    deviations.append(0.8 * deviations[-1] + noise)
# As a column of numbers.
series = torch.tensor(deviations[1:]).to(DEVICE)
# Three days a row, and the day after them.
x = series[:-1].unfold(0, 3, 1) / 5
# Tomorrow, as a number …
degrees = series[3:].unsqueeze(1) / 5
# … and as hot or cold.
is_hot = (series[3:].unsqueeze(1) > 0).float()

# %% Two models
# The answer is a temperature.
regression = nn.Linear(3, 1).to(DEVICE)
# The answer is a score: the sigmoid makes a probability of it.
classification = nn.Linear(3, 1).to(DEVICE)
# One optimizer a model.
models = (regression, classification)
# Each knows the parameters of its own.
optimizers = [torch.optim.SGD(model.parameters(), lr=LR) for model in models]

# Both learn side by side, and neither sees the other.
for step in range(1, STEPS + 1):
    # %% Regression
    # A number a row: any number.
    y_hat = regression(x)
    # An error twice as large counts four times as much.
    squared_error = F.mse_loss(y_hat, degrees)
    # Begins with 2 · (y_hat - y) / n.
    # ? Will the weight of the other model, classification, still be without a
    # gradient?
    # = classification.weight.grad is None
    squared_error.backward()

    # %% Classification
    # A score a row: positive for hot.
    score = classification(x)
    # Takes the score: the sigmoid is inside.
    cross_entropy = F.binary_cross_entropy_with_logits(score, is_hot)
    # Begins with (p - y) / n.
    cross_entropy.backward()

    # %% Update
    # Each optimizer has its own two parameters.
    for optimizer in optimizers:
        # Downhill.
        optimizer.step()
        # The next backward must find nothing.
        optimizer.zero_grad()

    # The errors cannot be compared with each other: they measure other things.
    if step == 1 or step % 10 == 0:
        print(f"step {step:2d} squared error {squared_error.item():.4f}", end=" ")
        print(f"cross-entropy {cross_entropy.item():.4f}")

# %% How often each is right
# A regression can be asked for hot or cold, too.
right = ((y_hat > 0) == (is_hot > 0.5)).float().mean().item()
# A score above 0 is a probability above ½.
right_too = ((score > 0) == (is_hot > 0.5)).float().mean().item()
print(f"right: regression {right:.2f}, classification {right_too:.2f}")
