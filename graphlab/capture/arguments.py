"""Notes with what an op's backward will reckon: numbers that autograd keeps, and whose values its saved tensors are.

A local rule needs no more than these. A saved tensor that the recording knows already is named by its state; only what
nobody else holds (a mask, the statistics of a normalisation) is kept here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import torch

from graphlab.capture.deep import deep_graphs
from graphlab.capture.identity import (
    TensorMap,
    TensorState,
    grad_fn_of,
    is_accumulate,
    is_lazy_view,
    node_number,
    state_of_output,
    version_of,
)
from graphlab.capture.sink import Sink
from graphlab.capture.snapshots import PLAIN_TYPES

_OVERWRITE = frozenset({"setitem", "copy_", "fill_", "zero_"})
_COPY_SLICES = "torch::autograd::CopySlices"
_MADE_BY = "/made by"
_LARGEST = 1 << 63
_PLAIN = (bool, int, float, str)


class Arguments:
    """What the ops of one run keep.

    Args:
        sink: who is told.
        run: under what a node's number lies in its `metadata`.
        states: what is known of live tensors.
        snapshot: keeps a tensor's values.
        has_values: whether numbers with a fraction, which may come from data, are kept too.
    """

    def __init__(
        self, sink: Sink, run: str, states: TensorMap[TensorState],
        snapshot: Callable[[torch.Tensor], int | None], *, has_values: bool,
    ) -> None:  # fmt: skip
        self._sink = sink
        self._run = run
        self._states = states
        self._snapshot = snapshot
        self._has_values = has_values
        self._texts: dict[tuple[Any, ...], str] = {}
        self._has_marks = False
        """Whether a backward of this run has kept its graph."""
        self.region: list[tuple[str, Any]] = []
        """Where the call at hand has overwritten a part of a tensor, see `region_of`."""

    def note(
        self, node: int, fn: Any, numbers: Sequence[tuple[str, Any]], kept: Sequence[tuple[str, torch.Tensor]]
    ) -> None:
        """Note what a node keeps, when the states of all that its call made are known."""
        if self.region and fn.name() == _COPY_SLICES:
            numbers = self.region
        made_by = fn.metadata.get(self._run + _MADE_BY) if self._has_marks else None
        if not numbers and not kept and made_by is None:
            return
        states: list[tuple[str, int]] = []
        values: list[tuple[str, int]] = []
        for name, tensor in kept:
            known = self._states.get(tensor)
            if known is not None and not known.is_stale and known.version == version_of(tensor):
                states.append((name, known.number))
                continue
            # What autograd unpacks of an op's result is another object for the same tensor. A view whose base was
            # changed gets another place in the backward when it is asked: its values do.
            maker = None if known is not None or is_lazy_view(tensor) else grad_fn_of(tensor)
            number = None
            if maker is not None and node_number(maker, self._run) is not None:
                number = state_of_output(maker, self._run, tensor.output_nr)
            if number is not None:
                states.append((name, number))
            elif (taken := self._snapshot(tensor)) is not None:
                values.append((name, taken))
        self._sink.add_arguments(node, self._write(numbers), states, values, made_by)

    def mark_made(self, maker: int, gradients: Sequence[torch.Tensor | None]) -> None:
        """Keep with the nodes of some gradients whose work they are: a node's, of a backward that keeps its graph."""
        self._has_marks = True
        run, mark = self._run, self._run + _MADE_BY
        stack = [grad_fn_of(each) for each in gradients if each is not None and not is_lazy_view(each)]
        found = []
        while stack:
            fn = stack.pop()
            if fn is None or is_accumulate(fn) or run in fn.metadata or mark in fn.metadata:
                continue  # of the forward, or made by a node that ran before
            fn.metadata[mark] = maker
            below = fn.next_functions
            found.append((fn, below))
            stack += [each for each, _ in below]
        for fn, below in sorted(found, key=lambda each: each[0]._sequence_nr()):
            deep_graphs.add(fn, below)

    def _write(self, numbers: Sequence[tuple[str, Any]]) -> str:
        if not numbers:
            return "{}"
        # With the classes: 1, 1.0 and True are one key, and three numbers.
        key = tuple((name, type(value), value) for name, value in numbers)
        try:
            text = self._texts.get(key)
        except TypeError:  # a list among them
            return self._encode(numbers)
        if text is None:
            text = self._encode(numbers)
            if len(self._texts) < 1000:
                self._texts[key] = text
        return text

    def _encode(self, numbers: Sequence[tuple[str, Any]]) -> str:
        kept = {
            name: plain_number(value) for name, value in numbers if self._has_values or not isinstance(value, float)
        }
        return json.dumps({name: value for name, value in kept.items() if value is not None})


def region_of(name: str, given: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return where in a tensor's memory a call has overwritten it; nothing for calls that do other than overwrite."""
    target = given[0] if given else None
    if name not in _OVERWRITE or type(target) not in PLAIN_TYPES:
        return []
    assert isinstance(target, torch.Tensor)
    if target.layout is not torch.strided:
        return []
    base = target if target._base is None else target._base
    part = target.detach()
    if name == "setitem":
        if not _is_plain_index(given[1]):
            return []
        part = part[given[1]]
    offset = part.storage_offset() - base.storage_offset()
    return [
        ("size", tuple(part.shape)), ("stride", part.stride()), ("offset", offset),
        ("base_size", tuple(base.shape)), ("base_stride", base.stride()),
    ]  # fmt: skip


def _is_plain_index(index: Any) -> bool:
    """Whether an index takes a view: whole numbers, slices and their like."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(type(part) in {int, slice, type(None), type(Ellipsis)} for part in parts)


def plain_number(value: Any) -> Any:
    """Return a number, or a list of some, as JSON can hold it; None for what is neither."""
    if isinstance(value, list | tuple):
        parts = [plain_number(part) for part in value]
        return None if None in parts else parts
    if type(value) is int and value >= _LARGEST:
        return value - 2 * _LARGEST  # how autograd shows a dimension that counts from the end
    return value if isinstance(value, _PLAIN) else None
