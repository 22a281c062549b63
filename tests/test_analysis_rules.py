"""Each local rule against autograd's own product and against central differences, on random input in 64 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlab.analysis.rules.table import RULES
from tests.rules_harness import check_rules

Case = tuple[Callable[..., torch.Tensor], list[tuple[int, ...]]]


def _positive(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    return lambda *given: function(*(each.abs() + 0.5 for each in given))


def _inside(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    return lambda *given: function(*(0.9 * each.tanh() for each in given))


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "neg": torch.neg,
    "abs": torch.abs,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "exp2": torch.exp2,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": _inside(torch.tan),
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "erf": torch.erf,
    "atan": torch.atan,
    "asin": _inside(torch.asin),
    "acos": _inside(torch.acos),
    "sqrt": _positive(torch.sqrt),
    "rsqrt": _positive(torch.rsqrt),
    "log": _positive(torch.log),
    "log2": _positive(torch.log2),
    "log10": _positive(torch.log10),
    "log1p": _positive(torch.log1p),
    "reciprocal": _positive(torch.reciprocal),
    "square": torch.square,
    "pow 3": lambda x: x**3,
    "pow -1.5": _positive(lambda x: x**-1.5),
    "pow 0": lambda x: x**0 + x,
    "2 ** x": lambda x: 2**x,
    "sign": lambda x: x.sign() * x,
    "floor": lambda x: x.floor() * x,
    "round": lambda x: x.round() * x,
    "clamp": lambda x: x.clamp(-0.5, 0.7),
    "clamp_min": lambda x: x.clamp(min=0.1),
    "clamp_max": lambda x: x.clamp(max=0.1),
    "relu": torch.relu,
    "relu6": F.relu6,
    "leaky": F.leaky_relu,
    "elu": lambda x: F.elu(x, 1.3),
    "selu": F.selu,
    # torch rounds 1 / alpha to float32 in between: an alpha that survives it.
    "celu": lambda x: F.celu(x, 0.5),
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "softplus 3": lambda x: F.softplus(x, 3.0, 1.0),
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "softshrink": F.softshrink,
    "hardshrink": F.hardshrink,
    "rrelu": lambda x: F.rrelu(x, training=True),
    "rrelu eval": F.rrelu,
    "frac": lambda x: x.frac() * x,
    "nan_to_num": torch.nan_to_num,
    "logit": lambda x: torch.logit(x.sigmoid()),
    "logit eps": lambda x: torch.logit(x.sigmoid(), 0.3),
    "logsigmoid": F.logsigmoid,
    "softsign": F.softsign,
    "threshold": lambda x: F.threshold(x, 0.2, -1.0),
    "dropout": lambda x: F.dropout(x, 0.4),
    "clone": lambda x: x.clone(),
    "to": lambda x: x.to(torch.float64, copy=True),
    "1 - x": lambda x: 1 - x,
    "x - 2": lambda x: x - 2,
    "3 / x": _positive(lambda x: 3 / x),
    "x / 3": lambda x: x / 3,
    "relu_": lambda x: (x * 1).relu_(),
    "leaky_": lambda x: F.leaky_relu(x * 1, 0.1, inplace=True),
    "mul_": lambda x: (x + 0).mul_(3),
    "masked_fill": lambda x: x.masked_fill(x > 0.3, 2.0),
    "tanh'": lambda x: _slope(torch.tanh, x),
    "sigmoid'": lambda x: _slope(torch.sigmoid, x),
    "relu'": lambda x: _slope(torch.relu, x) * x,
}


def _slope(function: Callable[..., Any], x: torch.Tensor) -> torch.Tensor:
    """Return the derivative of a function as a function that has a graph."""
    if not x.requires_grad:
        x = x.detach().requires_grad_()
    with torch.enable_grad():
        (made,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
    return made


SHAPES = st.lists(st.integers(1, 4), min_size=0, max_size=3).map(tuple)


@pytest.mark.parametrize("name", ELEMENTWISE)
@settings(max_examples=3, deadline=None)
@given(shape=SHAPES, seed=st.integers(0, 10_000))
def test_ops_on_one_tensor(name: str, shape: tuple[int, ...], seed: int) -> None:
    torch.manual_seed(seed)
    check_rules(ELEMENTWISE[name], [torch.randn(shape, dtype=torch.float64)])


TWO: dict[str, Callable[..., Any]] = {
    "add": torch.add,
    "add alpha": lambda a, b: torch.add(a, b, alpha=-2.5),
    "sub": lambda a, b: a - b,
    "sub alpha": lambda a, b: torch.sub(a, b, alpha=3),
    "rsub": lambda a, b: torch.rsub(a, b, alpha=2),
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / (b.abs() + 0.5),
    "pow": lambda a, b: (a.abs() + 0.5) ** b,
    "max": torch.maximum,
    "min": torch.minimum,
    "where": lambda a, b: torch.where(a > b, a, b * 2),
    "atan2": lambda a, b: torch.atan2(a, b + 3 * b.sign()),
    "xlogy": lambda a, b: torch.xlogy(a, b.abs() + 0.5),
    "hypot by hand": lambda a, b: (a * a + b * b + 1).sqrt(),
    "hypot": torch.hypot,
    "logaddexp": torch.logaddexp,
    "fmod": lambda a, b: torch.fmod(a, b.abs() + 0.5),
    "remainder": lambda a, b: torch.remainder(a, b.abs() + 0.5),
    "lerp": lambda a, b: torch.lerp(a, b, 0.3),
    "lerp weight": lambda a, b: torch.lerp(a, b * 2, a * b),
    "addcmul": lambda a, b: torch.addcmul(a, b, a * b, value=0.5),
    "addcdiv": lambda a, b: torch.addcdiv(a, b, a.abs() + 1, value=2),
    "x += y": lambda a, b: torch.add(a * 1, b * 0).add_(b),
    "clamp by tensors": lambda a, b: torch.clamp(a, b - 0.5, b + 0.5),
    "equal": lambda a, b: torch.maximum(a * 0, b * 0) * a + b,
    "div trunc": lambda a, b: torch.div(a, b.abs() + 0.5, rounding_mode="trunc") + a * b,
    "copysign-free": lambda a, b: (a - b).abs() * (a + b),
}


@pytest.mark.parametrize("name", TWO)
@settings(max_examples=3, deadline=None)
@given(
    pair=st.sampled_from([((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((), (4,)), ((3, 1, 2), (4, 1)), ((1,), ())]),
    seed=st.integers(0, 10_000),
)
def test_ops_on_two_tensors_of_shapes_that_broadcast(name: str, pair: tuple[Any, Any], seed: int) -> None:
    torch.manual_seed(seed)
    check_rules(TWO[name], [torch.randn(shape, dtype=torch.float64) for shape in pair])


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": lambda x: x.sum(),
    "sum 1": lambda x: x.sum(1),
    "sum -1 keep": lambda x: x.sum(-1, keepdim=True),
    "sum two": lambda x: x.sum((0, 2)),
    "mean": lambda x: x.mean(),
    "mean 0": lambda x: x.mean(0),
    "mean two": lambda x: x.mean((-1, 0), keepdim=True),
    "var": lambda x: x.var(),
    "var 1": lambda x: x.var(1, unbiased=False),
    "std": lambda x: x.std(),
    "std -1": lambda x: x.std(-1, keepdim=True),
    "prod": lambda x: x.prod(),
    "prod 1": lambda x: x.prod(1),
    "prod zero": lambda x: (x * (x > 0)).prod(2),
    "norm": lambda x: x.norm(),
    "norm dim": lambda x: x.norm(dim=1),
    "norm 1": lambda x: x.norm(p=1, dim=(0, 1)),
    "norm 3": lambda x: torch.linalg.vector_norm(x, 3, dim=2),
    "norm inf": lambda x: x.norm(p=float("inf")),
    "max": lambda x: x.max(),
    "max 1": lambda x: x.max(1).values,
    "min": lambda x: x.min(),
    "min -1": lambda x: x.min(-1, keepdim=True).values,
    "amax": lambda x: x.amax(1),
    "amin": lambda x: x.amin((0, 1)),
    "tied": lambda x: (x > 0).double().add(x * 0).amax(2),
    "median": lambda x: x.median(),
    "median 1": lambda x: x.median(1).values,
    "sort": lambda x: x.sort(1).values * torch.arange(1.0, 4.0, dtype=x.dtype)[:, None],
    "topk": lambda x: x.topk(2, 1).values,
    "kth": lambda x: x.kthvalue(2, 1).values,
    "cumsum": lambda x: x.cumsum(1),
    "cumprod": lambda x: x.cumprod(1),
    "cummax": lambda x: x.cummax(1).values,
    "cummin": lambda x: x.cummin(-1).values,
    "aminmax": lambda x: torch.stack(x.aminmax(dim=1)),
    "nansum": lambda x: torch.where(x > 0, x, torch.nan).nansum(1),
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(-1),
    "logsumexp": lambda x: x.logsumexp(1),
    "logsumexp keep": lambda x: x.logsumexp((0, 2), keepdim=True),
    "softmin": lambda x: F.softmin(x, 0),
    "normalize": lambda x: F.normalize(x, dim=1),
    "glu": lambda x: F.glu(x, -1),
    "cosine": lambda x: F.cosine_similarity(x, x.flip(0) * 2 + 1, dim=1),
}


@pytest.mark.parametrize("name", REDUCTIONS)
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_reductions_and_softmax(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    check_rules(REDUCTIONS[name], [torch.randn(2, 3, 4, dtype=torch.float64)])


VIEWS: dict[str, Callable[..., Any]] = {
    "t": lambda x: x[0].t(),
    "transpose": lambda x: x.transpose(0, -1),
    "permute": lambda x: x.permute(2, 0, -2),
    "view": lambda x: x.view(6, 4),
    "reshape": lambda x: x.transpose(0, 1).reshape(-1),
    "flatten": lambda x: x.flatten(1),
    "expand": lambda x: x[:, :1].expand(2, 5, 4),
    "unsqueeze": lambda x: x.unsqueeze(-1),
    "squeeze": lambda x: x[:, :1].squeeze(1) * x[0, :1].squeeze(),
    "select": lambda x: x.select(1, 2),
    "index int": lambda x: x[1, -1],
    "slice": lambda x: x[:, 1:, ::2],
    "slice neg": lambda x: x[-1:, :-1],
    "narrow": lambda x: x.narrow(2, 1, 2),
    "ellipsis": lambda x: x[..., 1],
    "none": lambda x: x[:, None],
    "cat": lambda x: torch.cat([x, x * 2, x[:, :1]], 1),
    "cat -1": lambda x: torch.cat([x[..., :1], x], -1),
    "stack": lambda x: torch.stack([x, x.exp()], -1),
    "split": lambda x: x.split(3, 2)[0] * x.split(3, 2)[1],
    "split one": lambda x: x.split([1, 2], 1)[1],
    "chunk": lambda x: x.chunk(2, -1)[1],
    "unbind": lambda x: x.unbind(1)[0] * x.unbind(1)[2],
    "unbind one": lambda x: x.unbind(1)[1],
    "flip": lambda x: x.flip(0, 2),
    "roll": lambda x: x.roll(1, 2),
    "roll flat": lambda x: x.roll(5),
    "roll two": lambda x: x.roll((1, -2), (0, 1)),
    "repeat": lambda x: x.repeat(2, 1, 3),
    "repeat more": lambda x: x[0].repeat(2, 3, 1),
    "tile": lambda x: x.tile(2),
    "gather": lambda x: x.gather(1, torch.tensor([[[0, 1, 2, 2]], [[1, 1, 0, 2]]])),
    "index_select": lambda x: x.index_select(1, torch.tensor([2, 0, 2])),
    "index": lambda x: x[:, torch.tensor([2, 0, 2])],
    "index two": lambda x: x[torch.tensor([0, 1, 1]), :, torch.tensor([3, 3, 0])],
    "mask": lambda x: x[x > 0],
    "masked_select": lambda x: x.masked_select(x[:1] > 0),
    "mean of index": lambda x: x[torch.tensor([True, False])],
    "diagonal": lambda x: x.diagonal(1, 1, 2),
    "diag": lambda x: x[0, :, :3].diagonal(),
    "tril": lambda x: x.tril(),
    "triu": lambda x: x.triu(1),
    "pad": lambda x: F.pad(x, (1, 2, 0, -1)),
    "unfold": lambda x: x.unfold(2, 3, 1),
    "as_strided": lambda x: (x * 1).as_strided((2, 2), (3, 2), 1),
    "swap": lambda x: x.swapaxes(0, 1).contiguous(),
    "movedim": lambda x: x.movedim(0, 2),
    "scatter": lambda x: x.scatter(1, torch.tensor([[[0, 1, 2, 1]]]), x[:1, :1] * 2),
    "scatter_add": lambda x: x.scatter_add(1, torch.tensor([[[0, 1, 2, 1]]]), x[:1, 1:2]),
    "index_put": lambda x: x.index_put((torch.tensor([0, 1]),), x[:1, :, :] * 3),
    "index_put add": lambda x: x.index_put((torch.tensor([1, 1]),), x * 3, accumulate=True),
    "scalar": lambda x: x[0, 0, 0] * x[1, 2, 3],
    "embedding": lambda x: F.embedding(torch.tensor([[0, 2], [2, 2]]), x[0]),
    "embedding pad": lambda x: (
        F.embedding(torch.tensor([0, 1, 2, 1]), x[0], padding_idx=1)
        * torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=x.dtype)[:, None]
    ),
    "embedding freq": lambda x: (
        F.embedding(torch.tensor([0, 1, 2, 1]), x[0], scale_grad_by_freq=True)
        if x.requires_grad
        else F.embedding(torch.tensor([0, 1, 2, 1]), x[0]) * torch.tensor([1, 0.5, 1, 0.5], dtype=x.dtype)[:, None]
    ),
    "index_add": lambda x: x.index_add(1, torch.tensor([2, 0, 2]), x.flip(1), alpha=2),
    "index_fill": lambda x: x.index_fill(-1, torch.tensor([1]), 3.0),
    "index_copy": lambda x: x.index_copy(1, torch.tensor([2, 0]), x[:, :2] * 2),
    "take": lambda x: x.take(torch.tensor([[0, 3], [3, 7]])),
    "trace": lambda x: x[0, :, :3].trace(),
    "diag_embed": lambda x: x.diag_embed(1),
    "reflect": lambda x: F.pad(x, (1, 2), mode="reflect"),
    "reflect 2d": lambda x: F.pad(x, (1, 3, 2, 0), mode="reflect"),
    "replicate": lambda x: F.pad(x, (1, 2, 0, 3), mode="replicate"),
    "linear": lambda x: F.interpolate(x, scale_factor=1.7, mode="linear"),
    "bilinear": lambda x: F.interpolate(x[None], size=(5, 3), mode="bilinear"),
    "bilinear scale": lambda x: F.interpolate(x[None], scale_factor=2, mode="bilinear"),
    "bilinear aligned": lambda x: F.interpolate(x[None], size=(1, 7), mode="bilinear", align_corners=True),
    "nearest 1d": lambda x: F.interpolate(x, scale_factor=2),
    "im2col": lambda x: F.unfold(x[None], (2, 1), dilation=(1, 2), padding=1, stride=2),
    "pixel_unshuffle": lambda x: F.pixel_unshuffle(x.reshape(1, 1, 4, 6), 2),
    "adaptive_max": lambda x: F.adaptive_max_pool2d(x, (2, 3)),
    **{
        f"scatter_reduce {how} {kept}": lambda x, how=how, kept=kept: x.scatter_reduce(
            1, torch.tensor([[[0, 1, 2, 1], [1, 1, 2, 1]]]), x[1:, :2] * 2, how, include_self=kept
        )
        for how in ("sum", "mean", "amax", "amin")
        for kept in (True, False)
    },
    "pixel_shuffle": lambda x: F.pixel_shuffle(x.reshape(1, 4, 2, 3), 2),
    "nearest": lambda x: F.interpolate(x[None], scale_factor=2),
    "nearest size": lambda x: F.interpolate(x[None], size=(5, 7)),
}


@pytest.mark.parametrize("name", VIEWS)
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_views_joins_and_choices_by_index(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    check_rules(VIEWS[name], [torch.randn(2, 3, 4, dtype=torch.float64)])


def _attention(**options: Any) -> Callable[..., torch.Tensor]:
    return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, **options)


PRODUCTS: dict[str, Case] = {
    "mm": (torch.mm, [(2, 3), (3, 4)]),
    "mm t": (lambda a, b: a @ b.t(), [(2, 3), (4, 3)]),
    "mv": (torch.mv, [(2, 3), (3,)]),
    "vm": (lambda a, b: a @ b, [(3,), (3, 2)]),
    "dot": (torch.dot, [(3,), (3,)]),
    "vdot": (torch.vdot, [(3,), (3,)]),
    "outer": (torch.outer, [(3,), (2,)]),
    "bmm": (torch.bmm, [(2, 3, 4), (2, 4, 2)]),
    "matmul": (torch.matmul, [(2, 3, 4), (4, 2)]),
    "matmul broadcast": (torch.matmul, [(2, 1, 3, 4), (5, 4, 2)]),
    "addmm": (lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=2), [(4,), (2, 3), (3, 4)]),
    "baddbmm": (lambda c, a, b: torch.baddbmm(c, a, b, alpha=3), [(2, 3, 2), (2, 3, 4), (2, 4, 2)]),
    "addbmm": (lambda c, a, b: torch.addbmm(c, a, b, beta=2), [(3, 2), (2, 3, 4), (2, 4, 2)]),
    "addmv": (lambda c, a, b: torch.addmv(c, a, b, alpha=2), [(2,), (2, 3), (3,)]),
    "addr": (lambda c, a, b: torch.addr(c, a, b, beta=2), [(2, 3), (2,), (3,)]),
    "linear": (F.linear, [(5, 3), (4, 3), (4,)]),
    "linear 3d": (F.linear, [(2, 5, 3), (4, 3), (4,)]),
    "linear plain": (F.linear, [(3,), (4, 3)]),
    "einsum": (lambda a, b: torch.einsum("bij,bkj->bik", a, b), [(2, 3, 4), (2, 5, 4)]),
    "einsum three": (lambda a, b, c: torch.einsum("ij,jk,k->i", a, b, c), [(2, 3), (3, 4), (4,)]),
    "tensordot": (lambda a, b: torch.tensordot(a, b, dims=2), [(2, 3, 4), (3, 4, 2)]),
    "attention": (_attention(), [(1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 4)]),
    "attention causal": (_attention(is_causal=True), [(1, 2, 3, 4)] * 3),
    "attention scale": (_attention(scale=0.3), [(2, 3, 4)] * 3),
    "attention mask": (
        _attention(attn_mask=torch.tensor([[True, False, True], [True, True, True], [False, False, True]])),
        [(1, 2, 3, 4)] * 3,
    ),
    "inverse": (lambda a: torch.linalg.inv(a + 4 * torch.eye(3, dtype=a.dtype)), [(2, 3, 3)]),
    "determinant": (lambda a: torch.linalg.det(a + 4 * torch.eye(3, dtype=a.dtype)), [(2, 3, 3)]),
    "slogdet": (lambda a: torch.linalg.slogdet(a + 4 * torch.eye(3, dtype=a.dtype))[1], [(3, 3)]),
    "solve": (lambda a, b: torch.linalg.solve(a + 4 * torch.eye(3, dtype=a.dtype), b), [(3, 3), (3, 2)]),
    "cdist": (torch.cdist, [(2, 3, 4), (2, 5, 4)]),
    "cdist 1": (lambda a, b: torch.cdist(a, b, p=1.0), [(3, 4), (5, 4)]),
    "cdist 3": (lambda a, b: torch.cdist(a, b, p=3.0), [(3, 4), (5, 4)]),
    "cross": (lambda a, b: torch.linalg.cross(a, b, dim=0), [(3, 2), (3, 2)]),
    "prelu": (F.prelu, [(2, 3, 2), (3,)]),
}


@pytest.mark.parametrize("name", PRODUCTS)
@settings(max_examples=1, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_products_and_attention(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    function, shapes = PRODUCTS[name]
    check_rules(function, [torch.randn(shape, dtype=torch.float64) for shape in shapes])


def _pooled(function: Callable[..., Any], **options: Any) -> Callable[..., torch.Tensor]:
    return lambda x: function(x, **options)


CONVOLUTIONS: dict[str, Case] = {
    "conv1d": (F.conv1d, [(2, 3, 7), (4, 3, 3), (4,)]),
    "conv1d dilated": (lambda x, w: F.conv1d(x, w, stride=2, padding=2, dilation=2), [(2, 3, 8), (4, 3, 3)]),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=1), [(2, 3, 5, 6), (4, 3, 3, 2), (4,)]),
    "conv2d groups": (lambda x, w: F.conv2d(x, w, groups=2), [(2, 4, 5, 4), (6, 2, 2, 3)]),
    "conv2d one": (lambda x, w: F.conv2d(x, w, padding="same"), [(3, 5, 4), (2, 3, 3, 3)]),
    "conv3d": (F.conv3d, [(1, 2, 3, 4, 3), (2, 2, 2, 2, 2)]),
    "transposed": (lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1), [(2, 3, 4, 3), (3, 2, 3, 3)]),
    "transposed groups": (
        lambda x, w, b: F.conv_transpose1d(x, w, b, stride=2, output_padding=1, groups=2),
        [(2, 4, 5), (4, 3, 2), (6,)],
    ),
    "max_pool1d": (_pooled(F.max_pool1d, kernel_size=2), [(2, 3, 7)]),
    "max_pool2d": (_pooled(F.max_pool2d, kernel_size=3, stride=2, padding=1), [(2, 3, 6, 5)]),
    "avg_pool1d": (_pooled(F.avg_pool1d, kernel_size=3, stride=2, padding=1), [(2, 3, 7)]),
    "avg_pool2d": (_pooled(F.avg_pool2d, kernel_size=(2, 3)), [(2, 3, 4, 7)]),
    "avg_pool2d ceil": (
        _pooled(F.avg_pool2d, kernel_size=3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
        [(2, 3, 6, 6)],
    ),
    "avg_pool2d divisor": (_pooled(F.avg_pool2d, kernel_size=2, divisor_override=3), [(2, 3, 4, 4)]),
    "adaptive": (_pooled(F.adaptive_avg_pool2d, output_size=(2, 3)), [(2, 3, 5, 7)]),
    "adaptive one": (_pooled(F.adaptive_avg_pool2d, output_size=1), [(2, 3, 5, 7)]),
    "adaptive 1d": (_pooled(F.adaptive_avg_pool1d, output_size=3), [(2, 3, 7)]),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        [(4, 3), (3,), (3,)],
    ),
    "batch_norm 2d": (lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), [(2, 3, 4, 2), (3,), (3,)]),
    "batch_norm eval": (
        lambda x, w, b: F.batch_norm(x, torch.arange(3).double(), torch.arange(1, 4).double(), w, b),
        [(4, 3), (3,), (3,)],
    ),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b), [(2, 3, 4), (4,), (4,)]),
    "layer_norm two": (lambda x: F.layer_norm(x, (3, 4)), [(2, 3, 4)]),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), [(2, 4, 3, 2), (4,), (4,)]),
    "instance_norm": (F.instance_norm, [(2, 3, 5)]),
    "rms_norm": (lambda x, w: F.rms_norm(x, (4,), w), [(2, 3, 4), (4,)]),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@settings(max_examples=1, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_convolutions_pools_and_normalisations(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    function, shapes = CONVOLUTIONS[name]
    check_rules(function, [torch.randn(shape, dtype=torch.float64) for shape in shapes], tolerance=1e-7)


TARGET = torch.tensor([0, 2, 1, -100])
WEIGHT = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
LOSSES: dict[str, Callable[..., Any]] = {
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "smooth": lambda a, b, **o: F.smooth_l1_loss(a, b, beta=0.7, **o),
    "huber": lambda a, b, **o: F.huber_loss(a, b, delta=0.6, **o),
    "bce": lambda a, b, **o: F.binary_cross_entropy(a.sigmoid(), b.sigmoid(), **o),
    "bce weight": lambda a, b, **o: F.binary_cross_entropy(a.sigmoid(), b.sigmoid(), weight=WEIGHT, **o),
    "logits": lambda a, b, **o: F.binary_cross_entropy_with_logits(a, b.sigmoid(), **o),
    "logits pos_weight": lambda a, b, **o: F.binary_cross_entropy_with_logits(
        a, b.sigmoid(), pos_weight=WEIGHT, weight=WEIGHT, **o
    ),
    "kl": lambda a, b, **o: F.kl_div(
        a.log_softmax(1), b.softmax(1), **{"reduction": "batchmean"} if o["reduction"] == "mean" else o
    ),
    "nll": lambda a, b, **o: F.nll_loss(a * b, TARGET, **o),
    "cross_entropy": lambda a, b, **o: F.cross_entropy(a + b, TARGET, **o),
    "cross_entropy weight": lambda a, b, **o: F.cross_entropy(a + b, TARGET, weight=WEIGHT, **o),
    "cross_entropy smooth": lambda a, b, **o: F.cross_entropy(a + b, TARGET, label_smoothing=0.2, **o),
    "cross_entropy soft": lambda a, b, **o: F.cross_entropy(a, b.softmax(1), **o),
    "soft margin": lambda a, b, **o: F.soft_margin_loss(
        a + b, torch.tensor([1.0, -1.0, 1.0], dtype=a.dtype).expand(4, 3), **o
    ),
    "hinge": lambda a, b, **o: (
        (1 - a * b).clamp(min=0).mean() if o["reduction"] != "none" else (1 - a * b).clamp(min=0)
    ),
    "poisson": F.poisson_nll_loss,
    "gaussian": lambda a, b, **o: F.gaussian_nll_loss(a, b, b * b + 1, **o),
    "margin": lambda a, b, **o: F.margin_ranking_loss(a, b, torch.ones(4, 3, dtype=a.dtype), 0.5, **o),
    "cosine": lambda a, b, **o: F.cosine_embedding_loss(a, b, torch.ones(4, dtype=a.dtype), **o),
    "nll 2d": lambda a, b, **o: F.nll_loss((a * b).reshape(2, 3, 2, 1), torch.tensor([[[0], [2]], [[1], [1]]]), **o),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=1, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_losses(name: str, reduction: str, seed: int) -> None:
    torch.manual_seed(seed)
    made = LOSSES[name]
    check_rules(
        lambda a, b: made(a, b, reduction=reduction), [torch.randn(4, 3, dtype=torch.float64) for _ in range(2)]
    )


def test_there_are_rules_for_the_ops_that_models_use_most() -> None:
    assert len(RULES) >= 120
