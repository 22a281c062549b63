"""The graph as networkx lays it out: topological generations, spread evenly by `multipartite_layout`.

The positions are networkx's; the drawing is our SVG and not matplotlib's, which would be a dependency of 60 MB for
circles and straight lines, and whose pictures name its version. Straight lines may run through circles: that is what
the layout gives, and what our own pictures are there to better.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from graphlab.language import _
from graphlab.layout.fold import fold, without_strays
from graphlab.renderers.drawing import escape, number, opening, path, polygon, rectangle, text_element
from graphlab.renderers.faces import CHIP_PADDING, draw_chip, draw_circle
from graphlab.renderers.fonts import measure, shorten, wrap
from graphlab.renderers.legend import draw_legend, legend_entries, legend_height
from graphlab.renderers.options import Options
from graphlab.renderers.palette import THEMES, Theme
from graphlab.renderers.png import rasterise
from graphlab.renderers.reading import EdgeReading, NodeReading, kind_words, read_edge, read_nodes, sign, title_lines

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.boxes import EdgeKey

ACROSS, DOWN = 150.0, 128.0
"""From one circle to the next, in a generation and between generations."""
RADIUS = 15.0
MOST = 100
"""Nodes beyond which straight lines between circles are no longer told apart."""
CHIP = 9.0
MARGIN = 40.0
NARROWEST = 420.0
Point = tuple[float, float]


def render_png(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the picture as PNG."""
    return rasterise(draw_svg(graph, options), options.scale)


