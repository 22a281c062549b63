"""Another kind of trace: torch.profiler

`torch.profiler` records *time*: which op ran when, and for how long. The graph
of autograd records *dependence*: which value was made from which. Both look at
the same ops. The names differ by level: what the script calls `F.linear`, the
profiler sees as `aten::linear` and within it `aten::addmm`, and autograd leaves
an `AddmmBackward0` that the backward runs.

The script profiles one step and lists how often each op ran, in the forward and
for the backward. Times differ from run to run, so none are printed. (A profile
can be written with `export_chrome_trace` and opened in Perfetto. Lines
that begin with USDT are the profiler's own; `KINETO_LOG_LEVEL=6` silences them.)

**Notice** how many products of matrices there are: one a layer in the forward,
and in the backward two a layer, one for the weights and one for the input. The
first layer's input wants no gradient, so there it is one.

Section: 8 Around training
Order: 4
Question: Why does the backward take about twice the work of the forward?
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.profiler import ProfilerActivity, profile

SEED = 0
DEVICE = "cpu"

# The same weights in every run.
torch.manual_seed(SEED)

# %% Data and model
# Sixteen rows of four numbers.
x = torch.randn(16, 4).to(DEVICE)
# Three layers.
layers = [nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)]
# One after another.
model = nn.Sequential(*layers).to(DEVICE)


def products(trace: profile) -> int:
    """Return how many products of matrices a trace holds."""
    # An addmm is a product with a sum.
    kinds = {"aten::mm", "aten::addmm"}
    # The profiler counts by kind.
    counts = [event.count for event in trace.key_averages() if event.key in kinds]
    # Of both kinds together.
    return sum(counts)


# %% Forward, profiled
# Everything that runs inside is written down.
with profile(activities=[ProfilerActivity.CPU]) as forward:
    # Three products.
    loss = F.mse_loss(model(x), x.sum(dim=1, keepdim=True))
print(f"forward:  {products(forward)} products of matrices")

# %% Backward, profiled
# A trace of its own.
with profile(activities=[ProfilerActivity.CPU]) as backward:
    # The nodes run in the order that the graph tells.
    loss.backward()
print(f"backward: {products(backward)} products of matrices")

# %% The nodes among them
# The profiler has an entry for each node that the engine has run.
nodes = sorted(
    event.key.removeprefix("autograd::engine::evaluate_function: ")
    for event in backward.key_averages()
    if event.key.startswith("autograd::engine::evaluate_function")
)
# Their kinds, in the order of the alphabet.
for node in nodes:
    print(node)
