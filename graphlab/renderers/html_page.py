"""A graph as one HTML file that needs no network: the SVG of `svg`, pan and zoom, and what a node holds on a click.

Script and style are small files of our own beside this module.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlab.renderers.drawing import escape
from graphlab.renderers.figure import Figure, build_figure
from graphlab.renderers.options import Options
from graphlab.renderers.palette import THEMES, Theme
from graphlab.renderers.reading import number_words, read_edge, read_node, snapshot_words, title_lines
from graphlab.renderers.svg import compose

if TYPE_CHECKING:
    import networkx

    from graphlab.model import Snapshot

MOST_VALUES = 64
"""Elements of a tensor that the page carries: it must stay small enough to be mailed."""
ALL_VALUES = 20_000
"""Elements of all tensors together."""
MOST_LINKS = 30


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the page."""
    theme = THEMES[options.theme]
    figure = build_figure(graph, options)
    title = escape(title_lines(figure.graph.graph)[0])
    # In a script element only `<` could end it early.
    facts = json.dumps(_facts(figure), separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{_style(theme)}
{_beside("html_page.css")}</style>
</head>
<body>
<main id="stage" aria-label="computational graph">
{compose(figure, theme)}</main>
<aside id="panel" aria-live="polite" hidden></aside>
<nav id="tools"><button id="out" title="zoom out (-)">−</button><button id="in" title="zoom in (+)">+</button>
<button id="fit" title="fit (0)">fit</button><span>drag to move · wheel to zoom · click a node</span></nav>
<script type="application/json" id="facts">{facts}</script>
<script>
{_beside("html_page.js")}</script>
</body>
</html>
"""
    return page.encode()


def _beside(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _style(theme: Theme) -> str:
    colors = {"background": theme.background, "text": theme.text, "muted": theme.muted, "faint": theme.faint}
    return f":root {{ {' '.join(f'--{name}: {color};' for name, color in colors.items())} }}"


def _facts(figure: Figure) -> dict[str, dict[str, Any]]:
    """Return what the panel says of each node."""
    facts = {}
    graph = figure.graph
    room = ALL_VALUES
    for node, data in sorted(graph.nodes(data=True)):
        reading = read_node(data)
        about: dict[str, Any] = {
            "title": " ".join((reading.title, *reading.tags)),
            # The two tensors have their own places below.
            "facts": read_node({**data, "value": None, "gradient": None}).facts,
            "from": _links(graph, sorted(graph.in_edges(node, keys=True), key=lambda edge: _slot(graph, edge)), 0),
            "to": _links(graph, sorted(graph.out_edges(node, keys=True)), 1),
        }
        for word in ("value", "gradient"):
            snapshot = data.get(word)
            shown = min(room, MOST_VALUES)
            about[word] = "" if snapshot is None else _tensor_words(snapshot, shown)
            room -= 0 if snapshot is None else min(snapshot.size, shown)
        facts[str(node)] = about
    return facts


def _slot(graph: networkx.MultiDiGraph, edge: tuple[int, int, int]) -> tuple[int, int, int]:
    return graph.edges[edge].get("slot") or 0, edge[0], edge[2]


def _links(graph: networkx.MultiDiGraph, edges: list[tuple[int, int, int]], end: int) -> list[tuple[int, str]]:
    """Return the nodes at the other ends of some edges, each with its words."""
    links = []
    for edge in edges[:MOST_LINKS]:
        other, reading = read_node(graph.nodes[edge[end]]), read_edge(graph.edges[edge])
        parts = [" ".join((other.title, *other.tags)), reading.label, other.shape]
        if reading.gradient is not None:
            parts.append(f"∇ {reading.gradient.text}")
        links.append((edge[end], "  ".join(part for part in parts if part)))
    return links


def _tensor_words(snapshot: Snapshot, most: int) -> str:
    words = snapshot_words(snapshot)
    array = snapshot.array
    if array is None or not snapshot.is_complete or snapshot.size <= 3:
        return words
    if snapshot.size > most:
        return words
    numbers = [number_words(float(number.real), 4) for number in array.ravel().tolist()]
    # A column is shown as a row, as the explorer does.
    columns = snapshot.shape[-1] if snapshot.shape[-1] > 1 else len(numbers)
    wide = max(len(number) for number in numbers)
    rows = [numbers[start : start + columns] for start in range(0, len(numbers), columns)]
    return "\n".join([words, *("  ".join(number.rjust(wide) for number in row) for row in rows)])
