"""The same with xlogy, for which 0 log 0 is 0"""

import torch

torch.manual_seed(0)
logits = torch.randn(6, 5, requires_grad=True)
target = torch.softmax(torch.randn(6, 5), dim=1)
target[:, 0] = 0.0
optimizer = torch.optim.SGD([logits], lr=0.5)

for step in range(4):
    optimizer.zero_grad()
    likelihood = torch.softmax(logits, dim=1)
    divergence = torch.xlogy(target, target) - target * torch.log(likelihood)
    loss = divergence.sum(dim=1).mean()
    loss.backward()
    optimizer.step()
