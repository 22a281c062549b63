"""Which paths carry a leaf's gradient: the chain rule, followed path by path instead of summed at every node.

Each path from the loss to the leaf brings a product of local rules; together they are the gradient. On a small graph
every path is followed by itself. On a large one paths are told apart by the modules that they run through, so that the
ways around and through a residual block are two; what is then still too many is put together, the smallest first.
Where there are no modules, functions of the script stand for them, and where it calls none its lines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy

from graphlab.analysis.rules import messages
from graphlab.analysis.rules.facts import Array
from graphlab.analysis.rules.flow import read_backward
from graphlab.analysis.rules.local import Reckoner, read_gradients
from graphlab.model import LEAF_KINDS
from graphlab.recording.arguments import read_arguments
from graphlab.recording.calls import read_calls

if TYPE_CHECKING:
    from graphlab.analysis.rules.flow import Backward
    from graphlab.model import Edge, Node
    from graphlab.recording import Recording

_MOST_PATHS = 64
"""Paths, or groups of them, that are told apart at any node."""
_FEWEST_PATHS = 8
_MOST_WORK = 200_000
"""Groups of paths at all nodes together, from which on fewer are told apart: each takes some 50 microseconds."""
Places = Literal["path", "module", "function", "line"]
Signature = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PathShare:
    """One path, or all paths through the same modules, and what it brings to the leaf."""

    nodes: tuple[int, ...]
    """The nodes from the loss to the leaf; empty where several paths are put together."""
    modules: tuple[str, ...]
    """The modules that it runs through, from the loss to the leaf, each once; empty where there are none.

    Where paths are told apart by functions or lines, these.
    """
    count: int
    """How many paths are in it."""
    norm: float
    """The norm of what it brings."""
    share: float | None
    """Its part along the gradient, so that all together make 1; None where the gradient is zero."""
    is_rest: bool = False
    """Whether it holds what was too many to be told apart."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """How a leaf's gradient came about."""

    leaf: int
    start: int
    """The event that began the backward."""
    shares: tuple[PathShare, ...]
    """The largest first."""
    error: float | None
    """How far the sum of all paths is from the recorded gradient, relative to it."""
    by: Places
    """What tells paths apart: each is one, or all through the same modules, functions or lines are."""
    missing: str
    """Why the paths cannot be followed, else empty."""

    @property
    def is_by_module(self) -> bool:
        """Whether paths are put together by what they run through."""
        return self.by != "path"


@dataclass(slots=True)
class _Stream:
    """What runs along some paths, on its way from the loss to the leaf."""

    gradients: dict[int, Array]
    """By output of the node that it has come to."""
    count: int


def find_contributions(recording: Recording, leaf: Node, start: int) -> Contributions:
    """Return what each path of a backward brings to a leaf's gradient."""
    backward = read_backward(recording, start)
    if backward is None or leaf.id not in backward.reached:
        return Contributions(leaf.id, start, (), None, "path", messages.NO_PATHS)
    lies_above = _above(backward, leaf.id)
    count = _count_paths(backward, leaf.id, lies_above)
    by, places = ("path", {}) if count <= _MOST_PATHS else _read_places(recording, lies_above)
    return _Follower(recording, backward, leaf.id, lies_above, by, places).follow()


def _read_places(recording: Recording, nodes: Iterable[int]) -> tuple[Places, dict[int, str]]:
    """Return what tells very many paths apart, and by node through which of these it leads."""
    ops = [node for number in nodes if (node := recording.node(number)).kind == "op"]
    modules = {node.id: node.module for node in ops if node.module}
    if modules:
        return "module", modules
    functions = {number: calls[-1][1] for number, calls in read_calls(recording, ops).items()}
    if functions:
        return "function", functions
    return "line", {node.id: messages.LINE.format(line=node.line) for node in ops if node.line}


