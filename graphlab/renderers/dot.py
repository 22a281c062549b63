"""A graph in the DOT language, for Graphviz and whatever else reads it: the same words and colours as our own pictures.

Nodes and edges are written one after another in the order of their numbers, without recursion and without addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.language import _
from graphlab.layout.fold import fold, without_strays
from graphlab.renderers.fonts import SANS_FAMILY
from graphlab.renderers.options import Options
from graphlab.renderers.palette import THEMES, Theme
from graphlab.renderers.reading import (
    MARK_SIGNS,
    MARK_WORDS,
    EdgeReading,
    Magnitude,
    NodeReading,
    gradient_words,
    kind_words,
    plain,
    read_edge,
    read_nodes,
    title_lines,
)

if TYPE_CHECKING:
    import networkx

GRADIENT_WORDS = _(
    "an edge's colour: the gradient that flowed back, from blue (1e-5) over grey (1) to orange (1e5); "
    "dotted: zero; thick: NaN or infinite"
)
SHAPES = {
    "op": ("box", "filled,rounded"),
    "parameter": ("box", "filled"),
    "leaf": ("octagon", "filled"),
    "data": ("note", "filled"),
    "output": ("oval", "filled"),
    "group": ("box3d", "filled"),
}
MARK_STYLES = {"added": "solid", "removed": "dashed", "changed": "bold", "renamed": "dotted"}
"""The lines of what differs between two graphs."""


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the graph as DOT."""
    return draw_dot(graph, options).encode()


def draw_dot(graph: networkx.MultiDiGraph, options: Options) -> str:
    """Return the graph as DOT text."""
    theme = THEMES[options.theme]
    # A file of nodes and edges is data as well: it is folded only where the caller says so.
    graph = without_strays(graph)
    graph = graph if options.fold == "auto" else fold(graph, options.fold, opened=options.opened)
    readings = list(read_nodes(graph).values())
    lines = [f"digraph {quote(title_lines(graph.graph)[0])} {{", *_defaults(graph, readings, options, theme)]
    lines += [f"  n{reading.id} {_node(reading, theme)};" for reading in readings]
    for source, target, key in sorted(graph.edges(keys=True)):
        lines.append(f"  n{source} -> n{target} {_edge(read_edge(graph.edges[source, target, key]), theme)};")
    return "\n".join([*lines, "}"]) + "\n"


def _defaults(graph: networkx.MultiDiGraph, readings: list[NodeReading], options: Options, theme: Theme) -> list[str]:
    heading = "\\l".join(_text(line) for line in title_lines(graph.graph) if line)
    kinds = [kind for kind in SHAPES if any(reading.kind == kind for reading in readings)]
    legend = "; ".join(f"{_shape_words(kind)}: {kind_words(graph.graph)[kind]}" for kind in kinds)
    marks = [mark for mark in MARK_WORDS if any(reading.mark == mark for reading in readings)]
    legend += "".join(f"; {MARK_SIGNS[mark]} {MARK_WORDS[mark]}" for mark in marks)
    if any(reading.magnitudes for reading in readings):
        legend += f"\n{GRADIENT_WORDS}"
    label = heading + "\\l" + (_text(legend, newline="\\l") + "\\l" if legend else "")
    common = {"fontname": SANS_FAMILY, "fontcolor": theme.text}
    page = {
        "rankdir": "TB" if options.direction == "down" else "LR",
        "bgcolor": theme.background,
        "labelloc": "t",
        "labeljust": "l",
        "fontsize": "12",
        "ranksep": "0.35",
        "nodesep": "0.3",
    }
    return [
        f'  graph [label="{label}" {_attributes(common | page)}];',
        f"  node [{_attributes(common | {'fontsize': '11', 'margin': '0.16,0.08'})}];",
        f"  edge [{_attributes(common | {'fontsize': '9', 'color': theme.line, 'arrowsize': '0.7'})}];",
    ]


def _shape_words(kind: str) -> str:
    return {"op": "rounded box", "parameter": "box", "data": "sheet", "group": "3d box"}.get(kind, SHAPES[kind][0])


def _node(reading: NodeReading, theme: Theme) -> str:
    ink = theme.kinds.get(reading.kind, theme.kinds["op"])
    shape, style = SHAPES.get(reading.kind, SHAPES["op"])
    tags = " ".join(f"[{tag}]" for tag in reading.tags)
    first = "  ".join(word for word in (MARK_SIGNS.get(reading.mark, ""), reading.title, tags, reading.shape) if word)
    second = " · ".join(word for word in (reading.detail, reading.place) if word)
    third = "  ".join(word for word in (reading.value, gradient_words(reading), reading.change) if word)
    paint = {"shape": shape, "style": style, "fillcolor": ink.fill, "color": ink.border, "fontcolor": ink.text}
    if reading.kind == "parameter":
        paint["penwidth"] = "2"
    if reading.is_idle:
        paint |= {"style": "filled,dashed", "fillcolor": theme.background, "fontcolor": theme.text}
    if reading.state == "now":
        paint |= {"penwidth": "4", "color": theme.text}
    if reading.state == "future":
        paint |= {"style": f"{style},dashed", "fontcolor": theme.muted}
    if reading.mark:
        paint |= {"penwidth": "3", "color": theme.marks[reading.mark], "style": f"{style},{MARK_STYLES[reading.mark]}"}
    label = "\\n".join(_text(line) for line in (first, second, third) if line)
    tooltip = _text(reading.facts, newline="\\n")
    return f'[label="{label}" {_attributes(paint)} tooltip="{tooltip}"]'


def _edge(reading: EdgeReading, theme: Theme) -> str:
    words = [reading.label] if reading.label else []
    paint: dict[str, str] = {}
    if reading.gradient is not None:
        words.append(reading.gradient.text)
        paint |= _gradient_paint(reading.gradient, theme)
    if reading.state == "future":
        paint["style"] = "dashed"
    if reading.mark:
        words.append(MARK_SIGNS[reading.mark])
        paint |= {"penwidth": "3", "color": theme.marks[reading.mark], "style": MARK_STYLES[reading.mark]}
    label = f'label=" {_text("  ".join(words))}"' if words else ""
    return f"[{' '.join(part for part in (label, _attributes(paint)) if part)}]"


def _gradient_paint(gradient: Magnitude, theme: Theme) -> dict[str, str]:
    if gradient.tone == "zero":
        return {"style": "dotted", "penwidth": "1.6"}
    if gradient.tone == "invalid":
        return {"color": theme.text, "penwidth": "4"}
    return {"color": theme.lines[gradient.level + len(theme.lines) // 2], "penwidth": "2"}


def _attributes(values: dict[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in values.items())


def quote(text: str) -> str:
    """Return text as a quoted DOT string."""
    return f'"{_text(text)}"'


def _text(text: str, newline: str = " ") -> str:
    """Return what stands between the quotes. Graphviz reads HTML entities in labels, so an ampersand is one."""
    lines = [plain(line).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n")]
    return newline.join(lines)
