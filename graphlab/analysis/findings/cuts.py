"""Where a gradient became 0 on its way back: the nodes that got one and handed on none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from graphlab.analysis.findings.entries import Array
from graphlab.analysis.findings.snapshots import is_zero
from graphlab.recording.arguments import read_arguments

if TYPE_CHECKING:
    from graphlab.analysis.findings.flow import Flow
    from graphlab.model import Edge, Node, Snapshot

RECTIFIERS = frozenset({"Relu", "Threshold"})
_BOUNDS = frozenset(
    {"Hardtanh", "Clamp", "ClampMin", "ClampMax", "Relu6", "Hardsigmoid", "Hardswish", "Hardshrink", "Softshrink"}
)
SQUASHERS = frozenset({"Tanh", "Sigmoid", "Softmax", "SafeSoftmax", "LogSoftmax", "Softsign", "LogSigmoid", "Erf"})
_STAIRS = frozenset({"Sign", "Round", "Floor", "Ceil", "Trunc", "Heaviside", "FloorDivide", "Sgn"})
_DRAWS = frozenset({"Bernoulli", "Normal", "Poisson", "Multinomial", "Binomial"})
_PICKERS = frozenset(
    {"Where", "Maximum", "Minimum", "Max", "Min", "Amax", "Amin", "Index", "Select", "Slice", "Gather", "Topk", "Sort",
     "MaskedFill", "MaskedSelect", "IndexSelect", "Take", "Split", "Unbind", "MaxPool2DWithIndices", "Unsafe_Split",
     "IndexPut", "IndexFill", "Kthvalue", "Median", "Embedding", "IndexPutImpl", "CopySlices", "MaskedScatter"}
)  # fmt: skip
_PRODUCTS = frozenset({"Mul", "Mm", "Addmm", "Bmm", "Baddbmm", "Mv", "Dot", "Addmv", "Convolution", "Linear", "Addcmul",
                       "ReshapeAlias", "Lerp", "Pow", "Div"})  # fmt: skip
_BIASES = {"Addmm": 0, "Addmv": 0, "Baddbmm": 0, "Convolution": 2, "NativeLayerNorm": 2, "NativeBatchNorm": 2}
"""By op: which input is a bias. Its gradient is a sum over the samples, which may be 0 although none of them is."""
_PASSES = frozenset(
    {"T", "View", "UnsafeView", "ReshapeAlias", "Transpose", "Permute", "Expand", "Squeeze", "Unsqueeze", "Clone",
     "Mul", "NativeDropout", "Tanh", "Gelu", "LeakyRelu", "Silu", "Elu", "Relu", "Threshold", "Slice",
     "MaxPool2DWithIndices", "ToCopy", "Mm", "Bmm", "Mean", "Sum", "AvgPool2D", "Amax", "Max", "AdaptiveAvgPool2D",
     "AdaptiveMaxPool2D", "MaxPool3DWithIndices", "AvgPool3D", "Select", "Split", "Unbind", "Index", "IndexSelect",
     "Gather", "Cat", "Stack", "Repeat", "Neg", "Abs", "Cumsum", "UpsampleNearest2D", "UpsampleBilinear2D", "Linear"}
)  # fmt: skip
"""Ops that make 0 of 0."""
_HORIZON = 5_000
_SMALL_IN_HALF = 1e-3
"""A gradient below which a product may well round to 0 in float16, whose least number is 6e-8."""


@dataclass(frozen=True)
class Cut:
    """A node that got a gradient and handed on 0, and why."""

    cause: str
    node: Node
    """The node that is to blame: it made the zero that the gradient was multiplied by, or is the cut itself."""
    cut: Node
    slot: int
    share: float | None = None
    """Of entries (or units) that hand on nothing."""
    factor: str = ""
    """The name of what was 0."""


def stem(node: Node) -> str:
    """Return the name of a node's op: `Relu` of `ReluBackward0`."""
    return (node.op or "").rstrip("0123456789").removesuffix("Backward")


def find_cuts(flow: Flow, leaf: int) -> list[Cut]:
    """Return where the gradient of a leaf became 0, towards the loss; in the order of the forward."""
    found: dict[tuple[int, int], Cut] = {}
    waiting, seen = [leaf], {leaf}
    for source in waiting:
        edges = flow.users.get(source, [])
        for edge in edges if len(seen) < _HORIZON else ():
            norm, above = flow.edge_norm(edge), flow.upstream_norm(edge.target)
            if norm is None or above is None:
                continue
            if norm > 0:
                found[edge.target, -1] = Cut("cancels", flow.nodes[source], flow.nodes[source], edge.slot)
            elif above != 0:  # also NaN: a rectifier makes 0 of it
                found[edge.target, edge.slot] = explain_cut(flow, edge)
            elif edge.target not in seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    return sorted(found.values(), key=lambda cut: cut.cut.id)


