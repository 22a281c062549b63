import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
student = nn.Linear(5, 4)
optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
x = torch.randn(32, 5)
teacher = F.softmax(2 * x[:, :4], dim=1)
for _ in range(4):
    shares = F.softmax(student(x), dim=1)
    loss = F.kl_div(shares.log(), teacher, reduction="batchmean")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
