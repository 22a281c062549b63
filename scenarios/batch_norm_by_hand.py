"""Backpropagation by hand: 26 gradients of a small network

After Andrej Karpathy's lecture *Becoming a Backprop Ninja* (makemore, part 4,
2022): a network that guesses the next letter from three, with a batch norm in
the middle, is written down in steps so small that each can be differentiated
by hand. Then each of 26 gradients is computed by hand and compared with
autograd's: exact to the bit, or approximate, and the largest difference.

The data here is made up (random letters), the sizes are small. What is
compared does not depend on it.

Two blocks can be done in one go, as the end of the script shows. Softmax and
cross-entropy together have the gradient (softmax - onehot) / n. Batch norm
has one formula too, three lines long on paper.

**Notice** how few rules there are: a sum over an axis in the forward is a
copy along it in the backward, and a copy (broadcasting) is a sum.

Section: 9 Classics
Order: 11
Question: Where does a broadcast in the forward turn up again in the backward?
"""

import torch
import torch.nn.functional as F

SEED = 0
DEVICE = "cpu"
ROWS = 12
LETTERS = 9
CONTEXT = 3
WIDTH = 4
HIDDEN = 8

# The same letters and weights in every run.
torch.manual_seed(SEED)
# How many of the 26 agree, and to what degree.
found = {"exact": 0, "approximate": 0, "wrong": 0}


def compare(name: str, by_hand: torch.Tensor, tensor: torch.Tensor) -> None:
    """Print how the gradient found by hand agrees with autograd's."""
    # Kept by autograd, for every step asked to keep it.
    truth = tensor.grad
    # None would mean: not on the way.
    assert truth is not None
    # The same bits?
    is_exact = bool((by_hand == truth).all())
    # The same but for rounding?
    is_close = torch.allclose(by_hand, truth)
    # One word for it.
    word = "exact" if is_exact else "approximate" if is_close else "wrong"
    # Counted for the end.
    found[word] += 1
    # The largest difference of all entries.
    largest = (by_hand - truth).abs().max().item()
    print(f"{name:12} {word:11} {largest:.1e}")


# %% Letters and weights
# Three letters a row, and the one that follows.
letters = torch.randint(LETTERS, (ROWS, CONTEXT)).to(DEVICE)
# What is to be guessed.
answers = torch.randint(LETTERS, (ROWS,)).to(DEVICE)
# A vector for each letter.
C = torch.randn(LETTERS, WIDTH).to(DEVICE).requires_grad_()
# The first layer.
W1 = (torch.randn(CONTEXT * WIDTH, HIDDEN) * 0.5).to(DEVICE).requires_grad_()
# A bias of no use, for batch norm takes it out again: its gradient is ~0.
b1 = (torch.randn(HIDDEN) * 0.1).to(DEVICE).requires_grad_()
# The scale of the batch norm.
gain = (torch.randn(1, HIDDEN) * 0.1 + 1).to(DEVICE).requires_grad_()
# Its shift.
shift = (torch.randn(1, HIDDEN) * 0.1).to(DEVICE).requires_grad_()
# The second layer.
W2 = (torch.randn(HIDDEN, LETTERS) * 0.5).to(DEVICE).requires_grad_()
# Its bias.
b2 = (torch.randn(LETTERS) * 0.1).to(DEVICE).requires_grad_()

# %% Forward: first layer
# The vectors of three letters …
embedded = C[letters]
# … side by side in one row.
joined = embedded.view(ROWS, -1)
# A linear layer.
before = joined @ W1 + b1

# %% Forward: batch norm
# The mean of each column.
mean = before.sum(0, keepdim=True) / ROWS
# What is left is centred.
centred = before - mean
# Squared,
squared = centred**2
# averaged (with n - 1: Bessel's correction),
variance = squared.sum(0, keepdim=True) / (ROWS - 1)
# and turned into a factor.
inverse = (variance + 1e-5) ** -0.5
# Mean 0 and variance 1.
normal = centred * inverse
# Scaled and shifted.
scaled = gain * normal + shift

# %% Forward: second layer
# Between -1 and 1.
h = torch.tanh(scaled)
# One score a letter.
logits = h @ W2 + b2

# %% Forward: cross-entropy, step by step
# The largest score of a row: taken off, so that exp cannot overflow.
largest = logits.max(1, keepdim=True).values
# At most 0.
lowered = logits - largest
# At most 1.
counts = lowered.exp()
# The sum of each row.
total = counts.sum(1, keepdim=True)
# What to multiply by.
inverse_total = total**-1
# Each row adds up to 1.
probabilities = counts * inverse_total
# Logarithms, of which one a row counts.
logprobs = probabilities.log()
# Which row each answer stands in.
rows = torch.arange(ROWS, device=DEVICE)
# The mean of what was given to the right letters.
loss = -logprobs[rows, answers].mean()
print(f"loss {loss.item():.4f}")

