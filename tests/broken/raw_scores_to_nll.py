"""nll_loss on what the last layer gives: there is no log_softmax anywhere."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 3)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
x, y = torch.randn(10, 4), torch.randint(0, 3, (10,))

for _ in range(3):
    scores = net(x)
    loss = nn.functional.nll_loss(scores, y)  # <- probabilities-to-nll-loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
