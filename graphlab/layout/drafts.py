"""Groups while they are put together, and how what only gives, such as a parameter, finds the group that uses it.

Apart from the rules in `groups`: these arrange what ran, and leave it to this module to hand each leaf to its users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import is_, itemgetter
from typing import Literal

from graphlab.layout.sketch import Sketch

GroupKind = Literal["module", "function", "transpose", "views", "steps", "repeat", "block", "run", "unused", "alike"]

MOST_SHARED = 12
"""Leaves which several members of a group use stand beside these; beyond so many each goes to its first user."""
_MOST_ALIKE = 8
"""Leaves alike that stand side by side; beyond so many, such as the inputs of a network over time, they are one."""


@dataclass(frozen=True)
class Draft:
    """A group while it is put together."""

    kind: GroupKind
    name: str
    items: tuple[Item, ...]
    count: int = 1
    is_rest: bool = False
    first: int = 0

    @cached_property
    def places(self) -> list[int]:
        """The places in it, as they ran; asked for by one rule after the other, so found once."""
        return flat_places(self.items)

    def holding(self, items: tuple[Item, ...]) -> Draft:
        """Return the same group with other members."""
        if items is self.items:
            return self
        return Draft(self.kind, self.name, items, self.count, self.is_rest, self.first)


Item = int | Draft
"""The place of a node, or a group."""


@dataclass(frozen=True, slots=True)
class Forest:
    """What a rule is given, and returns."""

    items: tuple[Item, ...]
    """What ran, in order."""
    leaves: tuple[Item, ...]
    """What only gives: leaves, and leaves with their transposes."""


def flat_places(items: Iterable[Item]) -> list[int]:
    """Return the places in items, as they ran."""
    found: list[int] = []
    for item in items:
        if isinstance(item, int):
            found.append(item)
        else:
            found += item.places
    return found


def adopt_leaves(sketch: Sketch, forest: Forest) -> tuple[Item, ...]:
    """Put each leaf into the innermost group that holds all of its users; data that a variable holds stays outside.

    Many that nothing uses are a group of their own.
    """
    homes: dict[int, tuple[int, ...]] = {}
    """For each place the way to it: which member of the forest, which of that group, and so on."""
    stack: list[tuple[Item, tuple[int, ...]]] = [(item, (index,)) for index, item in enumerate(forest.items)]
    while stack:
        item, way = stack.pop()
        if isinstance(item, int):
            homes[item] = way[:-1]
        else:
            stack.extend((member, (*way, index)) for index, member in enumerate(item.items))
    adopted: dict[tuple[int, ...], list[Item]] = {}
    unused = [leaf for leaf in forest.leaves if not _users(sketch, leaf)]
    apart: set[Item] = set()
    if len(unused) > MOST_SHARED:
        adopted[()] = [Draft("unused", "", tuple(unused))]
        apart.update(unused)
    for alike in _find_alike(sketch, forest, homes):
        adopted.setdefault((), []).append(alike)
        apart.update(alike.items)
    for leaf in forest.leaves:
        if leaf in apart:
            continue
        users = _users(sketch, leaf)
        way = _common([homes[user] for user in users if user in homes])
        is_kept = isinstance(leaf, int) and sketch.kept[leaf]
        adopted.setdefault(() if is_kept else way, []).append(leaf)
    _thin_out(sketch, adopted, homes)
    return _with_leaves(forest.items, (), adopted)


def _find_alike(sketch: Sketch, forest: Forest, homes: dict[int, tuple[int, ...]]) -> list[Draft]:
    """Return groups of leaves of one kind and shape that variables hold and that one part of the graph takes.

    That part is an outermost group, or where they go to no single one the very same ops.
    """
    alike: dict[tuple[object, ...], list[int]] = {}
    for leaf in forest.leaves:
        # Of a long list only the first have names; a leaf that wants its gradient is one of them all the same.
        if isinstance(leaf, int) and sketch.users[leaf] and (sketch.kept[leaf] or sketch.kinds[leaf] == "leaf"):
            way = _common([homes[user] for user in sketch.users[leaf] if user in homes])
            part = way[:1] or tuple(sketch.users[leaf])
            alike.setdefault((sketch.kinds[leaf], sketch.shapes[leaf], bool(way), part), []).append(leaf)
    return [
        Draft("alike", _shared_name([sketch.kept[leaf] for leaf in leaves if sketch.kept[leaf]]), tuple(leaves))
        for leaves in alike.values()
        if sum(bool(sketch.kept[leaf]) for leaf in leaves) > _MOST_ALIKE
    ]


def _shared_name(names: Sequence[str]) -> str:
    """Return the name of the list that most are elements of (a loop variable may hold one too), else both ends."""
    lists = Counter(name.partition("[")[0] for name in names if "[" in name)
    name, count = max(lists.items(), key=itemgetter(1), default=("", 0))
    return name if 2 * count > len(names) else f"{names[0]} … {names[-1]}"


def _users(sketch: Sketch, leaf: Item) -> Sequence[int]:
    return sketch.users[leaf if isinstance(leaf, int) else leaf.places[-1]]


def _common(ways: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the innermost group that all ways lead through."""
    if not ways:
        return ()
    first, last = min(ways), max(ways)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return first[:shared]


def _thin_out(sketch: Sketch, adopted: dict[tuple[int, ...], list[Item]], homes: dict[int, tuple[int, ...]]) -> None:
    """Give leaves beyond MOST_SHARED that stand beside a group's members to the first of these that uses them.

    They have no inputs, so that what else uses them comes later in any case.
    """
    waiting = sorted(adopted)
    for way in waiting:
        # The one that most members use stays longest.
        leaves = sorted(adopted[way], key=lambda leaf: -len(_users(sketch, leaf)))
        if len(leaves) <= MOST_SHARED:
            continue
        moved = []
        for leaf in leaves[MOST_SHARED:]:
            users = [user for user in _users(sketch, leaf) if user in homes]
            first = min((homes[user] for user in users), default=way)
            if len(first) > len(way):
                inner = first[: len(way) + 1]
                if inner not in adopted:
                    waiting.append(inner)
                adopted.setdefault(inner, []).append(leaf)
                moved.append(leaf)
        gone = set(map(id, moved))
        adopted[way] = [leaf for leaf in adopted[way] if id(leaf) not in gone]


def _with_leaves(
    items: tuple[Item, ...], way: tuple[int, ...], adopted: dict[tuple[int, ...], list[Item]]
) -> tuple[Item, ...]:
    inside = [
        item.holding(_with_leaves(item.items, (*way, index), adopted)) if isinstance(item, Draft) else item
        for index, item in enumerate(items)
    ]
    return same_or_new(items, (*inside, *adopted.get(way, ())))


def same_or_new(before: tuple[Item, ...], after: Sequence[Item]) -> tuple[Item, ...]:
    """Return the members as they were where nothing has changed, so that their group knows that too."""
    if len(before) == len(after) and all(map(is_, before, after)):
        return before
    return tuple(after)
