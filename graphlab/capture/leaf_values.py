"""What the leaves of a run hold in light detail: whether it was changed, and on a close look what it was and became.

A change is told by how often a tensor was written. A write through `.data` counts no version; so where no optimizer is
at work some of the numbers are compared too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import attrgetter

import torch

from graphlab.capture.identity import LeafState, versions_of
from graphlab.capture.norms import Figure, distances
from graphlab.capture.registry import Registry
from graphlab.capture.rows import Row
from graphlab.capture.snapshots import BUDGET, sizes_of

_PROBED = 64
_PROBES = 8
_NEVER: tuple[int, int | None] = -1, None
_FEW = 8
"""Leaves up to which each is written for itself, and only once where it stays the same."""
_shape = attrgetter("shape")
Leaves = list[LeafState]
Tensors = list[torch.Tensor]


class _Copy:
    """The values of some leaves as they were before a change."""

    def __init__(self, tensors: Tensors, snapshots: list[int | None], row: Row | None) -> None:
        self.row = row
        self.places = list(range(len(tensors)))
        self.shapes = list(map(_shape, tensors)) if row is None or row.layout.is_plain else row.layout.shapes
        self.snapshots = snapshots
        self._tensors = [tensor.detach().clone() for tensor in tensors] if row is None else None

    def tensor(self, place: int) -> torch.Tensor:
        """Return one of them."""
        if self.row is not None:
            return torch.from_numpy(self.row.piece(place)).reshape(self.shapes[place])
        assert self._tensors is not None
        return self._tensors[place]


class LeafValues:
    """Remembers the values of leaves from before a change, and the snapshots that were taken last."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.sink = registry.sink
        self._noted: tuple[list[int], list[int]] = [], []
        """Each leaf that lived, and how often it had been changed when that was last looked at."""
        self._noted_leaves: Leaves = []
        self._probe: dict[int, bytes] = {}
        self._before: dict[int, tuple[_Copy, int]] = {}
        """By node: the copy that holds its value, and where."""
        self._kept: dict[int, tuple[int, int | None]] = {}
        """By node: how often a leaf had been changed when its last snapshot was taken, and that."""

    def note(self, *, is_probing: bool) -> None:
        """Remember how often each leaf was changed; where asked also some of its numbers."""
        leaves, tensors = self.registry.leaves.alive()
        nodes = self._noted[0] if leaves is self._noted_leaves else [leaf.node for leaf in leaves]
        self._noted, self._noted_leaves = (nodes, versions_of(tensors)), leaves
        some = zip(leaves[:_PROBED], tensors[:_PROBED], strict=True) if is_probing else ()
        self._probe = {leaf.node: _probe(tensor) for leaf, tensor in some}

    def is_noted(self, nodes: list[int]) -> bool:
        """Whether these are the leaves that lived when that was last looked at."""
        return nodes == self._noted[0]

    def moved(self) -> tuple[Leaves, Tensors]:
        """Return the leaves that were changed since that was last looked at."""
        leaves, tensors = self.registry.leaves.alive()
        versions = versions_of(tensors)
        if not self._probe and versions == self._noted[1] and leaves is self._noted_leaves:
            return [], []  # nothing was made or let go either
        noted = dict(zip(*self._noted, strict=True))
        found: tuple[Leaves, Tensors] = [], []
        for leaf, tensor, version in zip(leaves, tensors, versions, strict=True):
            is_moved = noted.get(leaf.node, version) != version
            known = self._probe.get(leaf.node)
            if leaf.was_reached and (is_moved or (known is not None and known != _probe(tensor))):
                found[0].append(leaf)
                found[1].append(tensor)
        return found

    def keep(self, leaves: Leaves, tensors: Tensors) -> None:
        """Copy what some leaves hold: they are about to be changed."""
        row = Row.of(tensors)
        nodes = [leaf.node for leaf in leaves]
        known = [self._kept.get(node, _NEVER) for node in nodes]
        snapshots = [snapshot for _, snapshot in known]
        versions = versions_of(tensors)
        new = [place for place, (old, _) in enumerate(known) if old != versions[place]]
        for place, snapshot in zip(new, self._snapshots(tensors, row, new), strict=True):
            snapshots[place] = snapshot
        copy = _Copy(tensors, snapshots, row)
        self._before.update(zip(nodes, zip(repeat(copy), copy.places), strict=True))

    def write(self, event: int, leaves: Leaves, tensors: Tensors) -> None:
        """Write what an update made of leaves, and how far it moved them."""
        row = Row.of(tensors)
        kept = [self._before.pop(leaf.node, None) for leaf in leaves]
        before = [None if copy is None else copy[0].snapshots[copy[1]] for copy in kept]
        moved = self._distances(tensors, row, kept)
        after: list[int | None] = [None] * len(tensors)
        new: Sequence[int] = range(len(tensors))
        if row is not None and 0.0 in moved:
            after = [number if self._is_still(place, row, kept[place]) else None for place, number in enumerate(before)]
            new = [place for place, number in enumerate(after) if number is None]
        for place, snapshot in zip(new, self._snapshots(tensors, row, new, most=None), strict=True):
            after[place] = snapshot
        nodes = [leaf.node for leaf in leaves]
        self._kept.update(zip(nodes, zip(versions_of(tensors), after, strict=True), strict=True))
        self.sink.add_changes(event, nodes, "value", before, after, moved)

    def write_gradients(
        self, event: int, leaves: Leaves, grads: Sequence[torch.Tensor | None], figures: Sequence[Figure],
        row: Row | None,
    ) -> None:  # fmt: skip
        """Write what leaves have been given; figures: what was measured; row: all of it, where it is of one kind."""
        present = [(leaf, grad) for leaf, grad in zip(leaves, grads, strict=True) if grad is not None]
        tensors = [grad for _, grad in present]
        found: list[int | None] = [None] * len(tensors)
        is_zero = [figure == 0.0 for figure in figures] if row is not None and 0.0 in figures else []
        # What is all zeros is the same for many leaves and steps, and is written for itself: then only once.
        zeros = [place for place, zero in enumerate(is_zero) if zero]
        others = [place for place, zero in enumerate(is_zero) if not zero] if zeros else range(len(tensors))
        for places in (zeros, others):
            snapshots = self._snapshots(tensors, row, places, most=None, is_apart=places is zeros)
            for place, snapshot in zip(places, snapshots, strict=True):
                found[place] = snapshot
        nothing = [None] * len(found)
        self.sink.add_changes(event, [leaf.node for leaf, _ in present], "grad", nothing, found, nothing)

    def take(self, tensors: Tensors) -> list[int | None]:
        """Take snapshots of what is no leaf."""
        return self._snapshots(tensors, Row.of(tensors), range(len(tensors)), most=None)

    def forget(self) -> None:
        """Let go of the values from before the changes of a step."""
        self._before.clear()

    def _snapshots(
        self, tensors: Tensors, row: Row | None, places: Sequence[int], most: int | None = BUDGET,
        *, is_apart: bool = False,
    ) -> list[int | None]:  # fmt: skip
        """Take snapshots of some of many tensors.

        Args:
            row: all of them, where they are of one kind.
            most: elements beyond which there is to be none.
            is_apart: write each for itself: only once what was written before.
        """
        registry = self.registry
        unwritten = registry.unwritten
        is_spoilt = bool(unwritten.storages) and any(each in unwritten for each in tensors)
        is_plain = row is not None and registry.has_values and not is_spoilt
        if row is None or not is_plain:
            asked = [tensors[place] for place in places]
            return [registry.snapshot(each) if most is None or each.numel() <= most else None for each in asked]
        if len(places) > _FEW and not is_apart:
            first = self.sink.add_pieces(row.layout.pieces(tensors, places), row.all_bytes())
            return [*range(first, first + len(places))]
        add = self.sink.add_snapshot
        return [
            add(sizes_of(tensors[place]), "float32", "cpu", "<f4", 1, row.bytes_of(place), None, None, None)
            for place in places
        ]

    @staticmethod
    def _is_still(place: int, row: Row, kept: tuple[_Copy, int] | None) -> bool:
        """Whether a leaf holds, bit for bit, what it held when it was copied."""
        copy = None if kept is None else kept[0].row
        return copy is not None and kept is not None and copy.bytes_of(kept[1]) == row.bytes_of(place)

    def _distances(
        self, tensors: Tensors, row: Row | None, kept: Sequence[tuple[_Copy, int] | None]
    ) -> list[float | None]:
        """Return how far tensors have moved from their copies, None where that cannot be said."""
        copy = kept[0][0] if kept and kept[0] is not None else None
        if (
            copy is not None
            and row is not None
            and copy.row is not None
            and [known[1] for known in kept if known is not None and known[0] is copy] == copy.places
            and len(kept) == len(copy.places)
            # What lies there shape by shape is known to be of these shapes.
            and (
                (row.layout is copy.row.layout and not row.layout.is_plain) or copy.shapes == list(map(_shape, tensors))
            )
        ):
            return [*row.distances(copy.row)]
        found: list[float | None] = [None] * len(tensors)
        places = [
            place
            for place, (tensor, known) in enumerate(zip(tensors, kept, strict=True))
            if known is not None and known[0].shapes[known[1]] == tensor.shape and not tensor.is_meta
        ]
        before = [known[0].tensor(known[1]) for place in places if (known := kept[place]) is not None]
        for place, size in zip(places, distances(before, [tensors[place] for place in places]), strict=True):
            found[place] = size
        return found


def _probe(tensor: torch.Tensor) -> bytes:
    """Return some of a tensor's numbers."""
    if tensor.layout is not torch.strided or tensor.is_meta or tensor.device.type != "cpu" or not tensor.numel():
        return b""
    flat = tensor.detach().reshape(-1) if tensor.is_contiguous() else tensor.detach().flatten()
    some = flat[:: max(1, tensor.numel() // _PROBES)]
    return bytes(some.contiguous().view(torch.uint8).numpy().tobytes())
