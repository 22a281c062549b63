"""A graph as a Mermaid flowchart, which Markdown on GitHub, GitLab and in many editors shows as a picture.

Mermaid refuses more than 500 edges, so a large graph is folded as in a picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.layout.fold import fold, without_strays
from graphlab.renderers.options import Options
from graphlab.renderers.palette import THEMES, Theme
from graphlab.renderers.reading import (
    KIND_WORDS,
    EdgeReading,
    NodeReading,
    gradient_words,
    plain,
    read_edge,
    read_nodes,
    title_lines,
)

if TYPE_CHECKING:
    import networkx

SHAPES = {
    "op": ("(", ")"),
    "parameter": ("[", "]"),
    "leaf": ("{{", "}}"),
    "data": ("[/", "/]"),
    "output": ("([", "])"),
    "group": ("[[", "]]"),
}
"""What stands around the words of each kind of node."""
_ENTITIES = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "&": "#amp;", "`": "#96;"}


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the graph as Mermaid text."""
    return draw_mermaid(graph, options).encode()


def draw_mermaid(graph: networkx.MultiDiGraph, options: Options) -> str:
    """Return the graph as Mermaid text."""
    theme = THEMES[options.theme]
    graph = fold(without_strays(graph), options.fold, opened=options.opened)
    readings = list(read_nodes(graph).values())
    lines = ["---", f"title: {_quoted(' — '.join(line for line in title_lines(graph.graph) if line))}", "---"]
    lines.append(f"flowchart {'TD' if options.direction == 'down' else 'LR'}")
    lines += [f"  {_node(reading)}" for reading in readings]
    edges = sorted(graph.edges(keys=True))
    lines += [
        f"  {_edge(source, target, read_edge(graph.edges[source, target, key]))}" for source, target, key in edges
    ]
    lines += [f"  {line}" for line in _classes(readings, theme)]
    lines += [f"  {line}" for line in _link_styles([read_edge(graph.edges[edge]) for edge in edges], theme)]
    return "\n".join(lines) + "\n"


def _node(reading: NodeReading) -> str:
    before, after = SHAPES.get(reading.kind, SHAPES["op"])
    first = "  ".join(word for word in (reading.title, *(f"[{tag}]" for tag in reading.tags), reading.shape) if word)
    second = " · ".join(word for word in (reading.detail, reading.place) if word)
    third = "  ".join(word for word in (reading.value, gradient_words(reading)) if word)
    words = "<br>".join(_escape(line) for line in (first, second, third) if line)
    name = "idle" if reading.is_idle else reading.kind
    return f'n{reading.id}{before}"{words}"{after}:::{name}'


def _edge(source: int, target: int, reading: EdgeReading) -> str:
    words = "  ".join(part for part in (reading.label, reading.gradient.text if reading.gradient else "") if part)
    line = "-.->" if reading.state == "future" or (reading.gradient and reading.gradient.tone == "zero") else "-->"
    return f"n{source} {line}" + (f'|"{_escape(words)}"|' if words else "") + f" n{target}"


def _classes(readings: list[NodeReading], theme: Theme) -> list[str]:
    """Return the colours of the kinds that occur, each with a word on what it is."""
    lines = []
    for kind, words in KIND_WORDS.items():
        if any(reading.kind == kind for reading in readings):
            ink = theme.kinds[kind]
            lines += [f"%% {kind}: {words}", f"classDef {kind} fill:{ink.fill},stroke:{ink.border},color:{ink.text}"]
    if any(reading.is_idle for reading in readings):
        paint = f"fill:{theme.background},stroke:{theme.line},color:{theme.text},stroke-dasharray:4 3"
        lines += ["%% idle: got no gradient", f"classDef idle {paint}"]
    return lines


def _link_styles(edges: list[EdgeReading], theme: Theme) -> list[str]:
    """Return the colours of edges by the size of the gradient that flowed back along them."""
    by_paint: dict[str, list[str]] = {}
    for index, edge in enumerate(edges):
        if edge.gradient is None or edge.gradient.tone == "zero":
            continue
        if edge.gradient.tone == "invalid":
            paint = f"stroke:{theme.text},stroke-width:4px,stroke-dasharray:6 3"
        else:
            paint = f"stroke:{theme.lines[edge.gradient.level + len(theme.lines) // 2]},stroke-width:2px"
        by_paint.setdefault(paint, []).append(str(index))
    return [f"linkStyle {','.join(numbers)} {paint}" for paint, numbers in by_paint.items()]


def _escape(text: str) -> str:
    return "".join(_ENTITIES.get(character, character) for character in plain(text))


def _quoted(text: str) -> str:
    """Return text as a double-quoted YAML string."""
    escaped = plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
