"""The same with the transpose where it belongs."""

import torch


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    def backward(ctx, upstream):
        x, weight = ctx.saved_tensors
        return upstream @ weight.t(), x.t() @ upstream


torch.manual_seed(0)
weight = torch.randn(4, 3, requires_grad=True)
x = torch.randn(5, 4, requires_grad=True)
loss = Product.apply(x, weight).sum()
loss.backward()
