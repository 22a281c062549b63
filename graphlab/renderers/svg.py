"""A graph as SVG: heading, boxes, lines, legend, drawn by our own layout. The picture for slides and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphlab.language import _
from graphlab.renderers.drawing import escape, number, opening, rectangle, text_element
from graphlab.renderers.faces import draw_face, draw_halo
from graphlab.renderers.figure import Figure, build_figure, draw_edges, draw_labels
from graphlab.renderers.fonts import wrap
from graphlab.renderers.legend import Entry, draw_legend, legend_entries, legend_height
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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a figure, or around several that are to lie on one another."""

    inner: float
    """The width between the margins."""
    heading: float
    """The room above the figure."""
    middle: float
    """The height of the figure, with the gap below it."""
    entries: Sequence[Entry]
    """The legend."""

    @property
    def legend_width(self) -> float:
        """A very wide picture keeps its legend together at the left, where one looks first."""
        return min(self.inner, 1100.0)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page."""
        legend = legend_height(self.entries, self.legend_width)
        return self.inner + 2 * MARGIN, 2 * MARGIN + self.heading + self.middle + legend


def surround(figures: Sequence[Figure], theme: Theme) -> Surroundings:
    """Return the room and the legend that do for all figures."""
    inner = max(NARROWEST, *(figure.layout.width for figure in figures))
    readings = [face.reading for figure in figures for face in figure.faces.values()]
    edges = [edge for figure in figures for edge in figure.edges.values()]
    return Surroundings(
        inner,
        max(_heading(figure.graph, inner, theme)[1] for figure in figures) + 18.0,
        max(figure.layout.height + (26.0 if figure.faces else 0.0) for figure in figures),
        legend_entries(readings, edges, theme, kind_words(figures[-1].graph.graph)),
    )


def compose(figure: Figure, theme: Theme, around: Surroundings | None = None) -> str:
    """Put heading, figure and legend on one page."""
    around = surround([figure], theme) if around is None else around
    graph, inner, entries = figure.graph, around.inner, around.entries
    heading, _unused = _heading(graph, inner, theme)
    top = MARGIN + around.heading
    bottom = top + around.middle
    width, height = around.size
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
        *draw_legend(entries, MARGIN, bottom, around.legend_width),
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
        rows.append((_("nothing is there yet"), SUBTITLE, theme.muted, "sans"))
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
