"""The structures that a page shows: nodes and edges without any moment, each distinct one once for all its steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from graphlab.language import _
from graphlab.layout.boxes import BoxLayout, BoxSize, Direction, EdgeKey, LabelSize, lay_out_boxes
from graphlab.layout.fold import ALWAYS_CLOSED
from graphlab.renderers.faces import build_face
from graphlab.renderers.figure import PAGE, label_size
from graphlab.renderers.reading import (
    EdgeReading,
    Magnitude,
    NodeReading,
    plain,
    read_node,
    read_nodes,
    sign,
)

if TYPE_CHECKING:
    import networkx

NUMBER = Magnitude("-8.888e-88", "level", 0, is_norm=True)
"""The widest that a gradient gets: boxes keep room for it, so that none moves when the numbers come."""
EDGE_NUMBER = Magnitude("-8.88e-8", "level", 0, is_norm=True)
VALUE = "norm 8.888e-8"
SLACK = 4.0
"""A browser sets its letters a little wider or narrower than we measure them."""
UNFOLD = 26.0
"""Width of the button that opens a group."""


@dataclass(slots=True)
class PageStructure:
    """One structure: what its nodes and edges are called, and the longest names that variables give them."""

    nodes: list[dict[str, Any]]
    edges: list[tuple[int, int, int, int, str]]
    """Source and target by index, slot, output, label."""
    groups: list[dict[str, Any]]
    """What belongs together, each after the group around it, as `groups.describe_groups` tells it."""
    tags: list[list[str]] = field(default_factory=list)
    """For each node the widest set of variables that ever names it: its box has room for them."""
    values: list[str] = field(default_factory=list)
    """For each node the longest value in words."""
    marks: list[str] = field(default_factory=list)
    """In the picture of two graphs: how each edge differs."""

    def __post_init__(self) -> None:
        self.tags = self.tags or [[] for _ in self.nodes]
        self.values = self.values or ["" for _ in self.nodes]

    def note_tags(self, node: int, tags: Sequence[str]) -> None:
        """Let a node's box have room for these names."""
        if len("".join(tags)) > len("".join(self.tags[node])):
            self.tags[node] = list(tags)

    def note_value(self, node: int, words: str) -> None:
        """Let a node's box have room for this value."""
        if len(words) > len(self.values[node]):
            self.values[node] = words

    def pack(self, direction: Direction) -> dict[str, Any]:
        """Return the structure with the size of each box, and where they are unless a group asks for a frame."""
        sizes = [self._size(index) for index in range(len(self.nodes))]
        labels = [self._label(edge, direction) for edge in self.edges]
        packed: dict[str, Any] = {
            "nodes": [
                {**node, "size": _numbers(round(size.width, 1), size.height)}
                for node, size in zip(self.nodes, sizes, strict=True)
            ],
            "edges": [
                [*edge, math.ceil(label.width) if label else 0] for edge, label in zip(self.edges, labels, strict=True)
            ],
            "groups": self.groups,
            "marks": self.marks if any(self.marks) else [],
        }
        if all(group["kind"] in ALWAYS_CLOSED and not group["closed"] for group in self.groups):
            packed["layout"] = self._lay_out(sizes, labels, direction)
        return packed

    def _size(self, index: int) -> BoxSize:
        node = self.nodes[index]
        kind, tags = node["kind"], self.tags[index]
        if "size" in node:
            return BoxSize(*node["size"])
        title = node["title"] if kind == "op" or node.get("name") else (tags or [node["title"]])[0]
        reading = NodeReading(
            id=index, kind=kind, title=title, detail=node["detail"], tags=tuple(tag for tag in tags if tag != title),
            shape=node.get("shape", ""), module="",
            place=_("line {line}").format(line=node["line"]) if node.get("line") else "",
            value=self.values[index], gradient=None if kind == "data" else NUMBER, more=(), missing="", state="done",
            facts="", mark=node.get("mark", ""), change=node.get("change", ""),
        )  # fmt: skip
        face = build_face(reading, has_numbers=True)
        return BoxSize(face.width + SLACK, face.height, kind in {"parameter", "leaf", "data"})

    def _label(self, edge: tuple[int, int, int, int, str], direction: Direction) -> LabelSize | None:
        has_gradient = self.nodes[edge[0]]["kind"] != "data"
        return label_size(EdgeReading(edge[4], EDGE_NUMBER if has_gradient else None, "done"), direction)

    def _lay_out(
        self, sizes: Sequence[BoxSize], labels: Sequence[LabelSize | None], direction: Direction
    ) -> dict[str, Any]:
        import networkx

        graph = networkx.MultiDiGraph()
        graph.add_nodes_from(range(len(self.nodes)))
        rooms = {}
        for index, ((source, target, slot, output, _unused), label) in enumerate(zip(self.edges, labels, strict=True)):
            graph.add_edge(source, target, index, slot=slot, output=output)
            if label is not None:
                rooms[source, target, index] = label
        layout = lay_out_boxes(graph, dict(enumerate(sizes)), rooms, direction=direction, page=PAGE)
        keys = [(source, target, index) for index, (source, target, *_) in enumerate(self.edges)]
        return pack_layout(layout, range(len(self.nodes)), keys)


