"""Ops found by what they did do on other data what torch does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch
from torch.nn import functional as F  # noqa: N812 - its usual name

from graphlab.training.kernels import find_kernel

Case = tuple[str, Callable[..., torch.Tensor], tuple[tuple[int, ...], ...]]

CASES: list[Case] = [
    *((name, getattr(torch, name), ((6, 3),)) for name in ("neg", "exp", "tanh", "sigmoid", "abs", "sin", "cos")),
    *((name, getattr(F, name), ((6, 3),)) for name in ("relu", "silu", "gelu", "softplus", "elu", "leaky_relu")),
    *((name, getattr(F, name), ((6, 3),)) for name in ("selu", "mish", "relu6", "hardtanh", "softsign")),
    ("square", torch.square, ((6, 3),)),
    ("log_sigmoid", F.logsigmoid, ((6, 3),)),
    ("leaky_relu", lambda a: F.leaky_relu(a, 0.3), ((6, 3),)),
    ("add", torch.add, ((6, 3), (3,))),
    ("add", lambda a, b: torch.add(a, b, alpha=0.5), ((6, 3), (3,))),
    ("add", lambda a: a + 1.25, ((6, 3),)),
    ("sub", torch.sub, ((6, 3), (6, 1))),
    ("rsub", lambda a: 1 - a, ((6, 3),)),
    ("mul", torch.mul, ((6, 3), (1,))),
    ("mul", lambda a: 0.1 * a, ((6, 3),)),
    ("div", torch.div, ((6, 3), (6, 3))),
    ("div", lambda a: a / 7, ((6, 3),)),
    ("div", lambda a: 2 / a, ((6, 3),)),
    *(("pow", lambda a, power=power: a**power, ((6, 3),)) for power in (2, 3, 4)),
    ("pow", lambda a: 2.5**a, ((6, 3),)),
    ("clamp", lambda a: a.clamp(-0.4, 0.6), ((60, 3),)),
    ("clamp_min", lambda a: a.clamp(min=0.1), ((60, 3),)),
    ("matmul", torch.matmul, ((6, 3), (3, 4))),
    ("mv", torch.mv, ((6, 3), (3,))),
    ("addmm", torch.addmm, ((4,), (6, 3), (3, 4))),
    ("t", torch.t, ((6, 3),)),
    ("transpose", lambda a: a.transpose(1, 2), ((6, 3, 4),)),
    ("unsqueeze", lambda a: a.unsqueeze(1), ((6, 3),)),
    ("squeeze", lambda a: a.squeeze(1), ((6, 1),)),
    ("reshape", lambda a: a.reshape(len(a), -1), ((6, 3, 4),)),
    ("sum", torch.sum, ((6, 3),)),
    ("sum", lambda a: a.sum(dim=1, keepdim=True), ((6, 3),)),
    ("mean", lambda a: a.mean(dim=0), ((6, 3),)),
    ("logsumexp", lambda a: a.logsumexp(1), ((6, 3),)),
    ("amax", lambda a: a.amax(1), ((6, 3),)),
    ("norm", lambda a: a.norm(dim=1), ((6, 3),)),
    ("std", lambda a: a.std(dim=1), ((6, 3),)),
    ("softmax", lambda a: a.softmax(1), ((6, 3),)),
    ("log_softmax", lambda a: a.log_softmax(1), ((6, 3),)),
    ("select", lambda a: a[:, 1], ((6, 3),)),
    ("slice", lambda a: a[:, 1:], ((6, 3),)),
    ("cat", lambda a, b: torch.cat([a, b], 1), ((6, 3), (6, 2))),
    ("stack", lambda a, b: torch.stack([a, b], 1), ((6, 3), (6, 3))),
    ("layer_norm", lambda a, w, b: F.layer_norm(a, (3,), w, b), ((6, 3), (3,), (3,))),
    ("mse_loss", F.mse_loss, ((6, 1), (6, 1))),
    ("mse_loss", lambda a, b: F.mse_loss(a, b, reduction="sum"), ((6, 1), (6, 1))),
    ("l1_loss", F.l1_loss, ((6, 1), (6, 1))),
    ("smooth_l1_loss", F.smooth_l1_loss, ((6, 1), (6, 1))),
    (
        "binary_cross_entropy_with_logits",
        lambda a, b: F.binary_cross_entropy_with_logits(a, (b > 0).double()),
        ((6, 1), (6, 1)),
    ),
]
"""An op's name, what torch calls it, and shapes."""


def _arrays(tensors: list[torch.Tensor]) -> list[Any]:
    return [tensor.numpy() for tensor in tensors]


@pytest.mark.parametrize("case", CASES, ids=[f"{place}-{case[0]}" for place, case in enumerate(CASES)])
def test_what_an_op_did_tells_what_it_does_to_more_rows(case: Case) -> None:
    name, function, shapes = case
    torch.manual_seed(1)
    first = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    rows = shapes[0][0] if len(shapes[0]) > 1 else shapes[1][0]
    # Another number of rows where the op has rows: a picture asks for a grid.
    more = [
        torch.randn(11, *shape[1:], dtype=torch.float64) if shape[0] == rows and len(shape) > 1 else tensor
        for shape, tensor in zip(shapes, first, strict=True)
    ]
    if name == "binary_cross_entropy_with_logits":
        first[1], more[1] = (first[1] > 0).double(), (more[1] > 0).double()
    kernel = find_kernel(name, _arrays(first), function(*first).numpy())
    assert kernel is not None
    if name.startswith("clamp") or name == "relu6":
        more = [2 * tensor for tensor in more]
    numpy.testing.assert_allclose(kernel(*_arrays(more)), function(*more).numpy(), rtol=3e-3, atol=3e-3)


def test_a_gather_and_the_likelihood_of_classes_take_whole_numbers() -> None:
    log_p = torch.randn(6, 3, dtype=torch.float64).log_softmax(1)
    y = torch.tensor([0, 1, 2, 2, 1, 0])
    kernel = find_kernel("nll_loss", [log_p.numpy(), y.numpy()], F.nll_loss(log_p, y).numpy())
    assert kernel is not None
    other = torch.randn(6, 3, dtype=torch.float64).log_softmax(1)
    assert kernel(other.numpy(), y.numpy()) == pytest.approx(F.nll_loss(other, y).item())
    picked = find_kernel("gather", [log_p.numpy(), y[:, None].numpy()], log_p.gather(1, y[:, None]).numpy())
    assert picked is not None
    numpy.testing.assert_allclose(picked(other.numpy(), y[:, None].numpy()), other.gather(1, y[:, None]).numpy())


def test_an_op_that_did_something_else_is_not_found() -> None:
    a = numpy.linspace(0, 1, 6).reshape(3, 2)
    assert find_kernel("mul", [a], a**2 + 1) is None
    assert find_kernel("conv2d", [a], a) is None
    assert find_kernel("sum", [a], numpy.array(5.0)) is None


def test_dropout_lets_everything_through_for_a_picture_shows_the_model_at_rest() -> None:
    a = numpy.ones((3, 2))
    kernel = find_kernel("dropout", [a], a * 2)
    assert kernel is not None
    assert (kernel(a) == a).all()
