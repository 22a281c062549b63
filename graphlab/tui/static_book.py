"""The static graphs of a recording's script beside the graph of a step: what is chosen, and the rows that show it.

Free of textual, so that tests read rows as text. The graphs come from a child process: the explorer runs no script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, overload

from graphlab.graph.correspond import Correspondence, correspond
from graphlab.layout.lanes import LaneRow, Lanes, newest_first
from graphlab.model import Node
from graphlab.recorded_words import say_recorded
from graphlab.recording import Recording
from graphlab.sentences import format_shape
from graphlab.static_graph import TRACERS, StaticGraph, StaticNode
from graphlab.tui import messages
from graphlab.tui.box_book import MOST_OPEN
from graphlab.tui.box_text import ZOOMS, Zoom
from graphlab.tui.lane_columns import short_op
from graphlab.tui.lanes import marked_cells
from graphlab.tui.rows import Row, fit, over, row_width, shorten, spread, wrap

if TYPE_CHECKING:
    from graphlab.layout.boxes import Direction
    from graphlab.tui.box_plan import BoxPlan

Side = Literal["dynamic", "static"]
SIDES: tuple[Side, Side] = ("dynamic", "static")
MOST_BOXES = 600
"""Nodes of a side beyond which it has rows alone: nothing folds here."""
_ROOM = 48
"""Cells of a side that has room for boxes."""
MOST_NODES = 20_000
"""Of a larger step's graph no side is drawn: laying it beside another would take too long between two keys."""
_MOST_LANES = 8
_KINDS: Mapping[str, str] = messages.LANE_KINDS


@dataclass(frozen=True)
class Entry:
    """What a row says of a node."""

    word: str
    name: str
    shape: str
    line: int | None
    kind: str
    has_partner: bool


Link = tuple[int, int, int, int, str]
"""An edge: source, target, slot, which of the source's tensors, label."""


@dataclass(frozen=True)
class Drawn:
    """One side: its nodes from the top, their lanes, and what their rows say."""

    order: tuple[int, ...]
    lanes: Lanes
    entries: Mapping[int, Entry]
    rows: Mapping[int, int]
    """The row of each node."""
    links: Sequence[Link]


