"""A teacher that runs under no_grad, and a student that was frozen in its place."""

import torch
from torch import nn

torch.manual_seed(0)
teacher = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 5))
student = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 5))
for parameter in student.parameters():
    parameter.requires_grad = False  # <- backward-without-graph
optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
x, y = torch.randn(40, 10), torch.randint(0, 5, (40,))

for step in range(3):
    with torch.no_grad():
        wanted = torch.softmax(teacher(x) / 4, dim=1)
    scores = student(x)
    loss = nn.functional.kl_div(torch.log_softmax(scores / 4, dim=1), wanted, reduction="batchmean")
    loss = loss + nn.functional.cross_entropy(scores, y)
    optimizer.zero_grad()
    loss.backward()  # <- also
    optimizer.step()
