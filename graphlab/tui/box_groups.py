"""What can be folded in the boxes of a step: its tree of groups, and which of them are open.

Imported when a graph is large or something is folded; the boxes of a small graph do without.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from graphlab.layout.fold import ALWAYS_CLOSED
from graphlab.layout.groups import Group, build_groups, class_of, outermost, title_of, walk, with_call
from graphlab.layout.sketch import sketch_structure
from graphlab.model import LEAF_KINDS
from graphlab.recording.calls import read_calls
from graphlab.tui import messages
from graphlab.tui.box_text import BoxGroup

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording
    from graphlab.recording.packed import History

LEGIBLE = 48
"""Boxes that a large graph is first folded to."""
_LOOKED_AT = 1000
"""Members of a group whose calls are compared, for its title."""
_CONTAINERS = frozenset({"repeat", "steps"})
"""Groups that are opened to show their blocks, which are as deep as they are themselves."""


class GroupTree:
    """The groups of a step's graph."""

    def __init__(self, recording: Recording, step: int) -> None:
        self._recording, self._step = recording, step
        self.structure = recording.structure(step)
        names = recording.names(recording.step(step).last)
        calls = read_calls(recording, self.structure.nodes.values())
        self.roots = build_groups(sketch_structure(self.structure, calls, names))
        self._names = names
        self._around: dict[str, str | None] = {group.id: None for group in self.roots}
        self._home: dict[int, str] = {}
        self._groups: dict[str, Group] = {}
        for group in walk(self.roots):
            self._groups[group.id] = group
            self._around.update(dict.fromkeys((child.id for child in group.children), group.id))
            self._home.update(dict.fromkeys(group.members, group.id))
        self._boxes: dict[str, BoxGroup] = {}
        self._histories = lru_cache(256)(self._history)

    def read_from(self, recording: Recording) -> None:
        """Read from here what is asked later: a reader belongs to the thread that opened it."""
        self._recording = recording

    @property
    def all(self) -> frozenset[str]:
        """The ids of all groups."""
        return frozenset(self._groups)

    def closed(self, opened: Collection[str]) -> list[BoxGroup]:
        """Return the groups that are boxes when some are open: the outermost closed ones."""
        return [self._as_box(group) for group in outermost(self.roots, self._groups.keys() - set(opened))]

    def count(self, opened: Collection[str]) -> int:
        """Return how many boxes there are when some groups are open."""
        hidden = sum(len(group.members) - 1 for group in outermost(self.roots, self._groups.keys() - set(opened)))
        return len(self.structure.nodes) - hidden

    def innermost(self, node: int, opened: Collection[str]) -> str | None:
        """Return the smallest group around a node that is open, or None."""
        key = self._home.get(node)
        while key is not None and key not in opened:
            key = self._around[key]
        return key

    def title(self, key: str) -> str:
        """Return what people call a group."""
        return self._as_box(self._groups[key]).name

    @cached_property
    def first(self) -> frozenset[str]:
        """The groups that are open at first: as many as can be read, all at the same depth or none.

        Blocks alike are all shown where there is room, else one of them and how many more there are.
        """
        rests = {group.id for group in self._groups.values() if group.is_rest}
        chosen = self._first(has_rest=True)
        return chosen if chosen & rests or not rests else self._first(has_rest=False)

    def _first(self, *, has_rest: bool) -> frozenset[str]:
        stages = dict(self._stages(has_rest=has_rest))
        chosen: frozenset[str] = frozenset()
        for last in sorted(set(stages.values())):
            opened = frozenset(key for key, stage in stages.items() if stage <= last)
            if self.count(opened) > LEGIBLE:
                break
            chosen = opened
        return chosen

    def _stages(self, *, has_rest: bool) -> Iterator[tuple[str, int]]:
        """Yield each group that may be open at first, and in which round it is opened."""
        stack = [(group, 0) for group in self.roots]
        while stack:
            group, depth = stack.pop()
            is_container = group.kind in _CONTAINERS
            # Very many blocks are counted in several groups, through which a gradient can be seen.
            is_whole = not group.is_rest or any(child.is_rest for child in group.children)
            if group.kind not in ALWAYS_CLOSED and (has_rest or is_whole):
                yield group.id, 2 * depth + (not is_container)
                stack.extend((child, depth + (not is_container)) for child in group.children)

    # -- what a folded box shows -----------------------------------------------------------------------------------

    def _as_box(self, group: Group) -> BoxGroup:
        if group.id not in self._boxes:
            nodes = [self.structure.nodes[number] for number in group.members]
            leaves = [node for node in nodes if node.kind in LEAF_KINDS]
            made = [node.event for node in nodes if node.kind == "op"] or [node.event for node in nodes]
            self._boxes[group.id] = BoxGroup(
                key=group.id,
                name=with_call(self._title(group), group, _calls(nodes)),
                nodes=group.members,
                stands=self._result(group),
                parameters=len(leaves),
                numbers=sum(math.prod(node.shape) for node in leaves if node.shape is not None),
                first=min(made),
                last=max(made),
                is_minor=group.kind in {"transpose", "alike"},
            )
        return self._boxes[group.id]

    def _title(self, group: Group) -> str:
        if group.kind == "transpose":
            leaf = next(node for node in map(self.structure.nodes.__getitem__, group.members) if node.kind != "op")
            name = leaf.name or next(iter(self._names.get(leaf.id, ())), messages.LANE_KINDS[leaf.kind])
            return messages.TRANSPOSED.format(name=name)
        if group.kind == "block" and group.id in self._numbered:
            index, count = self._numbered[group.id]
            return messages.BLOCK_OF.format(index=index, count=count, name=group.name)
        if group.is_rest:
            blocks = list(self._blocks(group))
            if blocks[0].kind == "module":
                # Which ones they are says more than their class alone.
                name = _from_to(blocks[0].name, blocks[-1].name)
                if name[0].isdigit():
                    name = f"{class_of(group, self._recording.facts.modules)} {name}".strip()
                return messages.BLOCKS.format(count=group.count, name=name)
        return title_of(group, self._recording.facts.modules)

    @cached_property
    def _numbered(self) -> dict[str, tuple[int, int]]:
        """Return for each block of a loop, which have all one name, the how manieth of how many it is."""
        found: dict[str, tuple[int, int]] = {}
        for group in walk(self.roots):
            if group.kind in _CONTAINERS and not group.is_rest:
                blocks = [each for each in self._blocks(group) if each.kind == "block"]
                found.update((block.id, (index, len(blocks))) for index, block in enumerate(blocks, 1))
        return found

    def _blocks(self, group: Group) -> Iterator[Group]:
        for child in group.children:
            if child.is_rest:
                yield from self._blocks(child)
            else:
                yield child

    @cached_property
    def _users(self) -> dict[int, set[int]]:
        users: dict[int, set[int]] = {}
        for edge in self.structure.edges:
            users.setdefault(edge.source, set()).add(edge.target)
        return users

    def _result(self, group: Group) -> int:
        """Return the last op that gives something to others, or to nobody."""
        inside = set(group.members)
        ops = [number for number in group.members if self.structure.nodes[number].kind == "op"]
        giving = [number for number in ops if not (users := self._users.get(number)) or not users <= inside]
        return (giving or ops or group.members)[-1]

    # -- gradients -------------------------------------------------------------------------------------------------

    def worst(self, group: BoxGroup, moment: int) -> float | None:
        """Return the worst gradient inside a group as of a moment: NaN, else the largest norm."""
        import numpy

        norms = self._histories(group.key).at(moment)[1]
        if not len(norms):
            return None
        # The largest of numbers with a NaN among them is NaN.
        return float(numpy.max(norms))

    def _history(self, key: str) -> History:
        import numpy

        packed = self._recording.packed(self._step)
        places = [packed.place_of(number) for number in self._groups[key].members]
        inside = numpy.array([place for place in places if place is not None], "i8")
        history = packed.gradients
        return history.some(numpy.flatnonzero(numpy.isin(history.places, inside)))


def _calls(nodes: Sequence[Node]) -> Iterator[str]:
    return (node.call or node.op or "" for node in nodes[:_LOOKED_AT] if node.kind == "op")


def _from_to(first: str, last: str) -> str:
    """Return which modules a group counts: `blocks.8 … 14`."""
    start = first.rpartition(".")[0]
    return messages.FROM_TO.format(first=first, last=last.removeprefix(f"{start}.") if start else last)
