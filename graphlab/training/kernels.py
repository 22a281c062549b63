"""The ops of a forward in numpy, each found by what it was seen to do.

A recording holds what went into an op and what came out, but not every number that it was called with (a dimension, an
exponent). So for each op there is a list of forms that it may have, and the one that turns the recorded inputs into the
recorded output is taken: what cannot be told apart by the values of a step does the same on them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy

Array = numpy.ndarray[Any, Any]
Kernel = Callable[..., Array]
Forms = Callable[[Sequence[Array], Array], Iterable[Kernel]]

_TOLERANCE = 2e-4
"""Of the largest number: float32, summed in another order."""


def find_kernel(op: str, inputs: Sequence[Array], output: Array) -> Kernel | None:
    """Return a function that does to any inputs what an op did to these, or None where none of those known does."""
    if op in _AS_IT_IS:
        return _first_input
    with numpy.errstate(all="ignore"):
        for kernel in _candidates(op, inputs, output):
            try:
                found = kernel(*inputs)
            except (ValueError, IndexError, TypeError):
                continue
            if _is_alike(found, output):
                return kernel
    return None


def _candidates(op: str, inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    name = op.rstrip("_")
    if name in _FUNCTIONS:
        yield _FUNCTIONS[name]
    if name in _FORMS:
        yield from _FORMS[name](inputs, output)


def _is_alike(found: Array, output: Array) -> bool:
    found = numpy.asarray(found)
    if found.shape != output.shape:
        return False
    finite = numpy.abs(output[numpy.isfinite(output)]) if output.size else output
    scale = float(finite.max()) if finite.size else 0.0
    return bool(numpy.allclose(found, output, rtol=_TOLERANCE, atol=_TOLERANCE * scale + 1e-12, equal_nan=True))


def _first_input(first: Array, *_: Array) -> Array:
    return first


# -- functions -------------------------------------------------------------------------------------------------------


def _sigmoid(x: Array) -> Array:
    return numpy.where(x >= 0, 1 / (1 + numpy.exp(-numpy.abs(x))), 1 - 1 / (1 + numpy.exp(-numpy.abs(x))))


def _softplus(x: Array) -> Array:
    return numpy.logaddexp(0.0, x)


_erf: Kernel = numpy.vectorize(math.erf, otypes=["f8"])


def _addmm(bias: Array, first: Array, second: Array) -> Array:
    product: Array = first @ second + bias
    return product


def _linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    product: Array = x @ weight.T
    return product if bias is None else product + bias


_FUNCTIONS: dict[str, Kernel] = {
    "neg": numpy.negative, "exp": numpy.exp, "log": numpy.log, "sqrt": numpy.sqrt, "tanh": numpy.tanh,
    "abs": numpy.abs, "sin": numpy.sin, "cos": numpy.cos, "reciprocal": numpy.reciprocal, "square": numpy.square,
    "log1p": numpy.log1p, "expm1": numpy.expm1, "log2": numpy.log2, "log10": numpy.log10, "atan": numpy.arctan,
    "sigmoid": _sigmoid, "softplus": _softplus,
    "logsigmoid": lambda x: -_softplus(-x), "log_sigmoid": lambda x: -_softplus(-x),
    "rsqrt": lambda x: 1 / numpy.sqrt(x),
    "relu": lambda x: numpy.maximum(x, 0), "relu6": lambda x: numpy.clip(x, 0, 6),
    "hardtanh": lambda x: numpy.clip(x, -1, 1), "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: 0.5 * x * (1 + _erf(x / math.sqrt(2))),
    "selu": lambda x: 1.0507009873554805 * numpy.where(x > 0, x, 1.6732632423543772 * numpy.expm1(x)),
    "mish": lambda x: x * numpy.tanh(_softplus(x)), "softsign": lambda x: x / (1 + numpy.abs(x)),
    "matmul": numpy.matmul, "mm": numpy.matmul, "bmm": numpy.matmul, "mv": numpy.matmul, "dot": numpy.dot,
    "addmm": _addmm, "linear": _linear, "t": numpy.transpose, "numpy_T": numpy.transpose,
    "maximum": numpy.maximum, "minimum": numpy.minimum, "outer": numpy.outer,
}  # fmt: skip
_AS_IT_IS = {"dropout", "clone", "contiguous", "to", "float", "double", "identity", "detach", "alias", "type_as"}
"""What hands its input on. Dropout too: a picture shows what the model says when it is asked, not while it trains."""


# -- numbers that were not recorded ----------------------------------------------------------------------------------


def _ratio(over: Array, under: Array) -> float:
    """Return the number that turns one array into another, told where that is told best."""
    over, under = numpy.broadcast_arrays(over, under)
    place = numpy.unravel_index(numpy.argmax(numpy.abs(under)), under.shape)
    return _rounded(float(over[place] / under[place])) if under.size else math.nan


def _rounded(number: float) -> float:
    """Return the number that a person wrote, where what was found is that but for rounding: 0.5, 1/50."""
    if not math.isfinite(number) or number == 0:
        return number
    for near in (float(f"{number:.4g}"), 1 / round(1 / number) if abs(number) < 0.5 else float(round(number))):
        if math.isclose(number, near, rel_tol=3e-6):
            return near
    return number


def _shift(output: Array, first: Array) -> float:
    return _rounded(float(numpy.median(output - first))) if output.size else math.nan


def _add(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    if len(inputs) == 2:
        yield numpy.add
        scale = _ratio(output - inputs[0], inputs[1])
        yield lambda a, b: a + scale * b
    else:
        shift = _shift(output, inputs[0])
        yield lambda a: a + shift


def _sub(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    if len(inputs) == 2:
        yield numpy.subtract
        scale = _ratio(inputs[0] - output, inputs[1])
        yield lambda a, b: a - scale * b
    else:
        shift = _shift(inputs[0], output)
        yield lambda a: a - shift
        yield from _rsub(inputs, output)


def _rsub(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    if len(inputs) == 2:
        yield lambda a, b: b - a
    else:
        total = _shift(output, -inputs[0])
        yield lambda a: total - a


def _mul(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    if len(inputs) == 2:
        yield numpy.multiply
    else:
        scale = _ratio(output, inputs[0])
        yield lambda a: a * scale


def _div(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    if len(inputs) == 2:
        yield numpy.divide
        return
    scale = _ratio(output, inputs[0])
    yield lambda a: a * scale
    over = _ratio(output, 1 / inputs[0])
    yield lambda a: over / a


def _pow(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    if len(inputs) == 2:
        yield numpy.power
        return
    for exponent in (2.0, 3.0, 0.5, -1.0, 4.0, -0.5, 1.0, 0.0):
        yield lambda a, exponent=exponent: a**exponent
    exponent = _ratio(numpy.log(numpy.abs(output)), numpy.log(numpy.abs(inputs[0])))
    yield lambda a: a**exponent
    base = math.exp(_ratio(numpy.log(output), inputs[0])) if (output > 0).all() else math.nan
    yield lambda a: base**a


def _clamp(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    low, high = float(output.min()), float(output.max())
    if len(inputs) == 1:
        yield lambda a: a
        yield lambda a: numpy.maximum(a, low)
        yield lambda a: numpy.minimum(a, high)
        yield lambda a: numpy.clip(a, low, high)


def _leaky(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    below = inputs[0] < 0
    slope = _ratio(output[below], inputs[0][below]) if below.any() else 0.01
    yield lambda a: numpy.where(a > 0, a, slope * a)


def _elu(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    below = inputs[0] < 0
    alpha = _ratio(output[below], numpy.expm1(inputs[0][below])) if below.any() else 1.0
    yield lambda a: numpy.where(a > 0, a, alpha * numpy.expm1(numpy.minimum(a, 0)))


def _where(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    if len(inputs) == 3:
        yield lambda mask, a, b: numpy.asarray(numpy.where(mask != 0, a, b))


# -- dimensions that were not recorded -------------------------------------------------------------------------------


def _axes(array: Array) -> list[Any]:
    several = [axes for count in range(2, array.ndim) for axes in itertools.combinations(range(array.ndim), count)]
    return [None, *range(array.ndim - 1, -1, -1), *several]


def _reduction(reduce: Callable[..., Array]) -> Forms:
    def forms(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
        if output.ndim == inputs[0].ndim == 0:
            yield lambda a: reduce(a, axis=None, keepdims=False)
        for axis in _axes(inputs[0]):
            for keepdims in (False, True):
                yield lambda a, axis=axis, keepdims=keepdims: reduce(a, axis=axis, keepdims=keepdims)

    return forms


def _logsumexp(a: Array, axis: Any, *, keepdims: bool) -> Array:
    top = a.max(axis=axis, keepdims=True)
    total = numpy.log(numpy.exp(a - top).sum(axis=axis, keepdims=True)) + top
    return numpy.asarray(total if keepdims else numpy.squeeze(total, axis=axis))


def _norm(a: Array, axis: Any, *, keepdims: bool) -> Array:
    return numpy.asarray(numpy.sqrt((a * a).sum(axis=axis, keepdims=keepdims)))


def _variance(a: Array, axis: Any, *, keepdims: bool) -> Array:
    return numpy.asarray(a.var(axis=axis, keepdims=keepdims, ddof=1))


def _deviation(a: Array, axis: Any, *, keepdims: bool) -> Array:
    return numpy.asarray(a.std(axis=axis, keepdims=keepdims, ddof=1))


def _along(function: Callable[[Array, int], Array]) -> Forms:
    """Return the forms of what goes along one dimension and keeps the shape."""

    def forms(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
        for axis in range(inputs[0].ndim - 1, -1, -1):
            yield lambda a, axis=axis: function(a, axis)

    return forms


def _softmax(a: Array, axis: int) -> Array:
    return numpy.asarray(numpy.exp(a - _logsumexp(a, axis, keepdims=True)))


def _log_softmax(a: Array, axis: int) -> Array:
    return numpy.asarray(a - _logsumexp(a, axis, keepdims=True))


def _gather(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    for axis in range(inputs[0].ndim - 1, -1, -1):
        yield lambda a, index, axis=axis: numpy.take_along_axis(a, index.astype("i8"), axis)


def _joined(join: Callable[..., Array]) -> Forms:
    def forms(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
        for axis in range(output.ndim):
            yield lambda *parts, axis=axis: join(parts, axis=axis)

    return forms


def _reshape(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    rest = output.shape[1:]
    if output.shape == inputs[0].shape:
        yield lambda a: a
    if inputs[0].ndim and output.ndim and inputs[0].shape[0] == output.shape[0]:
        yield lambda a: a.reshape(len(a), *rest)
    if output.ndim:
        yield lambda a: a.reshape(-1, *rest)
    yield lambda a: a.reshape(output.shape)


def _permute(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    if inputs[0].ndim <= 4:
        for order in itertools.permutations(range(inputs[0].ndim)):
            yield lambda a, order=order: a.transpose(order)


def _expand(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    yield lambda a: numpy.broadcast_to(a, output.shape)


def _select(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    """Yield what takes a part: an index in one dimension, a slice of one, or the rows that a tensor names."""
    if len(inputs) == 2:
        yield lambda a, index: a[index.astype(bool if index.dtype == bool else "i8")]
        return
    source = inputs[0]
    for axis in range(source.ndim - 1, -1, -1):
        if output.ndim == source.ndim - 1:
            for index in range(min(source.shape[axis], 256)):
                yield lambda a, axis=axis, index=index: a.take(index, axis=axis)
        if output.ndim == source.ndim:
            for start in range(min(source.shape[axis] - output.shape[axis] + 1, 256)):
                piece = slice(start, start + output.shape[axis])
                yield lambda a, axis=axis, piece=piece: a[(slice(None),) * axis + (piece,)]
    yield from _reshape(inputs, output)  # x[:, None]


# -- losses and normalisations ---------------------------------------------------------------------------------------


def _loss(each: Kernel) -> Forms:
    """Return the forms of a loss: the mean of what each entry costs, their sum, or all of them."""

    def forms(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
        yield lambda *parts: numpy.asarray(each(*parts).mean())
        yield lambda *parts: numpy.asarray(each(*parts).sum())
        yield each

    return forms


def _cross_entropy(p: Array, y: Array) -> Array:
    """Return the cost of each probability; as torch does, no logarithm below -100."""
    costs: Array = -(y * numpy.maximum(numpy.log(p), -100) + (1 - y) * numpy.maximum(numpy.log(1 - p), -100))
    return costs


def _cross_entropy_of_logits(z: Array, y: Array) -> Array:
    costs: Array = numpy.maximum(z, 0) - z * y + numpy.log1p(numpy.exp(-numpy.abs(z)))
    return costs


def _negative_likelihood(log_p: Array, y: Array) -> Array:
    costs: Array = -numpy.take_along_axis(log_p, y.astype("i8")[:, None], 1)[:, 0]
    return costs


def _smooth(difference: Array) -> Array:
    size = numpy.abs(difference)
    return numpy.where(size < 1, 0.5 * size * size, size - 0.5)


def _layer_norm(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    for count in range(1, inputs[0].ndim + 1):
        axes = tuple(range(inputs[0].ndim - count, inputs[0].ndim))

        def kernel(x: Array, weight: Any = 1.0, bias: Any = 0.0, axes: tuple[int, ...] = axes) -> Array:
            spread = numpy.sqrt(x.var(axis=axes, keepdims=True) + 1e-5)
            return numpy.asarray((x - x.mean(axis=axes, keepdims=True)) / spread * weight + bias)

        yield kernel


def _batch_norm(inputs: Sequence[Array], output: Array) -> Iterator[Kernel]:
    """Yield it with the mean and spread of the recorded batch: a picture's grid is no batch of the data."""
    axes = (0, *range(2, inputs[0].ndim))
    mean, spread = inputs[0].mean(axis=axes, keepdims=True), numpy.sqrt(inputs[0].var(axis=axes, keepdims=True) + 1e-5)
    shape = mean.shape[1:]

    def kernel(x: Array, weight: Any = 1.0, bias: Any = 0.0, *_: Array) -> Array:
        return numpy.asarray((x - mean) / spread * numpy.reshape(weight, shape) + numpy.reshape(bias, shape))

    if inputs[0].ndim > 1:
        yield kernel