# %% Autograd's answer
# Inner steps keep their gradient, to be compared.
for step in (
    embedded, joined, before, mean, centred, squared, variance, inverse, normal,
    scaled, h, logits, largest, lowered, counts, total, inverse_total,
    probabilities, logprobs,
):  # fmt: skip
    # Asked of each.
    step.retain_grad()
# All of them in one pass.
loss.backward()

# %% By hand: from the loss to the scores
# What follows is arithmetic on plain numbers: no graph is needed.
torch.set_grad_enabled(False)
# -1/n at the right letters, 0 elsewhere.
d_logprobs = torch.zeros_like(logprobs)
# One entry a row.
d_logprobs[rows, answers] = -1.0 / ROWS
compare("logprobs", d_logprobs, logprobs)
# log: 1 / p.
d_probabilities = (1.0 / probabilities) * d_logprobs
compare("probs", d_probabilities, probabilities)
# A column that was copied along the row: a sum along it.
d_inverse_total = (counts * d_probabilities).sum(1, keepdim=True)
compare("1 / total", d_inverse_total, inverse_total)
# -1 / v².
d_total = (-(total**-2)) * d_inverse_total
compare("total", d_total, total)
# Two paths: the product, and the sum (whose backward is a copy).
d_counts = inverse_total * d_probabilities + torch.ones_like(counts) * d_total
compare("counts", d_counts, counts)
# exp is its own derivative.
d_lowered = counts * d_counts
compare("lowered", d_lowered, lowered)
# Copied along the row, with a minus.
d_largest = (-d_lowered).sum(1, keepdim=True)
compare("largest", d_largest, largest)
# Where the largest stood: max hands its gradient to that entry alone.
where = F.one_hot(logits.max(1).indices, LETTERS)
# Two paths again.
d_logits = d_lowered + where * d_largest
compare("logits", d_logits, logits)

# %% By hand: the second layer
# A product of matrices: the upstream gradient times the other, transposed.
d_h = d_logits @ W2.T
compare("h", d_h, h)
# The same for the weights.
d_W2 = h.T @ d_logits
compare("W2", d_W2, W2)
# The bias was copied to every row.
d_b2 = d_logits.sum(0)
compare("b2", d_b2, b2)
# tanh: 1 - tanh².
d_scaled = (1.0 - h**2) * d_h
compare("scaled", d_scaled, scaled)

# %% By hand: batch norm
# Copied to every row: summed over them.
d_gain = (normal * d_scaled).sum(0, keepdim=True)
compare("gain", d_gain, gain)
# The same, without a factor.
d_shift = d_scaled.sum(0, keepdim=True)
compare("shift", d_shift, shift)
# The other side of the product.
d_normal = gain * d_scaled
compare("normal", d_normal, normal)
# One factor a column.
d_inverse = (centred * d_normal).sum(0, keepdim=True)
compare("inverse", d_inverse, inverse)
# A power of -½.
d_variance = (-0.5 * (variance + 1e-5) ** -1.5) * d_inverse
compare("variance", d_variance, variance)
# A sum in the forward: a copy.
d_squared = (1.0 / (ROWS - 1)) * torch.ones_like(squared) * d_variance
compare("squared", d_squared, squared)
# Two paths: through the product, and through the square.
d_centred = inverse * d_normal + (2 * centred) * d_squared
compare("centred", d_centred, centred)
# Copied to every row, with a minus.
d_mean = (-d_centred).sum(0, keepdim=True)
compare("mean", d_mean, mean)
# Two paths: the difference, and the mean.
d_before = d_centred + (1.0 / ROWS) * (torch.ones_like(before) * d_mean)
compare("before", d_before, before)

# %% By hand: the first layer
# As in the second layer.
d_joined = d_before @ W1.T
compare("joined", d_joined, joined)
# The weights.
d_W1 = joined.T @ d_before
compare("W1", d_W1, W1)
# Close to zero: batch norm takes any constant out.
d_b1 = d_before.sum(0)
compare("b1", d_b1, b1)
# The same numbers in the shape that they had.
d_embedded = d_joined.view(embedded.shape)
compare("embedded", d_embedded, embedded)
# A letter that stands in several places receives the sum of all.
d_rows = d_embedded.view(-1, WIDTH)
# Row i of C receives whatever came back for letter i.
d_C = torch.zeros_like(C).index_add(0, letters.flatten(), d_rows)
compare("C", d_C, C)

# %% In one go
# Cross-entropy and softmax together: nine lines above are one here.
short = (F.softmax(logits, 1) - F.one_hot(answers, LETTERS)) / ROWS
# All but equal to the way by steps.
print(f"logits in one go: off by {(short - d_logits).abs().max().item():.1e}")
# What is left when all paths through mean and variance are put together.
spread = d_scaled.sum(0) + ROWS / (ROWS - 1) * normal * (d_scaled * normal).sum(0)
# Batch norm in one go.
short = gain * inverse / ROWS * (ROWS * d_scaled - spread)
print(f"before in one go: off by {(short - d_before).abs().max().item():.1e}")
print(f"{sum(found.values())} gradients, {found['wrong']} wrong")
# Back to normal for whoever goes on from here.
torch.set_grad_enabled(True)
