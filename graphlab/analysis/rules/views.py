"""Rules of ops that only move numbers: views, slices, joins, and choices by index. Each is undone on the way back."""

from __future__ import annotations

from typing import Any

import numpy

from graphlab.analysis.rules.facts import Array, Facts, MissingFactError, Rule, Shape, each, rule, sum_to
from graphlab.language import _


def _reshaped(facts: Facts) -> Array:
    return facts.g.reshape(facts.size)


def _permuted(facts: Facts) -> Array:
    return facts.g.transpose(numpy.argsort([axis % facts.g.ndim for axis in facts["dims"]]))


def _transposed(facts: Facts) -> Array:
    return numpy.swapaxes(facts.g, facts["dim0"], facts["dim1"]) if facts.g.ndim else facts.g


def _into(shape: Shape, place: tuple[slice | int, ...], gradient: Array) -> Array:
    """Put a gradient where the elements came from, among zeros."""
    whole = numpy.zeros(shape)
    whole[place] = gradient
    return whole


def _selected(facts: Facts) -> Array:
    place = [slice(None)] * (facts["dim"] % len(facts.size))
    return _into(facts.size, (*place, facts["index"]), facts.g)


def _sliced(facts: Facts) -> Array:
    shape, axis = facts.size, facts["dim"] % len(facts.size)
    count = shape[axis]
    start, end = (
        max(edge + count, 0) if edge < 0 else edge for edge in (facts.get("start", 0), facts.get("end", count))
    )
    return _into(shape, (*[slice(None)] * axis, slice(start, min(end, count), facts.get("step", 1))), facts.g)


def _pieces(facts: Facts, sizes: list[int]) -> Array:
    """Join the gradients of several pieces; a piece that nothing came back to counts as zeros."""
    shape, axis = facts.size, facts["dim"]
    parts = []
    for piece, size in enumerate(sizes):
        own = list(shape)
        own[axis] = size
        gradient = facts.upstream[piece] if piece < len(facts.upstream) else None
        parts.append(numpy.zeros(own) if gradient is None else gradient)
    return numpy.concatenate(parts, axis=axis)


def _split(facts: Facts) -> Array:
    count, size = facts.size[facts["dim"]], facts["split_size"]
    return _pieces(facts, [min(size, count - start) for start in range(0, count, size)])


def _unbound(facts: Facts) -> Array:
    known = next((gradient for gradient in facts.upstream if gradient is not None), None)
    if known is None:
        raise MissingFactError("∂L/∂y")
    parts = [numpy.zeros(known.shape) if gradient is None else gradient for gradient in facts.upstream]
    return numpy.stack(parts, axis=facts["dim"])


def _joined(facts: Facts, slot: int) -> Array:
    """Cut out of the gradient what belongs to one of the tensors that were joined."""
    if slot not in facts.shapes or any(place not in facts.shapes for place in range(slot)):
        raise MissingFactError("shape")
    if facts.shapes[slot] == (0,):
        return numpy.zeros((0,))
    axis = facts["dim"] % facts.g.ndim
    begin = sum(facts.shapes[place][axis] for place in range(slot) if facts.shapes[place] != (0,))
    return facts.g[(*[slice(None)] * axis, slice(begin, begin + facts.shapes[slot][axis]))]


def _stacked(facts: Facts, slot: int) -> Array:
    return numpy.take(facts.g, slot, axis=facts["dim"])


def _rolled(facts: Facts) -> Array:
    shifts, dims = facts["shifts"], facts.get("dims", [])
    if not dims:
        return numpy.roll(facts.g.ravel(), -shifts[0]).reshape(facts.g.shape)
    return numpy.roll(facts.g, [-shift for shift in shifts], axis=tuple(dims))


def _repeated(facts: Facts) -> Array:
    shape, repeats = facts.size, list(facts["repeats"])
    own = (1,) * (len(repeats) - len(shape)) + tuple(shape)
    pairs = [size for pair in zip(repeats, own, strict=True) for size in pair]
    return facts.g.reshape(pairs).sum(axis=tuple(range(0, len(pairs), 2))).reshape(shape)


def _along(index: Array, axis: int) -> tuple[Array, ...]:
    """Return the places that an index along an axis names, as numpy asks for them."""
    where: list[Array] = list(numpy.indices(index.shape))
    where[axis] = index
    return tuple(where)


def _gathered(facts: Facts) -> Array:
    result = numpy.zeros(facts.size)
    if not result.ndim:
        return facts.g.sum().reshape(())
    numpy.add.at(result, _along(facts["index"].astype(int), facts["dim"]), facts.g)
    return result


def _index_selected(facts: Facts) -> Array:
    result = numpy.zeros(facts.size)
    axis = facts["dim"] % max(result.ndim, 1)
    numpy.add.at(result, (*[slice(None)] * axis, facts["index"].astype(int)), facts.g)
    return result