_FORMS: dict[str, Forms] = {
    "add": _add, "sub": _sub, "rsub": _rsub, "mul": _mul, "div": _div, "true_divide": _div, "pow": _pow,
    "clamp": _clamp, "clamp_min": _clamp, "clamp_max": _clamp, "clip": _clamp, "threshold": _clamp,
    "leaky_relu": _leaky, "elu": _elu, "where": _where,
    "sum": _reduction(numpy.sum), "mean": _reduction(numpy.mean), "prod": _reduction(numpy.prod),
    "amax": _reduction(numpy.max), "amin": _reduction(numpy.min), "max": _reduction(numpy.max),
    "min": _reduction(numpy.min), "logsumexp": _reduction(_logsumexp), "norm": _reduction(_norm),
    "linalg_vector_norm": _reduction(_norm), "var": _reduction(_variance), "std": _reduction(_deviation),
    "softmax": _along(_softmax), "log_softmax": _along(_log_softmax), "gather": _gather,
    "cat": _joined(numpy.concatenate), "stack": _joined(numpy.stack),
    "view": _reshape, "reshape": _reshape, "flatten": _reshape, "unsqueeze": _reshape, "squeeze": _reshape,
    "ravel": _reshape, "_unsafe_view": _reshape, "unflatten": _reshape, "view_as": _reshape,
    "permute": _permute, "transpose": _permute, "movedim": _permute, "expand": _expand, "expand_as": _expand,
    "getitem": _select, "select": _select, "slice": _select, "narrow": _select, "index_select": _select,
    "index": _select,
    "mse_loss": _loss(lambda a, b: (a - b) ** 2), "l1_loss": _loss(lambda a, b: numpy.abs(a - b)),
    "smooth_l1_loss": _loss(lambda a, b: _smooth(a - b)), "huber_loss": _loss(lambda a, b: _smooth(a - b)),
    "nll_loss": _loss(_negative_likelihood), "nll_loss_nd": _loss(_negative_likelihood),
    "binary_cross_entropy": _loss(_cross_entropy),
    "binary_cross_entropy_with_logits": _loss(_cross_entropy_of_logits),
    "layer_norm": _layer_norm, "native_layer_norm": _layer_norm, "batch_norm": _batch_norm,
    "native_batch_norm": _batch_norm,
}  # fmt: skip
"""By the name of an op: the forms that it may have had."""
