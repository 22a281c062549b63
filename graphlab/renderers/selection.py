"""What of a graph is drawn: the neighbourhood of some nodes, and which figures of each.

Apart from the formats, because it holds for all of them: each is handed a graph that holds no more than is wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal

from graphlab.errors import RenderError
from graphlab.language import _, ngettext

if TYPE_CHECKING:
    import networkx

Shown = Literal["value", "gradient", "shape"]
SHOWN: tuple[Shown, ...] = ("value", "gradient", "shape")
Focus = int | str | Sequence[int]
"""A node's number, its name, or the numbers of several."""

_GRADIENTS = ("gradient", "leaf_gradient", "worst", "invalid")
_HIDDEN: dict[Shown, tuple[str, ...]] = {
    "value": ("value",),
    "gradient": _GRADIENTS,
    "shape": ("shape", "takes"),
}


def neighbourhood(graph: networkx.MultiDiGraph, focus: Focus, hops: int) -> networkx.MultiDiGraph:
    """Return what lies within some edges of a node, in either direction.

    Raises:
        RenderError: there is no such node, or the hops are no count.
    """
    if hops < 0:
        raise RenderError(_("hops cannot be {hops}: give 0 or more").format(hops=hops))
    start = find_focus(graph, focus)
    reached = set(start)
    rim = set(start)
    for _unused in range(hops):
        near = {other for node in rim for other in (*graph.predecessors(node), *graph.successors(node))}
        rim = near - reached
        reached |= rim
    part = graph.subgraph(sorted(reached)).copy()
    words = ", ".join(_called(graph, node) for node in start[:3]) + (" …" if len(start) > 3 else "")
    part.graph["focus"] = ngettext(
        "{count} of {nodes} nodes: {words} and {hops} hop around",
        "{count} of {nodes} nodes: {words} and {hops} hops around",
        hops,
    ).format(count=len(part), nodes=len(graph), words=words, hops=hops)
    return part


def find_focus(graph: networkx.MultiDiGraph, focus: Focus) -> list[int]:
    """Return the nodes that are meant: by number, by name, or by the variables that hold them."""
    if isinstance(focus, int):
        wanted: Collection[int] = [focus]
    elif isinstance(focus, str):
        text = focus.strip().removeprefix("#")
        named = [
            node
            for node, data in graph.nodes(data=True)
            if focus == data.get("name") or focus in (data.get("names") or ())
        ]
        wanted = named or ([int(text)] if text.isdecimal() else [])
    else:
        wanted = focus
    found = sorted(node for node in wanted if node in graph)
    if not found:
        raise RenderError(
            _("there is no node {say} in this graph: give a name or a number of one").format(say=_say(focus))
        )
    return found


def without_hidden(graph: networkx.MultiDiGraph, show: Collection[Shown]) -> networkx.MultiDiGraph:
    """Return the graph without the figures that are not shown."""
    hidden = {fact for shown, facts in _HIDDEN.items() if shown not in show for fact in facts}
    if not hidden:
        return graph
    bare = graph.copy()
    for _unused, data in bare.nodes(data=True):
        data.update(dict.fromkeys(hidden & data.keys()))
    if "gradient" in hidden:
        for *_unused, data in bare.edges(data=True):
            data["gradient"] = None
    return bare


def _called(graph: networkx.MultiDiGraph, node: int) -> str:
    data = graph.nodes[node]
    names = data.get("names") or ()
    return str(data.get("name") or next(iter(names), "") or data.get("op") or f"#{node}")


def _say(focus: Focus) -> str:
    if isinstance(focus, str):
        return repr(focus)
    return str(focus) if isinstance(focus, int) else ", ".join(map(str, focus)) or _("that matches")