def _index(facts: Facts) -> tuple[Any, ...]:
    """Return the index of `x[…]` by tensors: a slice where a dimension has none."""
    found: dict[int, Array] = {}
    for name, value in facts.saved.items():
        if name == "indices" and isinstance(value, numpy.ndarray):
            found[0] = value
        elif name.startswith("indices["):
            found[int(name[8:-1])] = value
    if not found:
        raise MissingFactError("indices")
    places: list[Any] = []
    for axis in range(max(found) + 1):
        index = found.get(axis)
        kept = index is not None and index.dtype != bool
        places.append(slice(None) if index is None else index.astype(int) if kept else index)
    return tuple(places)


def _indexed(facts: Facts) -> Array:
    result = numpy.zeros(facts.size)
    numpy.add.at(result, _index(facts), facts.g)
    return result


def _put(facts: Facts, slot: int) -> Array:
    if slot:
        values = facts.g[_index(facts)]
        return sum_to(values, facts.shapes[slot]) if slot in facts.shapes else values
    result = facts.g.copy()
    if not facts.get("accumulate", False):
        result[_index(facts)] = 0.0
    return result


def _scattered(facts: Facts, slot: int) -> Array:
    index, axis = facts["index"].astype(int), facts["dim"]
    if slot:
        return facts.g[_along(index, axis)]
    result = facts.g.copy()
    result[_along(index, axis)] = 0.0
    return result


def _scatter_added(facts: Facts, slot: int) -> Array:
    return facts.g[_along(facts["index"].astype(int), facts["dim"])] if slot else facts.g


def _diagonal(facts: Facts) -> Array:
    result = numpy.zeros(facts.size)
    first, second, offset = facts["dim1"], facts["dim2"], facts["offset"]
    moved = numpy.moveaxis(result, (first, second), (-2, -1))
    count = facts.g.shape[-1]
    rows = numpy.arange(count) + max(-offset, 0)
    moved[..., rows, rows + offset] = facts.g
    return result