def explain_cut(flow: Flow, edge: Edge) -> Cut:
    """Say why a node handed on no gradient along an edge."""
    node = flow.nodes[edge.target]
    name = stem(node)
    if name in RECTIFIERS:
        return Cut("rectified", node, node, edge.slot, zero_share(flow.value(node)))
    if name in _BOUNDS:
        return Cut("clamped", node, node, edge.slot, 1.0)
    if name in SQUASHERS:
        alone = name.endswith("oftmax") and (node.shape or ())[-1:] == (1,)
        return Cut("softmax-of-one" if alone else "saturated", node, node, edge.slot, 1.0)
    if name in _STAIRS:
        return Cut("stairs", node, node, edge.slot)
    if name in _PICKERS:
        return Cut("not-taken", node, node, edge.slot)
    if name in _DRAWS:
        return Cut("drawn", node, node, edge.slot)
    if _is_underflow(flow, edge, node):
        return Cut("underflow", node, node, edge.slot)
    if name == "NativeDropout":
        return Cut("dropped", node, node, edge.slot)
    if _is_summed(flow, edge, node):
        return Cut("balanced", node, node, edge.slot)
    if name in _PRODUCTS:
        return _explain_product(flow, edge, node)
    return Cut("other", node, node, edge.slot)


def _is_underflow(flow: Flow, edge: Edge, node: Node) -> bool:
    """Whether a gradient in half precision was so small that what an op made of it is 0 by rounding."""
    if flow.step.detail == "light":  # its numbers are not known, but their size is
        size = flow.upstream_norm(node.id)
        return node.dtype == "float16" and stem(node) in _PRODUCTS and size is not None and 0 < size < _SMALL_IN_HALF
    sent, came = flow.edge_gradient(edge), flow.upstream(node.id)
    if sent is None or came is None or sent.dtype != "float16" or came.array is None or not came.array.size:
        return False
    largest = float(numpy.abs(numpy.asarray(came.array, "f8")).max())
    given = [each for each in flow.given(node) if each is not None]
    arguments = read_arguments(flow.recording, node.id)
    numbers = arguments.numbers.values() if arguments is not None else ()
    return 0 < largest < _SMALL_IN_HALF and not any(map(is_zero, given)) and 0 not in numbers


def _is_summed(flow: Flow, edge: Edge, node: Node) -> bool:
    """Whether what an input gets is the sum of the gradient that comes: that of a bias."""
    name, source = stem(node), flow.nodes[edge.source]
    if name in {"Add", "Sub"}:
        return math.prod(source.shape or ()) < math.prod(node.shape or ())
    return source.kind != "op" and edge.slot == _BIASES.get(name)


def _explain_product(flow: Flow, edge: Edge, node: Node) -> Cut:
    """Tell which factor was 0, and who made it so."""
    others = [each for each in flow.inputs.get(node.id, ()) if each.slot != edge.slot]
    for other in others:
        maker = flow.nodes[other.source]
        value = flow.recording.value(maker.id, flow.step.last)
        if maker.kind in {"parameter", "leaf"}:
            value = _value_before(flow, maker)
        if not is_zero(value):
            continue
        blamed = _who_made_zero(flow, maker)
        if stem(blamed) in RECTIFIERS:
            return Cut("rectified", blamed, node, edge.slot, zero_share(flow.value(blamed)))
        cause = "zero-parameter" if blamed.kind in {"parameter", "leaf"} else "zero-factor"
        return Cut(cause, blamed if blamed.line else node, node, edge.slot, factor=_name(flow, blamed))
    given = [each for each in flow.given(node) if each is not None]
    if len(given) > 1 and any(map(is_zero, given)):
        return Cut("zero-factor", node, node, edge.slot)
    return Cut("zero-number" if len(given) <= 1 and stem(node) in {"Mul", "Div"} else "other", node, node, edge.slot)


def _value_before(flow: Flow, leaf: Node) -> Snapshot | None:
    """Return what a parameter was when the step's backward ran: before its update."""
    return flow.recording.value(leaf.id, flow.recording.last_backward_end(flow.step))


def _who_made_zero(flow: Flow, node: Node) -> Node:
    """Follow zeros back through ops that only pass them on."""
    for _ in range(50):
        name = stem(node)
        if node.kind != "op" or name not in _PASSES:
            return node
        sources = [flow.nodes[edge.source] for edge in flow.inputs.get(node.id, ())]
        zeros = [
            each for each in sources if is_zero(_value_before(flow, each) if each.kind != "op" else flow.value(each))
        ]
        if not zeros:
            return node
        node = zeros[0]
    return node


def _name(flow: Flow, node: Node) -> str:
    names = flow.recording.names(flow.step.last)
    return node.name or next(iter(names.get(node.id, ())), "") or (node.call or node.op or node.kind)


def zero_share(value: Snapshot | None) -> float | None:
    """Return the share of units of which no entry gets through; of a large tensor the share of entries."""
    dead = dead_units(value)
    return float(dead.mean()) if dead is not None and dead.size else None


def stopped(array: Array) -> Array:
    """Say which outputs of a rectifier hand on no gradient."""
    return numpy.asarray(array <= 0)


def dead_units(value: Snapshot | None) -> Array | None:
    """Say which units of a layer's output hand on nothing for any sample: units are the last axis, or channels.

    Of a tensor that was kept as a sample only the units in it are told of, each seen at a few places.
    """
    if value is None or value.array is None or not value.array.size:
        return None
    flat = numpy.asarray(value.array, "f8").ravel()
    shape = value.shape
    if len(shape) < 2:
        return stopped(flat)
    channels = len(shape) in {4, 5}
    count = shape[1] if channels else shape[-1]
    within = math.prod(shape[2:]) if channels else 1
    units = (numpy.arange(flat.size) * value.stride // within) % count
    is_seen = numpy.bincount(units, minlength=count) > 0
    is_alive = numpy.bincount(units, ~stopped(flat), minlength=count) > 0
    return numpy.asarray(~is_alive[is_seen])