def _above(backward: Backward, leaf: int) -> set[int]:
    """Return the nodes that a gradient runs through on its way to a leaf."""
    found = {leaf}
    stack = [leaf]
    while stack:
        for user in backward.users(stack.pop()):
            if user not in found:
                found.add(user)
                stack.append(user)
    return found


def _count_paths(backward: Backward, leaf: int, above: set[int]) -> int:
    """Return how many paths lead from the loss to a leaf."""
    counts: dict[int, int] = {}
    for node in _from_the_loss(above, leaf):
        users = backward.users(node)
        counts[node] = sum(counts.get(user, 0) for user in users) if users else 1
    return counts.get(leaf, 0)


def _from_the_loss(above: set[int], leaf: int) -> list[int]:
    """Return nodes so that each stands behind its users: an op has a higher number than what it reads, but leaves."""
    return [*sorted(above - {leaf}, reverse=True), leaf]


class _Follower:
    def __init__(
        self,
        recording: Recording,
        backward: Backward,
        leaf: int,
        above: set[int],
        by: Places,
        places: Mapping[int, str],
    ) -> None:
        self._recording = recording
        self._backward = backward
        self._leaf = leaf
        self._above = above
        self._by = by
        self._places = places
        self._most = max(_FEWEST_PATHS, min(_MOST_PATHS, _MOST_WORK // len(above)))
        self._streams: dict[int, dict[Signature, _Stream]] = {}
        self._moment = recording.event_count if backward.end is None else backward.end

    def follow(self) -> Contributions:
        """Follow all paths from the loss to the leaf."""
        leaf = self._leaf
        with self._recording.reading():
            for number in _from_the_loss(self._above, leaf)[:-1]:
                missing = self._pass(number, self._below(number))
                if missing:
                    return Contributions(leaf, self._backward.start, (), None, self._by, missing)
            return self._sum_up()

    def _below(self, number: int) -> list[Edge]:
        """Return the edges over which a node hands a gradient on towards the leaf."""
        edges = self._recording.reader.edges("WHERE target = ? ORDER BY slot", number)
        return [edge for edge in edges if edge.source in self._above]

    def _pass(self, number: int, edges: list[Edge]) -> str:
        """Let what has come to a node run on to its inputs; return why it cannot, or nothing."""
        recording = self._recording
        node = recording.node(number)
        event, gradients = read_gradients(recording, number, self._moment)
        if event is None:
            return ""  # the backward has not come there
        streams = self._streams.pop(number, {})
        if not self._backward.users(number):  # the backward begins here
            seeds = {
                -1 - slot: each.array.astype(float)
                for slot, each in gradients.items()
                if slot < 0 and each is not None and each.is_complete and each.array is not None
            }
            if not seeds:
                return messages.NOT_FOLLOWED.format(op=node.op, why=messages.NOT_KEPT.format(what="∂L/∂y"))
            streams = {(): _Stream(seeds, 1)}
        reckoner = Reckoner.of(node, gradients, read_arguments(recording, number))
        for signature, stream in self._merged(streams).items():
            for edge in edges:
                found = reckoner.send(stream.gradients, edge.slot)
                if isinstance(found, str):
                    return messages.NOT_FOLLOWED.format(op=node.op, why=found)
                self._add(edge, self._extend(signature, node, edge), found, stream.count)
        return ""

    def _extend(self, signature: Signature, node: Node, edge: Edge) -> Signature:
        if self._by == "path":
            return (*signature, node.id)
        place = self._places.get(node.id)
        if signature[:1] == _REST:
            return signature
        return signature if place is None or place in signature else (*signature, place)

    def _add(self, edge: Edge, signature: Signature, gradient: Array, count: int) -> None:
        at = self._streams.setdefault(edge.source, {})
        stream = at.get(signature)
        if stream is None:
            at[signature] = _Stream({edge.output: gradient}, count)
            return
        stream.count += count
        before = stream.gradients.get(edge.output)
        stream.gradients[edge.output] = gradient if before is None else before + gradient

    def _merged(self, streams: dict[Signature, _Stream]) -> dict[Signature, _Stream]:
        """Put the smallest streams together where there are too many to be told apart."""
        if len(streams) <= self._most:
            return streams
        order = sorted(streams, key=lambda signature: -_size(streams[signature].gradients))
        kept = {signature: streams[signature] for signature in order[: self._most - 1] if signature != _REST}
        rest = _Stream({}, 0)
        for signature, stream in streams.items():
            if signature not in kept:
                rest.count += stream.count
                for output, gradient in stream.gradients.items():
                    before = rest.gradients.get(output)
                    rest.gradients[output] = gradient if before is None else before + gradient
        kept[_REST] = rest
        return kept

    def _sum_up(self) -> Contributions:
        leaf, start = self._leaf, self._backward.start
        streams = self._streams.get(leaf, {})
        arrays = {signature: stream.gradients[0] for signature, stream in streams.items()}
        if not arrays:
            return Contributions(leaf, start, (), None, self._by, messages.NO_PATHS)
        total = numpy.sum(list(arrays.values()), axis=0)
        whole = float((total * total).sum())
        shares = []
        for signature, array in arrays.items():
            share = float((array * total).sum()) / whole if whole and numpy.isfinite(whole) else None
            is_rest = signature[:1] == _REST
            shares.append(
                PathShare(
                    () if self._by != "path" or is_rest else (*signature, leaf),
                    self._modules(signature, is_rest=is_rest),
                    streams[signature].count,
                    float(numpy.linalg.norm(array)),
                    share,
                    is_rest,
                )
            )
        shares.sort(key=lambda each: -each.norm)
        return Contributions(leaf, start, tuple(shares), self._error(total), self._by, "")

    def _modules(self, signature: Signature, *, is_rest: bool) -> tuple[str, ...]:
        if is_rest:
            return ()
        if self._by != "path":
            return tuple(map(str, signature))
        passed = (self._recording.node(number).module for number in signature)
        return tuple(dict.fromkeys(module for module in passed if module))

    def _error(self, total: Array) -> float | None:
        """Compare the sum of all paths with what the backward gave to the leaf."""
        from graphlab.analysis.rules.local import relative_error

        end = self._moment
        changes = self._recording.changes_of(self._leaf, "grad", self._backward.start, end)
        added = next((change.added for change in reversed(changes) if change.added is not None), None)
        if added is None or not added.is_complete or added.array is None:
            return None
        return relative_error(total, added.array.astype(float))


_REST: Signature = ("…",)
_READABLE = 10**12


_LONG = 12
"""Nodes of a path from which on those that only hand numbers on are not written."""
_HANDED_ON = frozenset(
    {"t", "view", "unsafeview", "reshapealias", "transpose", "permute", "expand", "unsqueeze", "squeeze", "clone",
     "alias", "tocopy"}
)  # fmt: skip


def _size(gradients: Mapping[int, Array]) -> float:
    return float(sum(numpy.linalg.norm(each) for each in gradients.values()))


def say_path(share: PathShare, name_of: Callable[[int], str]) -> str:
    """Write a path from the leaf up to the loss, as people read a graph: `W1 → mm → relu → loss`.

    Of a long one what only hands numbers on is left out.
    """
    if share.is_rest:
        return messages.REST_OF_PATHS.format(count=say_count(share.count))
    if share.nodes:
        names = [name_of(number) for number in reversed(share.nodes)]
        if len(names) > _LONG:
            names = [name for name in names if name not in _HANDED_ON]
        return " → ".join(names)
    inside = ", ".join(reversed(share.modules)) or messages.AROUND
    return messages.PATHS_THROUGH(share.count).format(count=say_count(share.count), modules=inside)


def say_count(count: int) -> str:
    """Write how many paths there are: in a deep network they are doubled by every block."""
    return f"{count:,}" if count < _READABLE else f"10^{math.log10(count):.0f}"


def has_paths(node: Node) -> bool:
    """Whether paths lead to a node that can be asked about: a leaf."""
    return node.kind in LEAF_KINDS
