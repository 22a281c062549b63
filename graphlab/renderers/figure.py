"""A graph ready to be drawn: the face of every node, the label of every edge, and where each of them goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphlab.crowd import without_collector
from graphlab.errors import RenderError
from graphlab.language import _
from graphlab.layout.boxes import BoxLayout, BoxSize, Direction, EdgeKey, LabelSize, lay_out_boxes
from graphlab.layout.fold import apply_folding, plan_folding, without_strays
from graphlab.layout.strips import Page
from graphlab.renderers.drawing import number, path, rectangle, rounded, text_element
from graphlab.renderers.faces import CHIP_PADDING, MARK_BORDERS, FaceOfNode, build_face, draw_chip
from graphlab.renderers.fonts import measure, shorten
from graphlab.renderers.options import Options
from graphlab.renderers.palette import Theme
from graphlab.renderers.reading import EdgeReading, read_edge, read_nodes

if TYPE_CHECKING:
    import networkx

PILL, VIEW = 9.5, 10.0
"""Sizes of the gradient's number and of a view's name on an edge."""
PILL_ROOM, ARROW_ROOM = 17.0, 9.0
PAGE = Page(across=1600.0, along=1200.0)
"""Points that can be read at once, on a slide or a screen: a chain much longer than this is laid in columns."""
ARROW = 6.0
CORNER = 7.0


@dataclass(frozen=True, slots=True)
class Figure:
    """Faces, labels and positions."""

    graph: networkx.MultiDiGraph
    """What is drawn: the graph that was given, or its folded form."""
    faces: Mapping[int, FaceOfNode]
    edges: Mapping[EdgeKey, EdgeReading]
    layout: BoxLayout


@without_collector()
def build_figure(graph: networkx.MultiDiGraph, options: Options) -> Figure:
    """Read and lay out a graph, on the positions of `options.stage` where there is one."""
    is_alone = options.stage is None or options.stage is graph
    graph = without_strays(graph)
    stage = graph if is_alone or options.stage is None else without_strays(options.stage, keep=graph)
    if not is_alone and not (set(graph) <= set(stage) and set(graph.edges(keys=True)) <= set(stage.edges(keys=True))):
        raise RenderError(_("the stage lacks nodes of the graph: give the graph of the same step at its end"))
    folding = plan_folding(stage, options.fold, opened=options.opened)
    if folding is not None:
        graph = apply_folding(graph, folding)
        stage = graph if is_alone else apply_folding(stage, folding)
    has_numbers = any(_has_numbers(one) for one in ([graph] if stage is graph else [graph, stage]))
    readings = read_nodes(graph)
    told = readings if stage is graph else read_nodes(stage)
    for node, reading in readings.items():
        if not _is_named(graph.nodes[node]) and _is_named(stage.nodes[node]):
            readings[node] = replace(reading, title=told[node].title)  # else it would be wider until it has its name
    faces = {node: build_face(reading, has_numbers=has_numbers) for node, reading in readings.items()}
    edges = {key: read_edge(graph.edges[key]) for key in sorted(graph.edges(keys=True))}
    sizes = {node: _size(face) for node, face in faces.items()}
    direction = options.direction
    labels = {key: size for key, edge in edges.items() if (size := label_size(edge, direction)) is not None}
    if stage is not graph:
        # What is on stage later must fit already now.
        for node, reading in told.items():
            full = build_face(reading, has_numbers=has_numbers)
            later = _size(full)
            now = sizes.get(node, later)
            if node in faces:
                faces[node] = replace(faces[node], room=max(row.width for row in full.rows))
            sizes[node] = BoxSize(max(now.width, later.width), max(now.height, later.height), later.is_minor)
        for key in stage.edges(keys=True):
            known = [size for size in (labels.get(key), label_size(read_edge(stage.edges[key]), direction)) if size]
            if known:
                labels[key] = LabelSize(max(size.width for size in known), max(size.height for size in known))
    layout = lay_out_boxes(stage, sizes, labels, direction=direction, page=PAGE)
    return Figure(graph, faces, edges, layout)


def _is_named(data: Mapping[str, Any]) -> bool:
    return bool(data.get("name") or data.get("names"))


def _has_numbers(graph: networkx.MultiDiGraph) -> bool:
    return any(
        data.get("gradient") is not None
        or data.get("leaf_gradient") is not None
        or (data.get("value") is not None and data.get("kind") != "data")
        for _, data in graph.nodes(data=True)
    )


def _size(face: FaceOfNode) -> BoxSize:
    return BoxSize(face.width, face.height, face.reading.kind in {"parameter", "leaf", "data"})


def label_size(edge: EdgeReading, direction: Direction) -> LabelSize | None:
    """Return the room that an edge's label needs, arrow included."""
    width = _label_width(edge)
    if not width:
        return None
    return LabelSize(width, PILL_ROOM + ARROW_ROOM) if direction == "down" else LabelSize(width + ARROW_ROOM, PILL_ROOM)


