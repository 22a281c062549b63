"""A graph as boxes and orthogonal lines: layers from top to bottom, or from left to right.

The caller says how large each box is and how much room the label at the end of each edge needs, in whatever unit it
draws in. Positions depend on nothing but the graph's structure and these sizes: not on the moment, on the order of a
dictionary, or on the machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from graphlab.crowd import without_collector
from graphlab.layout.columns import Gaps
from graphlab.layout.layers import Link
from graphlab.layout.placement import Item, Placement, Spacing, Tag, place
from graphlab.layout.strips import Page, fold_strip

if TYPE_CHECKING:
    import networkx

Direction = Literal["down", "right"]
EdgeKey = tuple[int, int, int]
"""Source, target and key: what names an edge of a multigraph."""

PICTURE = Spacing(
    gaps=Gaps(boxes=28.0, box_and_net=18.0, nets=12.0),
    ports=12.0,
    lead=15.0,
    track=9.0,
    least=30.0,
    clearance=5.0,
    unit=0.5,
    apart=56.0,
)
INSET = 16.0
"""For pictures, in points."""
_MOST_ABREAST = 8
"""Unconnected parts that may stand side by side for the sake of the page."""


@dataclass(frozen=True, slots=True)
class BoxSize:
    """How large a box shall be; it is made wider where its lines need more room."""

    width: float
    height: float
    is_minor: bool = False
    """A parameter or data: it stands beside the chain of ops and does not push it sideways."""


@dataclass(frozen=True, slots=True)
class LabelSize:
    """The room that a label at the end of an edge needs, right above (or left of) the box that the edge enters."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its corner at the top left, and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an edge from its source to its target."""

    points: tuple[tuple[float, float], ...]
    """Corners of a line that runs along the axes only."""
    label: Box | None
    """The room kept for the edge's label, its last stretch runs through the middle of it."""
    net: int
    """Edges of one net carry the same tensor and share the way until they part."""


@dataclass(frozen=True, slots=True)
class BoxLayout:
    """Where everything is, from (0, 0) at the top left."""

    width: float
    height: float
    boxes: Mapping[int, Box]
    routes: Mapping[EdgeKey, Route]


def lay_out_boxes(
    graph: networkx.MultiDiGraph,
    sizes: Mapping[int, BoxSize],
    labels: Mapping[EdgeKey, LabelSize] | None = None,
    *,
    spacing: Spacing = PICTURE,
    direction: Direction = "down",
    wrap: float = 1200.0,
    page: Page | None = None,
) -> BoxLayout:
    """Lay out a graph. `wrap` is the width beyond which unconnected parts start a new row.

    `page` is what a long chain, one box wide, is laid in columns for (or in rows, from left to right); None: never.

    Of the graph only `nodes`, `edges(keys=True, data="slot")` and `edges[key]` are asked for, so that a caller who has
    no networkx graph at hand can pass something simpler.
    """
    is_down = direction == "down"
    items = {}
    for node, size in sizes.items():
        across, along = (size.width, size.height) if is_down else (size.height, size.width)
        half = math.ceil(across / 2 / spacing.unit) * spacing.unit
        items[node] = Item(half, half, along, INSET, size.is_minor)
    tags = {}
    for key, label in (labels or {}).items():
        across, along = (label.width, label.height) if is_down else (label.height, label.width)
        tags[key] = Tag(across / 2, across / 2, along)
    return lay_out_items(graph, items, tags, spacing=spacing, direction=direction, wrap=wrap, page=page)


@without_collector()
def lay_out_items(
    graph: networkx.MultiDiGraph,
    items: Mapping[int, Item],
    tags: Mapping[EdgeKey, Tag],
    *,
    spacing: Spacing,
    direction: Direction,
    wrap: float,
    page: Page | None = None,
) -> BoxLayout:
    """Lay out a graph whose boxes and labels are given across and along the direction, as `placement` wants them."""
    edges = sorted(graph.edges(keys=True, data="slot"), key=lambda edge: (edge[1], edge[3] or 0, edge[0], edge[2]))
    leaving: dict[int, list[EdgeKey]] = {node: [] for node in sorted(graph.nodes)}
    for source, target, key, _ in edges:
        leaving[source].append((source, target, key))
    nets = 0
    parts: list[_Part] = []
    loose: list[_Part] = []
    for members in _components(list(leaving), edges):
        index = {node: position for position, node in enumerate(members)}
        keys = [key for node in members for key in leaving[node]]
        facts = [graph.edges[key] for key in keys]
        links = [
            Link(index[source], index[target], data.get("slot") or 0, data.get("output") or 0)
            for (source, target, _), data in zip(keys, facts, strict=True)
        ]
        labels = [tags.get(key, Tag()) for key in keys]
        placed = place([items[node] for node in members], links, labels, spacing)
        if page is not None:
            placed = fold_strip(placed, labels, page if direction == "down" else page.turned(), spacing)
        placed.nets = [nets + net for net in placed.nets]
        nets += len(keys)
        part = _as_part(placed, members, keys, tags, is_down=direction == "down")
        (parts if keys else loose).append(part)
    widest = max([wrap, *(part.width for part in parts)])
    shelf = widest if page is None or direction == "right" else _best_shelf(parts, spacing, page, widest)
    loose_rows = list(_shelves(loose, spacing.gaps.boxes, max(shelf, widest)))
    # Tensors that no op uses yet stand in rows of their own, above everything else.
    top = [_stack(loose_rows, math.ceil(spacing.apart / 2))] if loose_rows else []
    rows = [*top, *_shelves(parts, 2 * spacing.gaps.boxes, shelf)]
    return _stack(rows, spacing.apart).as_layout()