@dataclass
class StaticBook:
    """What the screen shows and what is selected in it."""

    recording: Recording
    step: int
    graphs: list[StaticGraph] = field(default_factory=list)
    index: int = 0
    has_traced: bool = False
    """Whether torch's tracers were asked; else the graphs are those that the script made itself."""
    trouble: str = ""
    """Why there are no graphs; empty while they are being made."""
    side: Side = "dynamic"
    """Where the selection was made."""
    selected: int | None = None
    view: Literal["", "boxes", "lanes"] = ""
    """What a person chose; empty: what there is room for."""
    zoom: Zoom = "full"
    direction: Direction = "down"

    @property
    def graph(self) -> StaticGraph | None:
        """The static graph that is shown."""
        return self.graphs[self.index] if self.graphs else None

    @property
    def tracer_name(self) -> str:
        """Who made it."""
        return say_recorded(TRACERS[self.graph.tracer]) if self.graph is not None else messages.STATIC_GRAPHS

    def take(self, graphs: list[StaticGraph]) -> None:
        """Add what the tracers made, and show the first graph that there is."""
        self.has_traced = True
        self.graphs += graphs
        self.index = next((place for place, graph in enumerate(self.graphs) if graph.failure is None), 0)

    def turn_to_step(self, step: int) -> None:
        """Lay the static graphs beside another step."""
        if step != self.step:
            self.step, self.selected = step, None

    def turn(self, direction: int) -> None:
        """Show the next tracer's graph; what is selected on its side is let go."""
        if self.graphs:
            self.index = (self.index + direction) % len(self.graphs)
            if self.side == "static":
                self.selected = None

    def select(self, side: Side, delta: int) -> None:
        """Select the row above or below the one that is selected, or lit, on a side."""
        drawn = self.drawn(side)
        if not drawn.order:
            return
        here = self.row(side)
        row = (0 if delta > 0 else len(drawn.order) - 1) if here is None else here + delta
        self.choose(side, drawn.order[min(max(row, 0), len(drawn.order) - 1)])

    def choose(self, side: Side, node: int | None) -> None:
        """Select a node."""
        self.side, self.selected = side, node

    def row(self, side: Side) -> int | None:
        """Return the row of what is selected on a side, or of what is lit there for it."""
        lit = sorted(self.lit(side), key=lambda node: self.drawn(side).rows.get(node, 0), reverse=True)
        return self.drawn(side).rows.get(lit[0]) if lit else None

    def lit(self, side: Side) -> frozenset[int]:
        """Return the nodes of a side that are selected, or the same as what is selected on the other."""
        if self.selected is None:
            return frozenset()
        if side == self.side:
            return frozenset({self.selected})
        found = self.correspondence
        return frozenset((found.to_static if side == "static" else found.to_dynamic).get(self.selected, ()))

    @property
    def dynamic_node(self) -> int | None:
        """The node of autograd's graph that is selected or lit."""
        return max(self.lit("dynamic"), default=None)

    @property
    def correspondence(self) -> Correspondence:
        """Which nodes are the same, and the differences in words."""
        return _correspond(self.recording, self.step, self.graph) if self.graph is not None else Correspondence()

    def node(self, side: Side) -> int | None:
        """Return the node of a side that is selected, or the last of those that are lit for it."""
        return self.selected if side == self.side else max(self.lit(side), default=None)

    # -- boxes -----------------------------------------------------------------------------------------------------

    def shows_boxes(self, width: int) -> bool:
        """Whether sides of a width are drawn as boxes, as far as they can be."""
        sizes = [len(self.drawn(side).order) for side in SIDES]
        return self.view == "boxes" or (not self.view and width >= _ROOM and max(sizes) <= MOST_OPEN)

    def plan(self, side: Side) -> BoxPlan | None:
        """Return where the boxes of a side stand; None where there are none, or too many."""
        drawn = self.drawn(side)
        if not drawn.order or len(drawn.order) > MOST_BOXES or self._lacks_graph(side):
            return None
        return _plan(self.recording, self.step, self.graph, side, self.zoom, self.direction)

    def switch_view(self, width: int) -> str:
        """Show boxes in place of rows, or the other way round; return what to say of it."""
        self.view = "lanes" if self.shows_boxes(width) else "boxes"
        sides = [side for side in SIDES if len(self.drawn(side).order) > MOST_BOXES]
        return messages.TOO_MANY_BOXES if self.view == "boxes" and sides else ""

    def zoom_by(self, direction: int) -> str:
        """Look from nearer (1) or from farther (-1); return what to say of it."""
        place = ZOOMS.index(self.zoom) - direction
        if not 0 <= place < len(ZOOMS):
            return messages.ZOOM_END[direction > 0]
        self.zoom = ZOOMS[place]
        return messages.ZOOM_IS[self.zoom]

    def turn_boxes(self) -> str:
        """Let the boxes run in the other direction; return what to say of it."""
        self.direction = "down" if self.direction == "right" else "right"
        return messages.DIRECTION_IS[self.direction]

    def _lacks_graph(self, side: Side) -> bool:
        return side == "static" and (self.graph is None or self.graph.failure is not None)

    def drawn(self, side: Side) -> Drawn:
        """Return one side."""
        if side == "dynamic":
            return _draw_dynamic(self.recording, self.step, self.graph)
        return _draw_static(self.recording, self.step, self.graph)

    # -- rows ------------------------------------------------------------------------------------------------------

    def rows_of(self, side: Side, width: int) -> Sequence[Row]:
        """Return the rows of one side, or why there are none."""
        if self._lacks_graph(side):
            return self._no_graph(width)
        drawn = self.drawn(side)
        if not drawn.order:
            return [fit([(f" {line}", "quiet")], width) for line in wrap(messages.NO_GRAPH, width - 2)]
        return SideRows(drawn, self.lit(side), width, is_selected=side == self.side)

    def _no_graph(self, width: int) -> list[Row]:
        failure = self.graph.failure if self.graph is not None else None
        if failure is None:
            text, names = (self.trouble, "alarm") if self.trouble else (messages.TRACING, "quiet")
            return [fit([(f" {line}", names)], width) for line in wrap(text, width - 2)]
        head = messages.NO_STATIC_GRAPH.format(tracer=self.tracer_name)
        rows: list[Row] = [fit([(f" {line}", "alarm")], width) for line in wrap(head, width - 2)]
        where = messages.AT_LINE.format(line=failure.line) if failure.line else ""
        return rows + [
            fit([(f" {line}", "text")], width) for line in wrap(f"{where}{say_recorded(failure.text)}", width - 2)
        ]

    def words(self, width: int) -> list[Row]:
        """Return what one graph has and the other lacks, a line of the script after the other."""
        rows: list[Row] = []
        for line, text in self.correspondence.words:
            mark = f"{messages.LINE_SIGN}{line}" if line is not None else ""
            lines = wrap(text, max(width - 8, 8)) or [""]
            rows.append(fit([(f" {mark:<6} ", "quiet"), (lines[0], "text")], width))
            rows += [fit([(" " * 8, ""), (more, "text")], width) for more in lines[1:]]
        if not rows and self.graph is not None:
            rows.append(fit([(f" {messages.SAME_GRAPH}", "quiet")], width))
        return rows


