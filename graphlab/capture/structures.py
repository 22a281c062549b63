"""Knows the distinct graphs that backwards of light steps run through, so that each is written down once.

A graph is recognised by a walk over its nodes: their names, how they hang together, the leaves, and the shapes where
the rest does not settle them. Steps that repeat a graph then share its nodes and edges.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from graphlab.capture.deep import find_cuts, may_be_deep
from graphlab.capture.module_ranges import ModuleRanges
from graphlab.capture.norms import LARGE
from graphlab.capture.reached import Reached
from graphlab.capture.registry import Place, Registry
from graphlab.capture.snapshots import dtype_name, name_device, sizes_of
from graphlab.capture.torchviz_text import draw_with_torchviz
from graphlab.capture.walks import ACCUMULATE, SETTLED, Likely, Walk, is_small, look_of

_MOST = 512
"""Distinct graphs beyond which a new one is written only for a step on the schedule: memory and file stay bounded."""
_MOST_NODES = 250_000
"""How many nodes these may have together, where each episode or sentence runs through another graph."""
_MOST_LIKELY = 250_000
"""How many nodes the graphs have together whose ways are remembered."""
_MOST_DRAWN = 8
_TORCHVIZ_NODES = 400


@dataclass(slots=True)
class Structure:
    """One distinct graph."""

    number: int
    """Its number in the recording, 0 where it was not written."""
    nodes: Sequence[int]
    """The node of each function, in the order of the walk."""
    slots: list[tuple[int, ...]]
    """Of each op, which of its inputs have a gradient; of a leaf none."""
    outputs: list[int]
    """Of each op how many outputs it has."""
    has_modules: bool = False
    is_small: bool = False
    """Whether no gradient in it is too large to be held until the backward has ended."""

    def leaves(self) -> list[int]:
        """Return the nodes that are leaves."""
        return [node for node, slots in zip(self.nodes, self.slots, strict=True) if slots == _LEAF]


class Structures:
    """The graphs of a run; and, of the step under way, what its backwards have reached.

    Args:
        leaf_names: what the leaves are called, for torchviz's picture.
        name_leaves: called where a parameter is new: leaves and modules are to be given their names.
    """

    def __init__(
        self, registry: Registry, ranges: ModuleRanges, paths: Mapping[torch.nn.Module, str],
        leaf_names: Callable[[], dict[int, str]], name_leaves: Callable[[], None],
    ) -> None:  # fmt: skip
        self.registry = registry
        self.sink = registry.sink
        self.ranges = ranges
        self.paths = paths
        self._leaf_names = leaf_names
        self._name_leaves = name_leaves
        self._is_naming = False
        self._known: dict[tuple[bytes, int], Structure] = {}
        self._written = 0
        """How many nodes the known graphs have."""
        self._codes: dict[Any, int] = {}
        self._last = b""
        """Which graph the backward before ran through."""
        self._next: dict[bytes, bytes] = {}
        """Of a graph: which one the backward after it ran through last."""
        self._likely: dict[bytes, Likely] = {}
        """Of a graph: the one that came after it twice in a row."""
        self._reached = Reached()
        self._seen: dict[int, int] = {}
        """By sequence number: those ops of the walk that earlier backwards of the step reached, and their nodes."""
        self._times: dict[bytes, int] = {}
        self._cuts: dict[bytes, list[int]] = {}
        self.nodes = 0
        """Autograd's count of nodes that the backwards of the step have reached."""
        self.edges = 0

    def begin_step(self) -> None:
        """Forget what the backwards of the step before reached."""
        self._reached.clear()
        self._times.clear()
        self.nodes = self.edges = 0

    # -- the walk --------------------------------------------------------------------------------------------------

    def walk(self, roots: Sequence[tuple[Any, int]]) -> Walk:
        """Go through all that some roots lead to."""
        self._reached.settle()
        self._is_naming = False
        likely = self._likely.get(self._last)
        walk = likely.follow(roots) if likely is not None else None
        if walk is None or self._reached.find(walk.numbers):
            walk, below, order = self._go(roots)
            if not walk.unknown and not walk.has_shared:
                self._expect(walk, below, order, roots)
        self._last = walk.digest
        return walk

    def _expect(
        self, walk: Walk, below: list[Any], order: dict[int, int], roots: Sequence[tuple[Any, int]]
    ) -> None:  # fmt: skip
        """Remember the way through a graph, where it came after the same one as the last time.

        The graphs of a GAN take turns; those of episodes never come again.
        """
        if self._next.get(self._last) == walk.digest:
            while (
                self._likely and sum(each.size for each in self._likely.values()) + len(walk.functions) > _MOST_LIKELY
            ):
                del self._likely[next(iter(self._likely))]
            self._likely[self._last] = Likely(walk, below, order, roots)
        elif len(self._next) >= _MOST:
            self._next.clear()
        self._next[self._last] = walk.digest

    def _go(self, roots: Sequence[tuple[Any, int]]) -> tuple[Walk, list[Any], dict[int, int]]:
        """Go through all that some roots lead to, with the edges of each function, and by `id` the place of each."""
        order: dict[int, int] = {}
        functions: list[Any] = []
        below: list[Any] = []
        for fn, _ in roots:
            if id(fn) not in order:
                order[id(fn)] = len(functions)
                functions.append(fn)
        for fn in functions:  # which grows meanwhile
            edges = fn.next_functions
            below.append(edges)
            for each, _ in edges:
                if each is not None and id(each) not in order:
                    order[id(each)] = len(functions)
                    functions.append(each)
        walk = Walk(functions, [fn._sequence_nr() for fn in functions])
        self._seen = self._reached.find(walk.numbers)
        codes = array("q", [part for fn, output in roots for part in (order[id(fn)], output)])
        self._write(walk, below, order, codes)
        walk.digest = hashlib.blake2b(codes.tobytes(), digest_size=16).digest()
        walk.has_large = any(tensor.numel() > LARGE for tensor in walk.leaves)
        if may_be_deep(len(functions)):
            walk.cuts = self._find_cuts(walk, below, order)
        return walk, below, order

    def _find_cuts(self, walk: Walk, below: list[Any], order: dict[int, int]) -> Sequence[int]:
        """Return the places of the nodes that are to be held, for it is a deep graph."""
        if walk.has_shared:  # what lies below a node that was met before does not enter the digest
            return find_cuts(below, order)
        cuts = self._cuts.get(walk.digest)
        if cuts is None:
            if len(self._cuts) >= _MOST:
                self._cuts.clear()
            cuts = self._cuts[walk.digest] = find_cuts(below, order)
        return cuts

    def _write(self, walk: Walk, below: list[Any], order: dict[int, int], codes: array[int]) -> None:
        """Write a graph as numbers that are the same for graphs that are the same."""
        known, seen, append = self._codes, self._seen, codes.append
        for place, fn in enumerate(walk.functions):
            name = fn.name()
            if name == ACCUMULATE:
                append(self._code_of_leaf(walk, fn.variable))
                continue
            edges = below[place]
            number = seen.get(walk.numbers[place]) if seen else None
            if number is not None:  # an earlier backward of this step came here too
                append(-1 - number)
                walk.has_shared = True
                continue
            key: Any = name
            if name not in SETTLED or (None, 0) in edges:
                key = look_of(fn, name, edges)
            code = known.get(key)
            if code is None:
                code = known[key] = len(known)
            append(code)
            for each, output in edges:
                if each is None:
                    append(0)
                else:
                    append(1 + order[id(each)] + (output << 40))
                    walk.edges += 1
            walk.ops += 1

    def _code_of_leaf(self, walk: Walk, tensor: torch.Tensor) -> int:
        """Return a leaf's number; of one that was never seen, and is no parameter, only what it looks like."""
        leaf = self.registry.leaves.get(tensor)
        if leaf is None and isinstance(tensor, torch.nn.Parameter):
            if not self._is_naming:
                self._is_naming = self.registry.has_unnamed = True
                self._name_leaves()  # which numbers those of a model in the model's order
            leaf = self.registry.leaves.get(tensor) or self.registry.leaf(tensor, self.sink.event_count)
            self.registry.state(tensor, self.sink.event_count)
        walk.leaves.append(tensor)
        if leaf is not None:
            walk.leaf_nodes.append(leaf.node)
            return -(1 << 40) - leaf.node
        walk.unknown.append(len(walk.leaves) - 1)
        key = ("leaf", sizes_of(tensor), tensor.dtype, tensor.device)
        return self._codes.setdefault(key, len(self._codes))

    def is_known(self, walk: Walk) -> bool:
        """Whether a graph was written before, and none of its leaves is new."""
        return not walk.unknown and (walk.digest, self._times.get(walk.digest, 0)) in self._known

    # -- structures ------------------------------------------------------------------------------------------------

    def find(self, walk: Walk, roots: Sequence[tuple[Any, int]], t_outputs: Sequence[Any], event: int, *,
             place: Place, is_kept: bool) -> Structure:  # fmt: skip
        """Return the structure of what a backward is about to run through; a new one is written.

        Args:
            t_outputs: where the backward begins, as the script gave it.
            event: the number of its backward_start.
            is_kept: write it even beyond the bound.
        """
        times = self._times.get(walk.digest, 0)
        self._times[walk.digest] = times + 1
        found = self._known.get((walk.digest, times))
        is_room = len(self._known) < _MOST and self._written < _MOST_NODES
        if found is None and (is_room or is_kept):
            digest = walk.digest
            found = self._add(walk, roots, t_outputs, event, times, place)
            self._known[digest, times] = found
            self._written += len(found.nodes)
        elif found is not None:
            self._bind_leaves(walk, found)
        found = found or Structure(0, [], [], [])
        self._reached.add(walk.numbers, walk.leaf_nodes, found)
        met = self._reached.leaves.intersection(walk.leaf_nodes) if self._reached.leaves else ()
        self.nodes += walk.ops + len(walk.leaves) - len(met)
        self.edges += walk.edges
        if found.number and not found.has_modules:
            self._find_modules(walk, found)
        return found

    def _bind_leaves(self, walk: Walk, found: Structure) -> None:
        """A leaf that was never seen, in a graph that was: it stands where another stood before."""
        if not walk.unknown:
            return
        nodes = found.leaves()
        for place in walk.unknown:
            self.registry.replace_leaf(nodes[place], walk.leaves[place])

    def _add(self, walk: Walk, roots: Sequence[tuple[Any, int]], t_outputs: Sequence[Any], event: int, times: int,
             place: Place) -> Structure:  # fmt: skip
        """Write a new structure: nodes in the order in which they were made, then edges."""
        registry = self.registry
        for index in walk.unknown:
            registry.leaf(walk.leaves[index], event - 1)
            registry.state(walk.leaves[index], event - 1)
        functions = walk.functions
        is_leaf = [fn.name() == ACCUMULATE for fn in functions]
        edges = [fn.next_functions for fn in functions]
        # Made anew each time one asks: read once.
        metadata = [() if leaf else fn._input_metadata for fn, leaf in zip(functions, is_leaf, strict=True)]
        nodes: dict[int, int] = {}
        by_age = sorted(range(len(functions)), key=walk.numbers.__getitem__)
        modules = self._modules_of([walk.numbers[index] for index in by_age])
        for index, module in zip(by_age, modules, strict=True):
            fn = functions[index]
            if is_leaf[index]:
                nodes[id(fn)] = registry.leaf(fn.variable, event - 1).node
            else:
                known = self._seen.get(walk.numbers[index])
                nodes[id(fn)] = known or self._add_op(fn.name(), metadata[index], event, module)
        numbers = [nodes[id(fn)] for fn in functions]
        add_edge = self.sink.add_edge
        for node, below in zip(numbers, edges, strict=True):
            for slot, (source, output) in enumerate(below):
                if source is not None:
                    add_edge(nodes[id(source)], node, slot, output, event)
        slots = [_LEAF if leaf else _slots_of(below) for below, leaf in zip(edges, is_leaf, strict=True)]
        outputs = list(map(len, metadata))
        roots_made = [
            self._add_root(event, root, nodes[id(fn)], output, place)
            for root, (fn, output) in zip(t_outputs, roots, strict=True)
        ]
        measured = [
            part for node, count, into in zip(numbers, outputs, slots, strict=True) if into != _LEAF
            for slot in (*range(-1, -1 - count, -1), *into) for part in (node, slot)
        ]  # fmt: skip
        text = self._draw(walk, t_outputs)
        key = f"light {walk.digest.hex()} {times}"
        number = self.sink.add_graph(key, text, sorted(set(numbers)), roots_made, measured)
        packed = array("q", numbers)  # many graphs may be known, of many nodes
        found = Structure(number, packed, slots, outputs, has_modules=any(modules), is_small=is_small(walk, metadata))
        if walk.unknown:  # from now on these leaves are known
            again, _, _ = self._go(roots)
            self._known.setdefault((again.digest, times), found)
        return found

    def _add_op(self, name: str, metadata: Sequence[Any], event: int, module: str | None) -> int:
        first = metadata[0] if metadata and metadata[0].dtype is not None else None
        if first is None:
            return self.sink.add_node("op", event, op=name, module=module)
        return self.sink.add_node(
            "op", event, op=name, module=module, shape=sizes_of(first), dtype=dtype_name(first),
            device=name_device(first.device),
        )  # fmt: skip

    def _add_root(self, event: int, root: Any, source: int, output: int, place: Place) -> int:
        is_tensor = isinstance(root, torch.Tensor)
        node = self.sink.add_node(
            "output", event, file=place[0], line=place[1], shape=sizes_of(root) if is_tensor else None,
            dtype=dtype_name(root) if is_tensor else None, device=str(root.device) if is_tensor else None,
        )  # fmt: skip
        self.sink.add_edge(source, node, 0, output, event)
        return node

    def _draw(self, walk: Walk, t_outputs: Sequence[Any]) -> str | None:
        is_small = len(walk.functions) <= _TORCHVIZ_NODES and len(self._known) < _MOST_DRAWN
        if not is_small or not t_outputs or not isinstance(t_outputs[0], torch.Tensor):
            return None
        names = self._leaf_names()
        leaves = [(self.registry.leaf(tensor, self.sink.event_count), tensor) for tensor in walk.leaves]
        named = {leaf.name or names.get(leaf.node, f"leaf {leaf.node}"): tensor for leaf, tensor in leaves}
        return draw_with_torchviz(t_outputs[0], walk.functions, named)

    # -- modules ---------------------------------------------------------------------------------------------------

    def _modules_of(self, numbers: list[int]) -> list[str | None]:
        return self.ranges.paths(numbers, self.paths) if self.ranges.is_on else [None] * len(numbers)

    def _find_modules(self, walk: Walk, found: Structure) -> None:
        """Name the modules of a structure that was new while nothing watched them; else watch the next forward."""
        if not self.ranges.is_on:
            self.ranges.start()
            return
        modules = self._modules_of(walk.numbers)
        for node, slots, module in zip(found.nodes, found.slots, modules, strict=True):
            if slots != _LEAF and module is not None:
                self.sink.set_node_module(node, module)
        found.has_modules = True

    def rest(self, found: Structure) -> None:
        """Stop watching modules where a step's graph is known with them; forget the forwards that led to it."""
        if found.has_modules:
            self.ranges.stop()
        else:
            self.ranges.clear()


_LEAF = (-1,)
_slots: dict[tuple[int, ...], tuple[int, ...]] = {}
"""Those that came up: few are different, and each would be an object for every node."""


def _slots_of(edges: Sequence[Any]) -> tuple[int, ...]:
    slots = tuple([slot for slot, (below, _) in enumerate(edges) if below is not None])
    return _slots.setdefault(slots, slots)
