"""A graph as SVG: heading, boxes, lines, legend, drawn by our own layout. The picture for slides and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.renderers.drawing import escape, number, opening, rectangle, text_element
from graphlab.renderers.faces import draw_face, draw_halo
from graphlab.renderers.figure import Figure, build_figure, draw_edges, draw_labels
from graphlab.renderers.fonts import wrap
from graphlab.renderers.legend import draw_legend, legend_entries, legend_height
from graphlab.renderers.options import Options
from graphlab.renderers.palette import THEMES, Theme
from graphlab.renderers.reading import kind_words, title_lines

if TYPE_CHECKING:
    import networkx

MARGIN = 28.0
NARROWEST = 520.0
"""A picture is at least this wide, so that heading and legend have room."""
TITLE, SUBTITLE = 19.0, 11.5


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the picture as an SVG document."""
    return draw_svg(graph, options).encode()


def draw_svg(graph: networkx.MultiDiGraph, options: Options) -> str:
    """Return the picture as SVG text."""
    theme = THEMES[options.theme]
    return compose(build_figure(graph, options), theme)


def compose(figure: Figure, theme: Theme) -> str:
    """Put heading, figure and legend on one page."""
    graph = figure.graph
    inner = max(NARROWEST, figure.layout.width)
    heading, heading_height = _heading(graph, inner, theme)
    readings = [face.reading for face in figure.faces.values()]
    entries = legend_entries(readings, figure.edges.values(), theme, kind_words(figure.graph.graph))
    # A very wide picture keeps its legend together at the left, where one looks first.
    legend_width = min(inner, 1100.0)
    legend = legend_height(entries, legend_width)
    top = MARGIN + heading_height + 18.0
    bottom = top + figure.layout.height + (26.0 if figure.faces else 0.0)
    width, height = inner + 2 * MARGIN, bottom + legend + MARGIN
    left = MARGIN + (inner - figure.layout.width) / 2
    parts = [
        opening(width, height),
        f"<title>{escape(' — '.join(line for line in title_lines(graph.graph) if line))}</title>",
        rectangle(0, 0, width, height, fill=theme.background),
        *heading,
        f'<g id="graph" transform="translate({number(left)} {number(top)})">',
        *draw_body(figure, theme),
        "</g>",
        rectangle(MARGIN, bottom - 10, inner, 1, fill=theme.faint) if entries else "",
        *draw_legend(entries, MARGIN, bottom, legend_width),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _heading(graph: networkx.MultiDiGraph, width: float, theme: Theme) -> tuple[list[str], float]:
    title, place, doing = title_lines(graph.graph)
    elements = []
    y = MARGIN
    rows = [(line, TITLE, theme.text, "bold") for line in wrap(title, width, TITLE, "bold")]
    rows += [(line, SUBTITLE, theme.muted, "sans") for line in wrap(place, width, SUBTITLE)]
    rows += [(line, SUBTITLE, theme.text, "sans") for line in wrap(doing, width, SUBTITLE)]
    if not graph:
        rows.append(("nothing is there yet", SUBTITLE, theme.muted, "sans"))
    for line, size, color, face in rows:
        y += size * 1.05
        elements.append(text_element(MARGIN, y, line, size, color, "bold" if face == "bold" else "sans"))
        y += size * 0.45
    return elements, y - MARGIN


def draw_body(figure: Figure, theme: Theme) -> list[str]:
    """Return the figure itself: lines below boxes below labels."""
    now = [node for node, face in figure.faces.items() if face.reading.state == "now"]
    parts = [draw_halo(figure.layout.boxes[node], theme) for node in now]
    parts += ['<g class="edges">', *draw_edges(figure, theme), "</g>"]
    for node, face in figure.faces.items():
        reading = face.reading
        opacity = ' opacity="0.45"' if reading.state == "future" else ""
        parts.append(f'<g class="node {escape(reading.kind)}" id="n{node}"{opacity}>')
        parts.append(f"<title>{escape(reading.facts)}</title>")
        parts += draw_face(face, figure.layout.boxes[node], theme)
        parts.append("</g>")
    return [*parts, '<g class="labels">', *draw_labels(figure, theme), "</g>"]
