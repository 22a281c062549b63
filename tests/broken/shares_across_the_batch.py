"""log_softmax along the batch, as an old tutorial's dim=0 has it."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.log_softmax(self.fc(x), dim=0)  # <- softmax-over-wrong-dimension


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    loss = F.nll_loss(model(torch.randn(16, 8)), torch.randint(0, 4, (16,)))
    loss.backward()
    optimizer.step()