class SideRows(Sequence[Row]):
    """The rows of one side, each made when it is painted."""

    def __init__(self, drawn: Drawn, lit: frozenset[int], width: int, *, is_selected: bool) -> None:
        self._drawn = drawn
        self._lit = lit
        self._width = width
        self._is_selected = is_selected
        wide = drawn.lanes.width
        self._lanes = max(min(wide, _MOST_LANES, width // 6), 1)
        self._is_bundled = wide > self._lanes and width >= 24

    def __len__(self) -> int:
        return len(self._drawn.order)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        number = range(len(self))[index]
        node = self._drawn.order[number]
        entry = self._drawn.entries[node]
        (lane,) = self._drawn.lanes.rows(number, number + 1, self._lanes)
        row = self._row(lane, entry)
        if node in self._lit:
            row = over(row, "selected" if self._is_selected else "match")
        return row

    def _row(self, lane: LaneRow, entry: Entry) -> Row:
        mark = messages.IN_BOTH if entry.has_partner else messages.ONLY_HERE
        cells = marked_cells(lane, mark, entry.kind, self._lanes, is_bundled=self._is_bundled)
        row: Row = [(" ", ""), *cells, (" ", "")]
        tail: Row = [
            (f" {entry.shape}", "shapes"),
            (f" {messages.LINE_SIGN}{entry.line}" if entry.line else "", "quiet"),
        ]
        room = max(self._width - row_width(row) - row_width(tail), 0)
        words: Row = [(shorten(entry.word, room), entry.kind if entry.has_partner else "bold")]
        words.append((f" {entry.name}" if entry.name else "", "text"))
        return row + spread(fit(words, room), tail, self._width - row_width(row))


# -- both sides, found once --------------------------------------------------------------------------------------------


@lru_cache(8)
def _nodes(recording: Recording, step: int) -> tuple[tuple[Node, ...], tuple[Link, ...]]:
    """Return the nodes of a step and its edges, those of a graph that is too large aside."""
    if recording.is_large(step):
        return (), ()
    structure = recording.structure(step)
    if len(structure.nodes) > MOST_NODES:
        return (), ()
    links = tuple((edge.source, edge.target, edge.slot, edge.output, edge.label) for edge in structure.edges)
    return tuple(structure.nodes.values()), links


@lru_cache(8)
def _correspond(recording: Recording, step: int, graph: StaticGraph) -> Correspondence:
    nodes, _ = _nodes(recording, step)
    return correspond(nodes, recording.names(recording.step(step).last), graph)


@lru_cache(8)
def _draw_dynamic(recording: Recording, step: int, graph: StaticGraph | None) -> Drawn:
    nodes, links = _nodes(recording, step)
    names = recording.names(recording.step(step).last)
    partners = _correspond(recording, step, graph).to_static if graph is not None else {}
    entries = {node.id: _dynamic_entry(node, names.get(node.id, ()), node.id in partners) for node in nodes}
    return _draw(entries, links, [(source, target) for source, target, *_ in links])


def _dynamic_entry(node: Node, names: Sequence[str], has_partner: bool) -> Entry:
    name = node.name or next(iter(names), "")
    word = short_op(node.op) if node.kind == "op" else _KINDS[node.kind]
    line = node.line if node.kind == "op" else None
    return Entry(word, name, format_shape(node.shape) if node.shape is not None else "", line, node.kind, has_partner)


@lru_cache(8)
def _draw_static(recording: Recording, step: int, graph: StaticGraph | None) -> Drawn:
    nodes: tuple[StaticNode, ...] = graph.nodes if graph is not None else ()
    partners = _correspond(recording, step, graph).to_dynamic if graph is not None else {}
    entries = {node.id: _static_entry(node, node.id in partners) for node in nodes}
    links = tuple((source, node.id, slot, 0, "") for node in nodes for slot, source in enumerate(node.inputs))
    # Among the lanes one line stands for all inputs that are the same tensor.
    pairs = [(source, node.id) for node in nodes for source in dict.fromkeys(node.inputs)]
    return _draw(entries, links, pairs)


def _static_entry(node: StaticNode, has_partner: bool) -> Entry:
    word = (node.call or "") if node.kind == "op" else _KINDS[node.kind]
    name = node.name or ""
    if node.kind == "op" and node.role == "backward":
        name = messages.PART_OF.format(name=node.autograd) if node.autograd else ""
    return Entry(
        word, name, format_shape(node.shape) if node.shape is not None else "", node.line, node.kind, has_partner
    )


@lru_cache(16)
def _plan(
    recording: Recording, step: int, graph: StaticGraph | None, side: Side, zoom: Zoom, direction: Direction
) -> BoxPlan:
    from graphlab.tui.static_boxes import plan_side

    drawn = _draw_dynamic(recording, step, graph) if side == "dynamic" else _draw_static(recording, step, graph)
    return plan_side(drawn.entries, drawn.links, zoom, direction)


def _draw(entries: Mapping[int, Entry], links: Sequence[Link], pairs: Sequence[tuple[int, int]]) -> Drawn:
    sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
    order = newest_first(list(entries), sources, targets)
    lanes = Lanes(order, sources, targets)
    lanes.rows(0, len(order))  # how many lanes there are is known when all are
    return Drawn(tuple(order), lanes, entries, {node: row for row, node in enumerate(order)}, links)
