"""A random graph of 300 nodes

No module, no block and no loop to go by: this is the layout alone.
"""

import random

import torch

SEED = 0
NODES = 300

torch.manual_seed(SEED)
chance = random.Random(SEED)
made = [torch.randn(4, requires_grad=True)]
while len(made) < NODES + 4:
    if chance.random() < 0.15:
        made.append(torch.randn(4, requires_grad=True))
        continue
    one, two = (made[-chance.randint(1, min(12, len(made)))] for _ in range(2))
    made.append(chance.choice((torch.sub, torch.minimum, torch.maximum))(one, two))
loss = torch.stack(made[-12:]).sum()  # leaves that nothing uses are no part of the graph
loss.backward()