def pack_layout(layout: BoxLayout, nodes: Iterable[int], edges: Iterable[EdgeKey]) -> dict[str, Any]:
    """Return places of boxes and ways of edges as flat lists, in the order of nodes and edges given."""
    boxes = [layout.boxes[node] for node in nodes]
    routes = []
    for edge in edges:
        route = layout.routes[edge]
        label = route.label and _numbers(route.label.x, route.label.y, route.label.width, route.label.height)
        routes.append([_numbers(*(number for point in route.points for number in point)), label or 0])
    return {
        "size": _numbers(layout.width, layout.height),
        "boxes": [_numbers(box.x, box.y, box.width, box.height) for box in boxes],
        "routes": routes,
    }


def _numbers(*numbers: float) -> list[float | int]:
    return [int(number) if number == int(number) else round(number, 2) for number in numbers]


def describe_nodes(graph: networkx.MultiDiGraph) -> list[dict[str, Any]]:
    """Return what does not change of each node, in the order of their numbers, as every picture reads it."""
    return [_describe(graph.nodes[node], reading) for node, reading in read_nodes(graph).items()]


def _describe(data: Mapping[str, Any], reading: NodeReading) -> dict[str, Any]:
    about = {
        "kind": reading.kind,
        "title": reading.title,
        "detail": reading.detail,
        "name": plain(data.get("name") or ""),
        "op": plain(data.get("op") or ""),
        "call": plain(data.get("call") or ""),
        "module": reading.module,
        "file": plain(data.get("file") or ""),
        "line": data.get("line") or 0,
        "shape": reading.shape,
        "about": "  ".join(plain(word) for word in (data.get("dtype"), data.get("device")) if word),
        "members": plain(data.get("members") or ""),
        "invalid": plain(data.get("invalid") or ""),
        "mark": reading.mark,
        "change": plain(reading.change),
        "size": size_of_group(data) if reading.kind == "group" else None,
    }
    return {key: value for key, value in about.items() if value or key in {"title", "detail"}}


def size_of_group(facts: Mapping[str, Any]) -> list[float | int]:
    """Return the size of a folded group's box, with room for all that it may come to say."""
    reading = read_node(facts)
    more = [(f"{_('parameters')} {sign(NUMBER)}", NUMBER)] if facts.get("leaves") else []
    more.append((_("worst {magnitude}").format(magnitude=sign(NUMBER)), NUMBER))
    value = VALUE if reading.value else ""
    face = build_face(replace(reading, gradient=NUMBER, more=tuple(more), value=value), has_numbers=True)
    return _numbers(round(face.width + SLACK + UNFOLD, 1), face.height)