def _padded(facts: Facts) -> Array:
    pad = list(facts["pad"])
    gradient = facts.g
    shape = list(gradient.shape)
    cuts = [slice(None)] * gradient.ndim
    grown: dict[int, tuple[int, int]] = {}
    for place in range(len(pad) // 2):
        axis = gradient.ndim - 1 - place
        before, after = pad[2 * place], pad[2 * place + 1]
        cuts[axis] = slice(max(before, 0), shape[axis] - max(after, 0))
        grown[axis] = max(-before, 0), max(-after, 0)
    # A negative pad has cut elements away: they get zeros.
    return numpy.pad(gradient[tuple(cuts)], [grown.get(axis, (0, 0)) for axis in range(gradient.ndim)])


def _masked_selected(facts: Facts) -> Array:
    x, mask = facts["self"], facts["mask"].astype(bool)
    shape = numpy.broadcast_shapes(x.shape, mask.shape)
    result = numpy.zeros(shape)
    result[numpy.broadcast_to(mask, shape)] = facts.g
    return sum_to(result, x.shape)


def _unfolded(facts: Facts) -> Array:
    result = numpy.zeros(facts.size)
    axis, step = facts["dimension"] % result.ndim, facts["step"]
    windows = numpy.moveaxis(facts.g, axis, 0)
    along = numpy.moveaxis(result, axis, -1)
    for place, window in enumerate(windows):
        along[..., place * step : place * step + facts["size"]] += window
    return result


def _strided(facts: Facts) -> Array:
    result = numpy.zeros(facts.size)
    place = _places(facts.get("size", []), facts.get("stride", []), facts.get("storage_offset", 0))
    numpy.add.at(result.reshape(-1), place, facts.g)
    return result


def _gathered_pixels(facts: Facts) -> Array:
    """Undo a pixel shuffle: each pixel goes back into the channel that it came from."""
    factor = facts["upscale_factor"]
    *outer, channels, height, width = facts.g.shape
    blocks = facts.g.reshape(*outer, channels, height // factor, factor, width // factor, factor)
    rank = len(outer)
    order = (*range(rank + 1), rank + 2, rank + 4, rank + 1, rank + 3)
    return blocks.transpose(order).reshape(*outer, channels * factor * factor, height // factor, width // factor)


def _places(size: list[int], stride: list[int], offset: int) -> Array:
    """Return where in memory the elements of a view lie."""
    place = numpy.full(size, offset)
    for axis, step in enumerate(stride):
        steps = numpy.arange(size[axis]) * step
        place = place + steps.reshape([-1 if other == axis else 1 for other in range(len(size))])
    return place


def _overwritten(facts: Facts, slot: int) -> Array:
    """Part the gradient of a tensor that was overwritten in places: what is there now has its own share."""
    if "offset" not in facts.saved:
        raise MissingFactError(_("where, and by what, it was changed in place"))
    whole = _places(facts["base_size"], facts["base_stride"], 0)
    mine = _places(facts["size"], facts["stride"], facts["offset"])
    if slot == 0:
        return facts.g * ~numpy.isin(whole, mine)
    order = numpy.argsort(whole.ravel())
    found = order[numpy.searchsorted(whole.ravel()[order], mine.ravel())]
    return facts.g.ravel()[found].reshape(mine.shape)


def _embedded(facts: Facts) -> Array:
    indices = facts["indices"].astype(int).ravel()
    rows = facts.g.reshape(len(indices), -1)
    result = numpy.zeros((facts["weight_sym_argsize_0"], rows.shape[1]))
    padding = facts.get("padding_idx", -1)
    if facts.get("scale_grad_by_freq", False):
        counts = numpy.bincount(indices, minlength=len(result))
        rows = rows / counts[indices][:, None]
    kept = indices != padding
    numpy.add.at(result, indices[kept], rows[kept])
    return result


def _index_filled(facts: Facts) -> Array:
    gradient = numpy.moveaxis(facts.g.copy(), facts["dim"], 0) if facts.g.ndim else facts.g.copy()
    gradient[facts["index"].astype(int)] = 0.0
    return numpy.moveaxis(gradient, 0, facts["dim"]) if facts.g.ndim else gradient


def _at_index(facts: Facts) -> Array:
    """Return the gradient at the places along a dimension that something was written or added to."""
    return numpy.take(facts.g, facts["index"].astype(int), facts["dim"]) if facts.g.ndim else facts.g


def _taken(facts: Facts) -> Array:
    result = numpy.zeros(facts.size)
    numpy.add.at(result.reshape(-1), facts["index"].astype(int), facts.g)
    return result


def _scatter_reduced(facts: Facts, slot: int) -> Array:
    """Part the gradient between what was there and what was scattered onto it."""
    index, axis, how = facts["index"].astype(int), facts["dim"], facts["reduce"]
    is_kept = facts["include_self"]
    own, share = numpy.ones(facts.g.shape), facts.g
    if how == "mean":
        counts = numpy.full(facts.g.shape, float(is_kept))
        numpy.add.at(counts, _along(index, axis), 1.0)
        share = facts.g / numpy.maximum(counts, 1.0)
    elif how in {"amax", "amin"}:
        own = (facts["self"] == facts["result"]).astype(float)
        theirs = facts["src"][tuple(map(slice, index.shape))] == facts["result"][_along(index, axis)]
        counts = own.copy()
        numpy.add.at(counts, _along(index, axis), theirs)
        with numpy.errstate(divide="ignore", invalid="ignore"):
            share = facts.g / counts
    elif how != "sum":
        raise MissingFactError(_("what a product needs"))
    if slot == 0:
        mine = numpy.where(own > 0, share, 0.0)
        if not is_kept:
            mine[_along(index, axis)] = 0.0
        return mine
    scattered = share[_along(index, axis)]
    if how in {"amax", "amin"}:
        scattered = numpy.where(theirs, scattered, 0.0)
    return _into(facts["src"].shape, tuple(map(slice, index.shape)), scattered)


def _signed(axis: int) -> int:
    """Return a dimension that torch keeps as an unsigned number."""
    return axis - 2**64 if axis >= 2**63 else axis


RULES: dict[str, Rule] = {
    "T": rule(lambda f: f.g.T),
    "Transpose": rule(_transposed),
    "Permute": rule(_permuted),
    "View": rule(_reshaped),
    "UnsafeView": rule(_reshaped),
    "ReshapeAlias": rule(_reshaped),
    "Squeeze": rule(_reshaped),
    "Unsqueeze": rule(lambda f: numpy.squeeze(f.g, f["dim"])),
    "Expand": rule(lambda f: sum_to(f.g, f.size)),
    "Repeat": rule(_repeated),
    "Select": rule(_selected),
    "Slice": rule(_sliced),
    "Split": rule(_split),
    "UnsafeSplit": rule(_split),
    "torch::autograd::CopySlices": each(_overwritten),
    "SplitWithSizes": rule(lambda f: _pieces(f, list(f["split_sizes"]))),
    "Unbind": rule(_unbound),
    "Cat": each(_joined),
    "Stack": each(_stacked),
    "Flip": rule(lambda f: numpy.flip(f.g, tuple(f["dims"]))),
    "Roll": rule(_rolled),
    "Gather": rule(_gathered),
    "IndexSelect": rule(_index_selected),
    "Index": rule(_indexed),
    "IndexPut": each(_put),
    "Scatter": each(_scattered),
    "ScatterAdd": each(_scatter_added),
    "Diagonal": rule(_diagonal),
    "ConstantPadNd": rule(_padded),
    "MaskedSelect": rule(_masked_selected),
    "Unfold": rule(_unfolded),
    "AsStrided": rule(_strided),
    "Tril": rule(lambda f: numpy.tril(f.g, f.get("diagonal", 0))),
    "Triu": rule(lambda f: numpy.triu(f.g, f.get("diagonal", 0))),
    "PixelShuffle": rule(_gathered_pixels),
    "Embedding": rule(_embedded),
    "IndexAdd": rule(lambda f: f.g, lambda f: f.get("alpha", 1) * _at_index(f)),
    "IndexFill": rule(_index_filled),
    "IndexCopy": rule(_index_filled, _at_index),
    "Take": rule(_taken),
    "ScatterReduce": each(_scatter_reduced),
    "Trace": rule(lambda f: f.g * numpy.eye(f.size[0], f.size[1])),
    "DiagEmbed": rule(lambda f: numpy.diagonal(f.g, f["offset"], _signed(f["dim1"]), _signed(f["dim2"]))),
}
