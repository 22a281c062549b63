"""Tensors of rank 0, 1, 2 and 3

A tensor is a table of numbers with any number of axes. How many there are is
its **rank**, how long each is its **shape**:

| rank | shape | for instance |
| --- | --- | --- |
| 0 | () | one number: a temperature, a loss |
| 1 | (7,) | a vector: the temperatures of a week |
| 2 | (4, 7) | a matrix: four weeks, one a row; a grey picture |
| 3 | (3, 4, 4) | a colour picture: three channels of 4 × 4 pixels |

Beside the numbers a tensor has a **dtype** (what kind of number, how many
bytes) and a **device** (whose memory). Ops want both to agree.

Ops change the rank: a mean over one axis takes that axis away, over all axes
it leaves rank 0. And rank 0 is what training ends in: a loss is one number,
because only of one number one can say whether it went down.

**Notice** the last chapter: from a number of rank 0 the gradient goes back
to a tensor of rank 3, and has its shape.

Section: 1 Tensors
Order: 1
Question: Which shape has the gradient of a tensor of rank 3?
"""

import torch

SEED = 0
DEVICE = "cpu"

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Rank 0: one number
# A temperature. float32, torch's default: four bytes.
today = torch.tensor(21.5).to(DEVICE)
print(f"rank {today.dim()}  shape {tuple(today.shape)}  {today.dtype}")

# %% Rank 1: a vector
# The temperatures of a week.
week = torch.tensor([19.0, 20.5, 21.0, 23.5, 22.0, 18.5, 21.5]).to(DEVICE)
print(f"rank {week.dim()}  shape {tuple(week.shape)}")

# %% Rank 2: a matrix
# Four weeks, one a row. The week is stretched (broadcast) to four rows.
month = week + torch.tensor([[0.0], [1.0], [2.0], [3.0]]).to(DEVICE)
# The mean over axis 1 leaves a number a week: that axis is gone.
by_week = month.mean(dim=1)
# The mean over axis 0 leaves a number a weekday.
by_weekday = month.mean(dim=0)
print(f"rank {month.dim()}  shape {tuple(month.shape)}")
print(f"mean of axis 1: {tuple(by_week.shape)}")
print(f"mean of axis 0: {tuple(by_weekday.shape)}")

# %% Rank 3: a picture in colour
# Red, green and blue, each a matrix of pixels between 0 and 1.
picture = torch.rand(3, 4, 4).to(DEVICE)
# Grey is a mixture of the three: the axis of the channels is gone.
grey = picture.mean(dim=0)
print(f"rank {picture.dim()}  shape {tuple(picture.shape)}")
print(f"mean of the channels: {tuple(grey.shape)}")

# %% What kind of number
# Whole numbers are int64: eight bytes each.
days = torch.arange(7).to(DEVICE)
# Half as many bytes a number, and about three digits.
short = week.to(torch.float16)
# Twice as many, and about sixteen digits.
long = week.to(torch.float64)
# The same device for all; to("cuda") would move them.
for numbers in (days, short, week, long):
    print(f"{numbers.dtype}: {numbers.element_size()} bytes a number")
# A comparison makes booleans.
is_warm = week > 21
print(f"{is_warm.dtype}: {is_warm.sum().item():.0f} warm days")

# %% Back from rank 0
# From here on autograd takes notes.
picture.requires_grad_()
# One number: how bright the picture is.
brightness = picture.mean()
# Every pixel has the same say: 1 / 48.
brightness.backward()
# The same shape as the picture.
assert picture.grad is not None
# All 48 are equal.
each = picture.grad.mean().item()
print(f"gradient: shape {tuple(picture.grad.shape)}, each {each:.4f}")
