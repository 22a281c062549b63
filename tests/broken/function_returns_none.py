"""A Function of one's own whose backward returns None where the weight's gradient belongs."""

import torch
from torch import nn


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x.mm(weight.t())

    @staticmethod
    def backward(ctx, upstream):
        _, weight = ctx.saved_tensors
        return upstream.mm(weight), None  # <- gradient-missing


torch.manual_seed(0)
weight = nn.Parameter(torch.randn(3, 4))
head = nn.Linear(3, 1)
optimizer = torch.optim.SGD([weight, *head.parameters()], lr=0.1)
x = torch.randn(6, 4)

for _ in range(3):
    loss = head(torch.tanh(Product.apply(x, weight))).pow(2).mean()  # <- also
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
