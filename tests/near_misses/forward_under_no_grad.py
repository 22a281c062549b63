"""A student with a teacher: the teacher runs under no_grad and is in no optimizer."""

import copy

import torch
from torch import nn

torch.manual_seed(0)
student = nn.Linear(4, 1)
teacher = copy.deepcopy(student)
opt = torch.optim.SGD(student.parameters(), lr=0.1)
x, y = torch.randn(9, 4), torch.randn(9, 1)

for step in range(3):
    with torch.no_grad():
        guide = teacher(x)
    loss = (student(x) - y).pow(2).mean() + (student(x) - guide).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for mine, other in zip(teacher.parameters(), student.parameters()):
            mine.mul_(0.9).add_(0.1 * other)