def render_svg(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the picture as SVG."""
    return draw_svg(graph, options).encode()


def draw_svg(graph: networkx.MultiDiGraph, options: Options) -> str:
    """Return the picture as SVG text."""
    theme = THEMES[options.theme]
    graph = fold(without_strays(graph), options.fold, MOST, opened=options.opened)
    points, width, height = place(graph, is_down=options.direction == "down")
    readings = read_nodes(graph)
    edges = {key: read_edge(graph.edges[key]) for key in sorted(graph.edges(keys=True))}
    title, where, doing = title_lines(graph.graph)
    inner = max(NARROWEST, width)
    head = []
    y = MARGIN
    words = [(line, 17.0) for line in wrap(title, inner, 17.0)]
    words += [(line, 11.0) for line in (*wrap(where, inner, 11.0), *wrap(doing, inner, 11.0))]
    for line, size in [*words, (_("laid out by networkx"), 11.0)]:
        y += size * 1.1
        head.append(text_element(MARGIN, y, line, size, theme.text if size > 11 else theme.muted))
        y += size * 0.4
    top = y + 30
    left = MARGIN + (inner - width) / 2
    # The words below the outermost circles reach beyond them.
    bottom = top + height + MARGIN + 50
    entries = legend_entries(readings.values(), edges.values(), theme, kind_words(graph.graph), is_round=True)
    legend_width = min(inner + ACROSS, 1100.0)
    page = (inner + ACROSS + 2 * MARGIN, bottom + legend_height(entries, legend_width) + MARGIN / 2)
    placed = {node: (x + left + ACROSS / 2, y + top) for node, (x, y) in points.items()}
    return "\n".join(
        [
            opening(*page),
            f"<title>{escape(title)}</title>",
            rectangle(0, 0, *page, fill=theme.background),
            *head,
            *_draw_edges(edges, placed, theme),
            *(element for node, reading in readings.items() for element in _draw_node(reading, placed[node], theme)),
            *draw_legend(entries, MARGIN, bottom, legend_width),
            "</svg>\n",
        ]
    )


def place(graph: networkx.MultiDiGraph, *, is_down: bool) -> tuple[dict[int, Point], float, float]:
    """Return networkx's positions, stretched to where circles and words have room, and the size of it all."""
    import networkx

    ordered = networkx.MultiDiGraph()
    ordered.add_nodes_from(sorted(graph.nodes))
    ordered.add_edges_from(sorted(graph.edges(keys=True)))
    generations = {index: sorted(nodes) for index, nodes in enumerate(networkx.topological_generations(ordered))}
    if not generations:
        return {}, 0.0, 0.0
    positions = networkx.multipartite_layout(
        ordered, subset_key=generations, align="horizontal" if is_down else "vertical"
    )
    across = ACROSS * (max(len(nodes) for nodes in generations.values()) - 1)
    along = (DOWN if is_down else ACROSS) * (len(generations) - 1)
    if not is_down:
        across = across * DOWN / ACROSS
    size = (across, along) if is_down else (along, across)
    spans = []
    for axis in (0, 1):
        values = [float(position[axis]) for position in positions.values()]
        low, extent = min(values), max(values) - min(values)
        spans.append((low, size[axis] / extent if extent > 1e-9 else 0.0))
    points = {
        int(node): (
            round((float(x) - spans[0][0]) * spans[0][1], 2),
            round((float(y) - spans[1][0]) * spans[1][1], 2),
        )
        for node, (x, y) in positions.items()
    }
    return points, size[0], size[1]


def _draw_edges(edges: dict[EdgeKey, EdgeReading], points: dict[int, Point], theme: Theme) -> list[str]:
    """Return the lines, then the gradients' numbers on them."""
    lines: list[str] = []
    chips: list[str] = []
    parallel: dict[tuple[int, int], int] = {}
    for (source, target, _unused), reading in edges.items():
        count = parallel[source, target] = parallel.get((source, target), -1) + 1
        color = theme.line
        if reading.gradient is not None and reading.gradient.tone == "level":
            color = theme.lines[reading.gradient.level + len(theme.lines) // 2]
        # The first edge is straight; each further one bows out, to the left and to the right in turn.
        bow = (count + 1) // 2 * 22.0 * (1 if count % 2 else -1)
        if not count and _is_hidden(points, source, target):
            bow = 120.0
        dash: dict[str, str | float] = {"stroke_dasharray": "5 4"} if reading.state == "future" else {}
        lines += _draw_edge(points[source], points[target], bow, color, dash)
        if reading.gradient is not None:
            x, y = _on_way(points[source], points[target], bow)
            left = x - measure(reading.gradient.text, CHIP) / 2 - CHIP_PADDING
            chips += draw_chip(reading.gradient, reading.gradient.text, left, y, CHIP, theme)
    return [*lines, *chips]


def _on_way(start: Point, end: Point, bow: float) -> Point:
    """Return the point on an edge for its number: below the source's words, above the target's circle."""
    length = math.hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    share = 0.66
    aside = 2 * share * (1 - share) * bow / length
    x, y = end[0] - start[0], end[1] - start[1]
    return start[0] + share * x - aside * y, start[1] + share * y + aside * x


def _is_hidden(points: dict[int, Point], source: int, target: int) -> bool:
    """Return whether a straight line between two circles would run through the middle of a third."""
    (x, y), (end_x, end_y) = points[source], points[target]
    length = math.hypot(end_x - x, end_y - y) or 1.0
    for node, (other_x, other_y) in points.items():
        along = ((other_x - x) * (end_x - x) + (other_y - y) * (end_y - y)) / length
        aside = abs((other_x - x) * (end_y - y) - (other_y - y) * (end_x - x)) / length
        if node not in {source, target} and 0 < along < length and aside < RADIUS / 2:
            return True
    return False


def _draw_edge(start: Point, end: Point, bow: float, color: str, dash: dict[str, str | float]) -> list[str]:
    length = math.hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    middle = ((start[0] + end[0]) / 2 - along[1] * bow, (start[1] + end[1]) / 2 + along[0] * bow)
    near = math.hypot(end[0] - middle[0], end[1] - middle[1]) or 1.0
    into = ((end[0] - middle[0]) / near, (end[1] - middle[1]) / near)
    tip = (end[0] - into[0] * RADIUS, end[1] - into[1] * RADIUS)
    back = (tip[0] - into[0] * 8, tip[1] - into[1] * 8)
    wing = (-into[1] * 4, into[0] * 4)
    line = (
        f"M{number(start[0])} {number(start[1])}"
        f"Q{number(middle[0])} {number(middle[1])} {number(back[0])} {number(back[1])}"
    )
    arrow = polygon([tip, (back[0] + wing[0], back[1] + wing[1]), (back[0] - wing[0], back[1] - wing[1])])
    return [path(line, fill="none", stroke=color, stroke_width=1.6, **dash), path(arrow, fill=color)]


def _draw_node(reading: NodeReading, point: Point, theme: Theme) -> list[str]:
    ink = theme.kinds.get(reading.kind, theme.kinds["op"])
    x, y = point
    opacity = ' opacity="0.45"' if reading.state == "future" else ""
    halo = f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(RADIUS + 5)}" fill="{theme.halo}"/>'
    words = " ".join((reading.title, *reading.tags[:1]))
    first = sign(reading.gradient) if reading.gradient else ""
    # That NaN is inside stands before the parameters' norm, which may be cut.
    rest = "  ".join((*(more for more, _ in reversed(reading.more)), reading.missing)).strip()
    lines = [(words, 11.0, theme.text), (reading.shape, 9.5, theme.muted), (first, 9.5, theme.muted)]
    lines.append((rest, 9.5, theme.muted))
    elements = [
        f'<g class="node {reading.kind}" id="n{reading.id}"{opacity}>',
        f"<title>{escape(reading.facts)}</title>",
        halo if reading.state == "now" else "",
        draw_circle(x, y, RADIUS, ink, theme, is_now=reading.state == "now", is_idle=reading.is_idle),
    ]
    below = y + RADIUS + 13
    for line, size, color in lines:
        fitted = shorten(line, ACROSS - 8, size)
        wide = measure(fitted, size)
        if wide:
            back = rectangle(x - wide / 2 - 2, below - size, wide + 4, size + 3, fill=theme.background)
            elements += [back, text_element(x - wide / 2, below, fitted, size, color)]
            below += size + 2.5
    return [*(element for element in elements if element), "</g>"]
