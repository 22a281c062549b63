"""The two graphs of the static page as boxes: what stands in each, where, and what is lit.

The painting is that of the explorer's boxes. A node that has its like in the other graph has a whole border, one that
stands in this graph alone a dashed one, so that the difference is seen before anything is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from graphlab.layout.grid import CellSize
from graphlab.model import LEAF_KINDS
from graphlab.tui import messages
from graphlab.tui.box_painter import BoxPainter
from graphlab.tui.box_plan import BoxPlan, PlainEdge, lay_out_plan
from graphlab.tui.box_text import BoxItem, Looks, Zoom
from graphlab.tui.rows import Row, fit, over, row_width, shorten, spread

if TYPE_CHECKING:
    from graphlab.layout.boxes import Direction, EdgeKey
    from graphlab.tui.static_book import Entry

_LEAST_INNER, _MOST_INNER, _MOST_TEXT = 12, 30, 26


def is_beside(entry: Entry) -> bool:
    """Whether a node stands beside the ops as a line of text."""
    return entry.kind in LEAF_KINDS or entry.kind == "data"


def plan_side(
    entries: Mapping[int, Entry], edges: Sequence[tuple[int, int, int, int, str]], zoom: Zoom, direction: Direction
) -> BoxPlan:
    """Lay out one side.

    Args:
        edges: source, target, slot, output and label of each.
    """
    index = {node: place for place, node in enumerate(entries)}
    sizes = tuple(_size(entry, zoom) for entry in entries.values())
    plain: dict[EdgeKey, PlainEdge] = {}
    for source, target, slot, output, label in edges:
        if source in index and target in index:
            key = (index[source], index[target], slot)
            plain[key] = (*key, output, label if zoom != "dot" else "")
    layout, rows = lay_out_plan(sizes, tuple(plain.values()), zoom, direction)
    items = [BoxItem(node) for node in entries]
    heights = [size.height for size in sizes]
    return BoxPlan(layout, rows, items, index, {key: [] for key in plain}, zoom, direction, heights)


def _size(entry: Entry, zoom: Zoom) -> CellSize:
    if zoom == "dot":
        return CellSize(1, 1, is_beside(entry))
    if is_beside(entry):
        width = min(len(_first(entry)) + 1 + len(entry.shape), _MOST_TEXT)
        return CellSize(width + (2 if zoom == "line" else 0), 1, is_minor=True)
    if zoom == "line":
        words = " ".join(filter(None, (entry.word, entry.name, entry.shape)))
        return CellSize(min(len(words), _MOST_INNER) + 4, 1)
    first, second = len(entry.word) + len(_line(entry)), len(entry.name) + 1 + len(entry.shape)
    return CellSize(min(max(first, second, _LEAST_INNER), _MOST_INNER) + 4, 4)


def _first(entry: Entry) -> str:
    """Return what a leaf is called."""
    return entry.name or entry.word


def _line(entry: Entry) -> str:
    return f" {messages.LINE_SIGN}{entry.line}" if entry.line else ""


class SidePicture(BoxPainter):
    """One side as boxes, with what is selected there or lit for the other side."""

    def __init__(self, plan: BoxPlan, entries: Mapping[int, Entry], lit: Collection[int], *, is_selected: bool) -> None:
        places = {plan.index[node] for node in lit if node in plan.index}
        edges = frozenset(key for key in plan.edges if key[0] in places or key[1] in places)
        super().__init__(plan, edges)
        self._entries = entries
        self._places = places
        self._is_selected = is_selected

    def _entry(self, place: int) -> Entry:
        return self._entries[self.plan.items[place].node]

    def is_framed(self, place: int) -> bool:
        return self.plan.zoom == "full" and not is_beside(self._entry(place))

    def find_looks(self, place: int) -> Looks:
        entry = self._entry(place)
        mark = messages.IN_BOTH if entry.has_partner else messages.ONLY_HERE
        names = entry.kind if entry.has_partner else "bold"
        return Looks(mark, names, "now" if place in self._places else "made" if entry.has_partner else "future")

    def text(self, place: int, looks: Looks, line: int, width: int) -> Row:
        entry = self._entry(place)
        shape: Row = [(f" {entry.shape}", "shapes")] if entry.shape else []
        if is_beside(entry):
            mark: Row = [(looks.mark, looks.names), (" ", "")] if self.plan.zoom == "line" else []
            room = width - row_width(mark) - row_width(shape)
            return fit([*mark, (shorten(_first(entry), room), looks.names), *shape], width)
        if self.plan.zoom == "line":
            words: Row = [(entry.word, looks.names), (f" {entry.name}" if entry.name else "", "text")]
            if row_width(words) + row_width(shape) > width - 4:
                shape = []
            inner = spread(words, shape, width - 4)
            return [("[", looks.names), (looks.mark, looks.names), (" ", ""), *inner, ("]", looks.names)]
        if line == 0:
            return spread([(shorten(entry.word, width), looks.names)], [(_line(entry), "quiet")], width)
        return spread([(shorten(entry.name, width), "text")], shape, width)

    def find_edge_style(self, key: EdgeKey) -> str:
        return "lane bold" if key in self._lit_edges else "lane"

    def finish(self, place: int, row: Row) -> Row:
        if place not in self._places:
            return row
        return over(row, "selected" if self._is_selected else "match")

    def callout(self) -> tuple[int, str] | None:
        place = min(self._places, default=None)
        if place is None:
            return None
        entry = self._entry(place)
        return place, f" {' '.join(filter(None, (entry.word, entry.name, entry.shape)))} "