def _label_width(edge: EdgeReading) -> float:
    view = measure(_view(edge), VIEW, "mono") + 6.0 if edge.label else 0.0
    pill = measure(edge.gradient.text, PILL) + 2 * CHIP_PADDING if edge.gradient else 0.0
    return view + pill


def _view(edge: EdgeReading) -> str:
    return shorten(edge.label, 140.0, VIEW, "mono")


def draw_edges(figure: Figure, theme: Theme) -> list[str]:
    """Return the lines and arrows, the weakest first: where edges share their way the strongest is seen."""
    order = sorted(figure.edges, key=lambda key: (_strength(figure.edges[key]), key))
    elements = []
    for key in order:
        edge, route = figure.edges[key], figure.layout.routes[key]
        points = route.points
        (x, y), (before_x, before_y) = points[-1], points[-2]
        length = abs(x - before_x) + abs(y - before_y)
        away = (0.0, -1.0) if x == before_x else (-1.0, 0.0)
        stop = min(ARROW * 0.8, length)
        line = rounded([*points[:-1], (x + away[0] * stop, y + away[1] * stop)], CORNER)
        paint = _paint(edge, theme)
        elements.append(path(line, fill="none", **paint))
        if edge.gradient and edge.gradient.tone == "invalid":
            elements.append(path(line, fill="none", stroke=theme.alarm, stroke_width=1.4, stroke_dasharray="5 4"))
        elements.append(_arrow(x, y, away, str(paint["stroke"]), paint.get("opacity", 1.0)))
    return elements


def _strength(edge: EdgeReading) -> int:
    if edge.mark:
        return 100
    if edge.gradient is None:
        return -1 if edge.state == "future" else 0
    return {"zero": 1, "level": 2 + abs(edge.gradient.level), "invalid": 99}[edge.gradient.tone]


def _paint(edge: EdgeReading, theme: Theme) -> dict[str, str | float]:
    if edge.mark:
        dashes = MARK_BORDERS[edge.mark]
        paint: dict[str, str | float] = {"stroke": theme.marks[edge.mark], "stroke_width": 3.0}
        return paint | {"stroke_dasharray": dashes} if dashes else paint
    if edge.state == "future":
        return {"stroke": theme.line, "stroke_width": 1.4, "stroke_dasharray": "5 4", "opacity": 0.45}
    if edge.gradient is None:
        return {"stroke": theme.line, "stroke_width": 1.5}
    if edge.gradient.tone == "invalid":
        return {"stroke": theme.text, "stroke_width": 3.6}
    if edge.gradient.tone == "zero":
        return {"stroke": theme.line, "stroke_width": 1.8, "stroke_dasharray": "1.5 4"}
    return {"stroke": theme.lines[edge.gradient.level + len(theme.lines) // 2], "stroke_width": 2.2}


def _arrow(x: float, y: float, away: tuple[float, float], color: str, opacity: str | float) -> str:
    half = ARROW * 0.62
    back = (x + away[0] * ARROW, y + away[1] * ARROW)
    wing = (away[1] * half, away[0] * half)
    outline = (
        f"M{_pair(x, y)}L{_pair(back[0] + wing[0], back[1] + wing[1])}L{_pair(back[0] - wing[0], back[1] - wing[1])}Z"
    )
    return path(outline, fill=color, **({} if opacity == 1.0 else {"opacity": opacity}))


def _pair(x: float, y: float) -> str:
    return f"{number(x)} {number(y)}"


def draw_labels(figure: Figure, theme: Theme) -> list[str]:
    """Return the views' names and the gradients' numbers, on the lines."""
    elements = []
    for key, edge in figure.edges.items():
        room = figure.layout.routes[key].label
        if room is None:
            continue
        is_down = room.height > PILL_ROOM
        x = room.x + (room.width - _label_width(edge) - (0.0 if is_down else ARROW_ROOM)) / 2
        middle = room.y + PILL_ROOM / 2
        if edge.label:
            view = _view(edge)
            width = measure(view, VIEW, "mono")
            elements += [
                rectangle(x, middle - 7.5, width + 6, 15, 3, fill=theme.background),
                text_element(x + 3, middle + VIEW * 0.36, view, VIEW, theme.muted, "mono"),
            ]
            x += width + 6.0
        if edge.gradient:
            elements += draw_chip(edge.gradient, edge.gradient.text, x, middle, PILL, theme)
    return elements