@dataclass(slots=True)
class _Part:
    """A piece of the picture with its own origin."""

    width: float
    height: float
    boxes: dict[int, Box]
    routes: dict[EdgeKey, Route]

    def moved(self, x: float, y: float) -> _Part:
        if not x and not y:
            return self
        boxes = {node: _moved(box, x, y) for node, box in self.boxes.items()}
        routes = {
            key: Route(
                tuple((px + x, py + y) for px, py in route.points),
                route.label and _moved(route.label, x, y),
                route.net,
            )
            for key, route in self.routes.items()
        }
        return _Part(self.width, self.height, boxes, routes)

    def as_layout(self) -> BoxLayout:
        return BoxLayout(self.width, self.height, dict(sorted(self.boxes.items())), dict(sorted(self.routes.items())))


def _moved(box: Box, x: float, y: float) -> Box:
    return Box(box.x + x, box.y + y, box.width, box.height)


def _components(nodes: Sequence[int], edges: Sequence[tuple[int, int, int, int | None]]) -> list[list[int]]:
    """Return the connected parts, each sorted, ordered by their first nodes."""
    near: dict[int, list[int]] = {node: [] for node in nodes}
    for source, target, _, _ in edges:
        near[source].append(target)
        near[target].append(source)
    seen: set[int] = set()
    found = []
    for node in nodes:
        if node in seen:
            continue
        members = [node]
        seen.add(node)
        for member in members:
            for other in near[member]:
                if other not in seen:
                    seen.add(other)
                    members.append(other)
        found.append(sorted(members))
    return found


def _as_part(
    placed: Placement, members: Sequence[int], keys: Sequence[EdgeKey], tags: Mapping[EdgeKey, Tag], *, is_down: bool
) -> _Part:
    def turn(box: Box) -> Box:
        return box if is_down else Box(box.y, box.x, box.height, box.width)

    boxes = {
        node: turn(Box(anchor - item.left, top, item.left + item.right, item.height))
        for node, anchor, top, item in zip(members, placed.anchors, placed.tops, placed.items, strict=True)
    }
    routes = {}
    for key, points, net in zip(keys, placed.points, placed.nets, strict=True):
        x, y = points[-1]
        tag = tags.get(key)
        label = turn(Box(x - tag.left, y - tag.height, tag.left + tag.right, tag.height)) if tag else None
        routes[key] = Route(tuple(points) if is_down else tuple((y, x) for x, y in points), label, net)
    if is_down:
        return _Part(placed.width, placed.height, boxes, routes)
    return _Part(placed.height, placed.width, boxes, routes)


def _best_shelf(parts: Sequence[_Part], spacing: Spacing, page: Page, widest: float) -> float:
    """Return the width of the rows in which unconnected parts suit the page best, the usual one of equals."""
    gap = 2 * spacing.gaps.boxes
    widths = {widest}
    reach = 0.0
    for part in parts[:_MOST_ABREAST]:
        reach += part.width + (gap if reach else 0.0)
        widths.add(max(reach, *(each.width for each in parts)))

    def shrinks(shelf: float) -> float:
        rows = list(_shelves(parts, gap, shelf))
        height = sum(row.height for row in rows) + spacing.apart * (len(rows) - 1)
        return max(1.0, page.shrinks(max(row.width for row in rows), height))

    return min(sorted(widths), key=lambda shelf: (shrinks(shelf), shelf != widest)) if len(parts) > 1 else widest


def _shelves(parts: Sequence[_Part], gap: float, wrap: float) -> Iterator[_Part]:
    """Put parts side by side, in rows no wider than `wrap`."""
    row = _Part(0.0, 0.0, {}, {})
    for part in parts:
        if row.boxes and row.width + gap + part.width > wrap:
            yield row
            row = _Part(0.0, 0.0, {}, {})
        x = row.width + gap if row.boxes else 0.0
        moved = part.moved(x, 0.0)
        row.boxes.update(moved.boxes)
        row.routes.update(moved.routes)
        row.width = x + part.width
        row.height = max(row.height, part.height)
    if row.boxes:
        yield row


def _stack(rows: Sequence[_Part], gap: float) -> _Part:
    """Put rows below one another."""
    stack = _Part(0.0, 0.0, {}, {})
    for row in rows:
        y = stack.height + gap if stack.boxes else 0.0
        moved = row.moved(0.0, y)
        stack.boxes.update(moved.boxes)
        stack.routes.update(moved.routes)
        stack.width = max(stack.width, row.width)
        stack.height = y + row.height
    return stack
