"""A graph as text: one row a node, the last on top, its edges as lanes at the left, as `git log --graph` has it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from graphlab.language import _
from graphlab.layout.fold import without_strays
from graphlab.layout.lanes import LaneRow, Lanes, link_cells, newest_first, node_cells
from graphlab.renderers.options import Options
from graphlab.renderers.reading import (
    MARK_SIGNS,
    MARK_WORDS,
    NodeReading,
    gradient_words,
    read_edge,
    read_nodes,
    title_lines,
)

if TYPE_CHECKING:
    import networkx

MOST_LANES = 40
MARKS = {"op": "○", "parameter": "●", "leaf": "●", "data": "◌", "output": "◎", "group": "◍"}
NOW, FUTURE = "◉", "·"
LEGEND = _("○ op   ● leaf that gets a gradient   ◌ data   ◎ output   ◉ just ran   · not yet")


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the graph as text."""
    return draw_text(graph).encode()


def draw_text(graph: networkx.MultiDiGraph) -> str:
    """Return the graph as lines of text."""
    heading = [line for line in title_lines(graph.graph) if line]
    rows = _table(without_strays(graph))
    body = [line.rstrip() for line in rows] or [_("nothing is there yet")]
    marks = dict.fromkeys(str(mark) for _, mark in graph.nodes(data="mark") if mark)
    signs = ["   ".join(f"{MARK_SIGNS[mark]} {MARK_WORDS[mark]}" for mark in MARK_WORDS if mark in marks)]
    return "\n".join([*heading, "", *body, "", LEGEND, *filter(None, signs)]) + "\n"


def _table(graph: networkx.MultiDiGraph) -> list[str]:
    """Return the rows: lanes, then columns as wide as their widest text."""
    edges = sorted(graph.edges(keys=True, data="slot"), key=lambda edge: (edge[1], edge[3] or 0, edge[0], edge[2]))
    sources, targets = [edge[0] for edge in edges], [edge[1] for edge in edges]
    lanes = Lanes(newest_first(sorted(graph), sources, targets), sources, targets)
    readings = read_nodes(graph)
    inputs: dict[int, list[str]] = {}
    for source, target, key, _unused in edges:
        inputs.setdefault(target, []).append(f"#{source}{read_edge(graph.edges[source, target, key]).label}")
    drawn: list[tuple[str, tuple[str, ...]]] = []
    for row in lanes.rows(0, len(lanes), MOST_LANES):
        reading = readings[row.node]
        drawn.append((_lanes_of(row, reading), _columns(reading, inputs.get(row.node, []))))
        link = "".join(cell.text for cell in link_cells(row, MOST_LANES))
        if link.strip():
            drawn.append((link, ()))
    left = max((len(lane) for lane, _ in drawn), default=0)
    widths = [max((width(cells[index]) for _, cells in drawn if cells), default=0) for index in range(9)]
    return [
        lane.ljust(left) + " " + "  ".join(_pad(cell, wide) for cell, wide in zip(cells, widths, strict=False) if wide)
        for lane, cells in drawn
    ]


def _lanes_of(row: LaneRow, reading: NodeReading) -> str:
    mark = {"now": NOW, "future": FUTURE}.get(reading.state, MARKS.get(reading.kind, "○"))
    return "".join(cell.text for cell in node_cells(row, mark, MOST_LANES))


def _columns(reading: NodeReading, inputs: list[str]) -> tuple[str, ...]:
    shown = inputs if len(inputs) <= 8 else [*inputs[:7], _("and {count} more").format(count=len(inputs) - 7)]
    return (
        MARK_SIGNS.get(reading.mark, ""),
        f"#{reading.id}",
        reading.title,
        " ".join(reading.tags),
        reading.shape,
        "  ".join(part for part in (reading.value, gradient_words(reading), reading.change) if part),
        reading.detail,
        reading.place,
        _("from {path}").format(path=", ".join(shown)) if inputs else "",
    )


def width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
        for character in text
    )


def _pad(text: str, wide: int) -> str:
    return text + " " * (wide - width(text))
