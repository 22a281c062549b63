"""A convolution is a product of matrices

A convolution slides a small window of weights over an image. Lay every patch
that the window sees into a column (`unfold`, known as im2col) and the whole
convolution is one product of matrices, weights times patches.

Both ways are computed here, and both their gradients. They agree, and the
second graph tells why the gradient of a convolution is what it is: that of
the weights is upstream times the patches, transposed; that of the image is
the patches' gradient folded back, each pixel adding up what it receives as
part of several patches.

**Notice** the gradient of the image: a pixel in the middle belongs to nine
patches, one in the corner to one.

Section: 9 Classics
Order: 16
Question: How many summands does the gradient of a pixel in the middle have?
"""

import torch
import torch.nn.functional as F

SEED = 0
DEVICE = "cpu"

# The same image and weights in every run.
torch.manual_seed(SEED)

# %% An image and a window
# One image, one channel, 5 × 5 pixels.
image = torch.randn(1, 1, 5, 5, dtype=torch.float64).to(DEVICE).requires_grad_()
# Two windows of 3 × 3 weights.
window = torch.randn(2, 1, 3, 3, dtype=torch.float64).to(DEVICE).requires_grad_()

# %% As a convolution
# 3 × 3 places for each of two windows.
slid = F.conv2d(image, window)
# The sum of squares, so that places count differently.
slid.pow(2).sum().backward()
# Both were reached.
assert image.grad is not None and window.grad is not None
# Kept for the comparison.
image_grad, window_grad = image.grad, window.grad
# The second way starts from new leaves with the same numbers.
image = image.detach().clone().requires_grad_()
# The windows too.
window = window.detach().clone().requires_grad_()

# %% As a product of matrices
# Nine numbers a patch, nine patches: one a column.
patches = F.unfold(image, kernel_size=3)
# One row of nine weights a window.
rows = window.view(2, 9)
# 2 × 9 times 9 × 9.
product = rows @ patches
# The same loss.
product.pow(2).sum().backward()
# Both were reached.
assert image.grad is not None and window.grad is not None

# %% Do they agree?
# The largest difference in the results.
value = (product.view_as(slid) - slid).abs().max().item()
# In the gradient of the image.
in_image = (image.grad - image_grad).abs().max().item()
# In that of the windows.
in_window = (window.grad - window_grad).abs().max().item()
print(f"same values    {value < 1e-12}")
print(f"same gradients {in_image < 1e-12 and in_window < 1e-12}")

# %% How often is a pixel seen?
# With weights of 1 and a plain sum, the gradient counts the patches.
seen = torch.zeros(1, 1, 5, 5, dtype=torch.float64).to(DEVICE).requires_grad_()
# Every patch hands 1 to its nine pixels.
F.unfold(seen, kernel_size=3).sum().backward()
# Counted by the backward.
assert seen.grad is not None
# How many patches each of the two belongs to.
corner, middle = seen.grad[0, 0, 0, 0].item(), seen.grad[0, 0, 2, 2].item()
print(f"corner {corner:.0f}, middle {middle:.0f}")
