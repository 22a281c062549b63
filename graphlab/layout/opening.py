"""Opens single groups of a folded graph by their names, so that a picture shows one part of it closely.

Apart from `fold`, which chooses what is closed for the sake of the whole: here somebody has named a part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from graphlab.errors import RenderError
from graphlab.language import _
from graphlab.layout.groups import Group, walk

_NAMED = 5
"""How many groups an error names."""


def open_groups(groups: Sequence[Group], closed: Collection[str], names: Collection[str]) -> set[str]:
    """Return the groups to close when those with these names are open, all else as before.

    A group that is opened shows what is right inside; so do the groups around it, which must be open for it to be seen.

    Args:
        groups: those in no other.
        closed: the ids of the closed ones.
        names: modules' paths, functions' names, or whatever else groups are called.

    Raises:
        RenderError: there is no such group.
    """
    wanted = {group.id for name in names for group in _find(groups, name)}
    ways = [way for way in _ways(groups) if way[-1].id in wanted]
    opened = {group.id for way in ways for group in way}
    still = set(closed)
    for way in ways:
        # What was open before shows as much as it did.
        first = next((at for at, group in enumerate(way) if group.id in closed), len(way))
        still.update(child.id for group in way[first:] for child in group.children)
    return still - opened


def _ways(groups: Sequence[Group]) -> Iterator[tuple[Group, ...]]:
    """Yield each group with those around it before it, the outermost first."""
    stack: list[tuple[Group, ...]] = [(group,) for group in reversed(groups)]
    while stack:
        way = stack.pop()
        yield way
        stack.extend((*way, child) for child in reversed(way[-1].children))


def _find(groups: Sequence[Group], name: str) -> list[Group]:
    found = [group for group in walk(groups) if name in {group.name, group.id} and group.count == 1]
    found = found or [group for group in walk(groups) if name in {group.name, group.id}]
    if not found:
        known = list(dict.fromkeys(group.name for group in walk(groups) if group.kind in {"module", "function"}))
        known = known or list(dict.fromkeys(group.name for group in walk(groups) if group.name))
        near = get_close_matches(name, known, _NAMED) or known[:_NAMED]
        choice = (
            _(": choose one such as {near}").format(near=", ".join(near))
            if near
            else _(": nothing in it belongs together")
        )
        raise RenderError(_("there is no group {name!r} in this graph{choice}").format(name=name, choice=choice))
    return found
