"""Where the boxes of a step stand: one for each node, or for a folded group of them.

Positions depend on the step's structure, the zoom and what is folded, never on the moment; steps that are alike share
them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from graphlab.layout.grid import BARE, DOTS, CellBox, CellSize, GridLayout, LineCell, glyph, lay_out_grid
from graphlab.tui.box_text import BoxItem, Zoom, size_of_item

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.boxes import EdgeKey
    from graphlab.model import Edge
    from graphlab.structure import Structure
    from graphlab.tui.box_text import BoxGroup
    from graphlab.tui.state import ExplorerState

_WRAP = 60
"""The width beyond which parts without a connection start a new row."""
_SPACINGS = {"full": None, "line": BARE, "dot": DOTS}
_PlainEdge = tuple[int, int, int, int, str]
"""Source, target, slot, output, label; boxes are counted within their step."""
_Rows = list[list[tuple[int, Any]]]
"""For each row, from left to right: a column and what begins there: a run of a line's cells, the line of a box (its
number in the layout, line), or the label of an edge."""
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

    def __init__(self, count: int, edges: Sequence[_PlainEdge]) -> None:
        self.nodes = list(range(count))
        self.edges = _Edges({edge[:3]: {"slot": edge[2], "output": edge[3]} for edge in edges})


@dataclass(frozen=True)
class BoxPlan:
    """Where everything of a step's graph stands; boxes are counted within the step."""

    layout: GridLayout
    rows: _Rows
    items: list[BoxItem]
    """What each box shows."""
    index: dict[int, int]
    """The box of every node."""
    edges: dict[EdgeKey, list[Edge]]
    """What each line between two boxes stands for."""
    zoom: Zoom

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
    state: ExplorerState, structure: Structure, last: int, zoom: Zoom = "full", groups: Sequence[BoxGroup] = ()
) -> BoxPlan:
    """Lay out the graph of a step whose last event is `last`; groups do not overlap."""
    names = state.recording.names(last)
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
    return BoxPlan(*_lay_out(sizes, plain, zoom), items, index, {key: found for key, (_, found) in edges.items()}, zoom)


def _edges_between(
    structure: Structure, items: list[BoxItem], index: dict[int, int]
) -> dict[EdgeKey, tuple[int, list[Edge]]]:
    """Return for each line between two boxes which of the source's tensors it carries, and the edges it stands for.

    Into a folded group one tensor goes once, however often it is used inside.
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
        if items[source].group is not None:
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
def _lay_out(sizes: tuple[CellSize, ...], edges: tuple[_PlainEdge, ...], zoom: Zoom) -> tuple[GridLayout, _Rows]:
    """Lay out a graph; the steps of a training are alike, and share what is found for the first."""
    labels = {edge[:3]: len(edge[4]) for edge in edges if edge[4]}
    graph = cast("networkx.MultiDiGraph[int]", PlainGraph(len(sizes), edges))
    layout = lay_out_grid(graph, dict(enumerate(sizes)), labels, wrap=_WRAP, spacing=_SPACINGS[zoom])
    rows = _runs(layout)
    for place, box in layout.boxes.items():
        for line in range(box.height):
            rows[box.y + line].append((box.x, (place, line)))
    texts = {edge[:3]: edge[4] for edge in edges}
    for key, label in layout.labels.items():
        rows[label.y].append((label.x, LabelText(key, texts[key])))
    for row in rows:
        row.sort(key=lambda item: item[0])
    return layout, rows


def _runs(layout: GridLayout) -> _Rows:
    """Return the lines of each row, joined to runs once for all moments: what changes with time are styles."""
    rows: _Rows = [[] for _ in range(layout.height)]
    in_rows: list[list[tuple[int, LineCell, tuple[EdgeKey, ...]]]] = [[] for _ in rows]
    for (x, y), cell in layout.lines.items():
        in_rows[y].append((x, cell, tuple(edge for strand in cell.strands for edge in strand.edges)))
    for row, cells in zip(rows, in_rows, strict=True):
        cells.sort(key=lambda entry: entry[0])
        start = 0
        for index, (x, _, edges) in enumerate(cells, 1):
            following = cells[index] if index < len(cells) else None
            if following and following[0] == x + 1 and following[2] == edges and index - start < _LONGEST_RUN:
                continue
            run = tuple(cell for _, cell, _ in cells[start:index])
            row.append((cells[start][0], LineRun(run, "".join(map(glyph, run)), edges)))
            start = index
    return rows
