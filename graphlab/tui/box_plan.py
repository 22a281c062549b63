"""Where the boxes of a step stand: one for each node, or for a folded group of them.

Positions depend on the step's structure, the zoom and what is folded, never on the moment; steps that are alike share
them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from graphlab.layout.grid import (
    BARE,
    BARE_RIGHTWARDS,
    DOTS,
    DOTS_RIGHTWARDS,
    CellBox,
    CellSize,
    GridLayout,
    LineCell,
    glyph,
    lay_out_grid,
)
from graphlab.recording import made_name
from graphlab.tui.box_text import BoxItem, Zoom, size_of_item

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.boxes import Direction, EdgeKey
    from graphlab.model import Edge
    from graphlab.structure import Structure
    from graphlab.tui.box_text import BoxGroup
    from graphlab.tui.state import ExplorerState

_WRAP = 60
"""The width beyond which parts without a connection start a new row."""
_SPACINGS = {
    "down": {"full": None, "line": BARE, "dot": DOTS},
    "right": {"full": None, "line": BARE_RIGHTWARDS, "dot": DOTS_RIGHTWARDS},
}
PlainEdge = tuple[int, int, int, int, str]
"""Source, target, slot, output, label; boxes are counted within their graph."""
_LONGEST_RUN = 100
"""Cells that a run takes at most: whoever looks for what reaches into a window must look so far to its left."""


@dataclass(frozen=True, slots=True)
class LabelText:
    """The label of an edge."""

    edge: EdgeKey
    text: str


@dataclass(frozen=True, slots=True)
class LineRun:
    """Cells of lines, one beside the other, that belong to the same edges and so always look alike."""

    cells: tuple[LineCell, ...]
    text: str
    """Their signs where none of the edges is lit."""
    edges: tuple[EdgeKey, ...]


Entry = LineRun | LabelText | tuple[int, int]


class PlanRows:
    """What each row of the boxes shows, from left to right: a column and what begins there.

    That is a run of a line's cells, the line of a box (its number in the layout, line), or the label of an edge. Made
    for a row when it is painted, once for all moments: what changes with time are styles.
    """

    def __init__(self, layout: GridLayout, texts: dict[EdgeKey, str]) -> None:
        self._layout = layout
        self._fixed: dict[int, list[tuple[int, tuple[int, int] | LabelText]]] = {}
        for place, box in layout.boxes.items():
            for line in range(box.height):
                self._fixed.setdefault(box.y + line, []).append((box.x, (place, line)))
        for key, label in layout.labels.items():
            self._fixed.setdefault(label.y, []).append((label.x, LabelText(key, texts[key])))
        self._made = lru_cache(1024)(self._make)

    def __len__(self) -> int:
        return self._layout.height

    def __getitem__(self, y: int) -> list[tuple[int, Entry]]:
        return self._made(y)

    def _make(self, y: int) -> list[tuple[int, Entry]]:
        row: list[tuple[int, Entry]] = [*self._fixed.get(y, ()), *_runs(self._layout.row(y).lines)]
        row.sort(key=lambda entry: entry[0])
        return row


def _runs(lines: Mapping[int, LineCell]) -> Iterator[tuple[int, LineRun]]:
    """Join the cells of a row to runs of the same edges."""
    start: int | None = None
    cells: list[LineCell] = []
    edges: tuple[EdgeKey, ...] = ()
    for x, cell in lines.items():
        through = cell.edges
        if start is not None and (x != start + len(cells) or through != edges or len(cells) == _LONGEST_RUN):
            yield start, LineRun(tuple(cells), "".join(map(glyph, cells)), edges)
            start = None
        if start is None:
            start, cells, edges = x, [], through
        cells.append(cell)
    if start is not None:
        yield start, LineRun(tuple(cells), "".join(map(glyph, cells)), edges)


class _Edges:
    """The edges of `PlainGraph`, as networkx hands them out."""

    def __init__(self, facts: dict[EdgeKey, dict[str, int]]) -> None:
        self._facts = facts

    def __call__(self, *, keys: bool, data: str) -> Iterator[tuple[int, int, int, int]]:
        return ((*key, facts[data]) for key, facts in self._facts.items())

    def __getitem__(self, key: EdgeKey) -> dict[str, int]:
        return self._facts[key]


class PlainGraph:
    """As much of a `networkx.MultiDiGraph` as the layout asks for; its import would double the wait for a picture."""

    def __init__(self, count: int, edges: Sequence[PlainEdge]) -> None:
        self.nodes = list(range(count))
        self.edges = _Edges({edge[:3]: {"slot": edge[2], "output": edge[3]} for edge in edges})


@dataclass(frozen=True)
class BoxPlan:
    """Where everything of a step's graph stands; boxes are counted within the step."""

    layout: GridLayout
    rows: PlanRows
    items: list[BoxItem]
    """What each box shows."""
    index: dict[int, int]
    """The box of every node."""
    edges: dict[EdgeKey, list[Edge]]
    """What each line between two boxes stands for."""
    zoom: Zoom
    direction: Direction
    heights: list[int]
    """How many rows what each box shows takes; a box that many lines enter from the side is higher."""

    def box(self, node: int | None) -> CellBox | None:
        """Return where a node stands, or the folded group that it is in."""
        place = self.index.get(node) if node is not None else None
        return self.layout.boxes[place] if place is not None else None

    def item(self, node: int | None) -> BoxItem | None:
        """Return the box that a node is in."""
        place = self.index.get(node) if node is not None else None
        return self.items[place] if place is not None else None

    def box_at(self, x: int, y: int) -> int | None:
        """Return the node of the box that covers a cell, or the one that stands for a folded group."""
        if not 0 <= y < len(self.rows):
            return None
        row = self.rows[y]
        for _, what in reversed(row[: bisect_left(row, x + 1, key=lambda entry: entry[0])]):
            if isinstance(what, tuple):
                box = self.layout.boxes[what[0]]
                return self.items[what[0]].node if x < box.x + box.width else None
        return None


def plan_boxes(
    state: ExplorerState,
    structure: Structure,
    last: int,
    zoom: Zoom = "full",
    groups: Sequence[BoxGroup] = (),
    direction: Direction = "down",
) -> BoxPlan:
    """Lay out the graph of a step whose last event is `last`; groups do not overlap."""
    names = state.recording.names(last)
    nameless = [node for node in structure.nodes.values() if not names.get(node.id)]
    names = names | {node.id: [name] for node in nameless if (name := made_name(state.recording, node))}
    group_of = {node: group for group in groups for node in group.nodes}
    items: list[BoxItem] = []
    index: dict[int, int] = {}
    for number in structure.nodes:
        group = group_of.get(number)
        if group is None:
            index[number] = len(items)
            items.append(BoxItem(number))
        elif number not in index:
            index.update(dict.fromkeys(group.nodes, len(items)))
            items.append(BoxItem(group.stands, group))
    sizes = tuple(
        size_of_item(structure.nodes[item.node], item.group, names.get(item.node, []), zoom) for item in items
    )
    edges = _edges_between(structure, items, index)
    # No label at a dot: the line alone must say it.
    labels = {key: "" if zoom == "dot" or items[key[1]].group else found[0].label for key, (_, found) in edges.items()}
    plain = tuple((*key, output, labels[key]) for key, (output, _) in edges.items())
    layout, rows = lay_out_plan(sizes, plain, zoom, direction)
    stands_for = {key: found for key, (_, found) in edges.items()}
    return BoxPlan(layout, rows, items, index, stands_for, zoom, direction, [size.height for size in sizes])


def _edges_between(
    structure: Structure, items: list[BoxItem], index: dict[int, int]
) -> dict[EdgeKey, tuple[int, list[Edge]]]:
    """Return for each line between two boxes which of the source's tensors it carries, and the edges it stands for.

    Into a folded group one tensor goes once, however often it is used inside; of many leaves alike all are one.
    """
    found: dict[EdgeKey, tuple[int, list[Edge]]] = {}
    tensors: dict[tuple[int, int, int], int] = {}
    given: dict[int, int] = {}
    slots: dict[tuple[int, int, int], int] = {}
    taken: dict[int, int] = {}
    for edge in structure.edges:
        source, target = index.get(edge.source), index.get(edge.target)
        if source is None or target is None or source == target:
            continue
        output, slot = edge.output, edge.slot
        giver = items[source].group
        if giver is not None and giver.is_minor:
            output = 0
        elif giver is not None:
            tensor = (source, edge.source, edge.output)
            if tensor not in tensors:
                tensors[tensor] = given[source] = given.get(source, -1) + 1
            output = tensors[tensor]
        if items[target].group is not None:
            entry = (source, output, target)
            if entry not in slots:
                slots[entry] = taken[target] = taken.get(target, -1) + 1
            slot = slots[entry]
        found.setdefault((source, target, slot), (output, []))[1].append(edge)
    return found


@lru_cache(16)
def lay_out_plan(
    sizes: tuple[CellSize, ...], edges: tuple[PlainEdge, ...], zoom: Zoom, direction: Direction
) -> tuple[GridLayout, PlanRows]:
    """Lay out a graph; the steps of a training are alike, and share what is found for the first."""
    labels = {edge[:3]: len(edge[4]) for edge in edges if edge[4]}
    graph = cast("networkx.MultiDiGraph[int]", PlainGraph(len(sizes), edges))
    spacing = _SPACINGS[direction][zoom]
    layout = lay_out_grid(graph, dict(enumerate(sizes)), labels, direction=direction, wrap=_WRAP, spacing=spacing)
    texts = {edge[:3]: edge[4] for edge in edges}
    return layout, PlanRows(layout, texts)
