"""The structures that a page shows: nodes and edges without any moment, each distinct one once for all its steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphlab.layout.boxes import BoxLayout, BoxSize, Direction, EdgeKey, lay_out_boxes
from graphlab.renderers.faces import build_face
from graphlab.renderers.figure import label_size
from graphlab.renderers.reading import (
    KIND_DETAILS,
    EdgeReading,
    Magnitude,
    NodeReading,
    call_words,
    mark_words,
    plain,
    shape_words,
)

NUMBER = Magnitude("-8.888e-88", "level", 0, is_norm=True)
"""The widest that a gradient gets: boxes keep room for it, so that none moves when the numbers come."""
EDGE_NUMBER = Magnitude("-8.88e-8", "level", 0, is_norm=True)
VALUE = "norm 8.888e-8"


@dataclass(slots=True)
class PageStructure:
    """One structure: what its nodes and edges are called, and the longest names that variables give them."""

    nodes: list[dict[str, Any]]
    edges: list[tuple[int, int, int, int, str]]
    """Source and target by index, slot, output, label."""
    tags: list[list[str]] = field(default_factory=list)
    """For each node the widest set of variables that ever names it: its box has room for them."""
    values: list[str] = field(default_factory=list)
    """For each node the longest value in words."""

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
        """Return the structure with the size of each box and the layout of them all."""
        layout = self._lay_out(direction)
        keys = [(source, target, index) for index, (source, target, *_) in enumerate(self.edges)]
        nodes = []
        for index, node in enumerate(self.nodes):
            size = self._size(index)
            nodes.append({**node, "size": [round(size.width, 1), round(size.height, 1)]})
        return {
            "nodes": nodes,
            "edges": self.edges,
            "layout": pack_layout(layout, range(len(self.nodes)), keys),
        }

    def _size(self, index: int) -> BoxSize:
        node = self.nodes[index]
        kind, tags = node["kind"], self.tags[index]
        title = node["title"] if kind in {"op", "group"} or node.get("name") else (tags or [node["title"]])[0]
        reading = NodeReading(
            id=index, kind=kind, title=title, detail=node["detail"], tags=tuple(tag for tag in tags if tag != title),
            shape=node.get("shape", ""), place=f"line {node['line']}" if node.get("line") else "", module="",
            value=self.values[index], gradient=None if kind == "data" else NUMBER, more=(), missing="", state="done",
            facts="",
        )  # fmt: skip
        face = build_face(reading, has_numbers=True)
        return BoxSize(face.width, face.height, kind in {"parameter", "leaf", "data"})

    def _lay_out(self, direction: Direction) -> BoxLayout:
        import networkx

        graph = networkx.MultiDiGraph()
        graph.add_nodes_from(range(len(self.nodes)))
        labels = {}
        for index, (source, target, slot, output, label) in enumerate(self.edges):
            graph.add_edge(source, target, index, slot=slot, output=output)
            has_gradient = self.nodes[source]["kind"] != "data"
            size = label_size(EdgeReading(label, EDGE_NUMBER if has_gradient else None, "done"), direction)
            if size is not None:
                labels[source, target, index] = size
        sizes = {index: self._size(index) for index in range(len(self.nodes))}
        return lay_out_boxes(graph, sizes, labels, direction=direction)


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


def describe_node(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what does not change of a node, from its attributes in a graph."""
    kind = str(data.get("kind") or "op")
    op, name = plain(data.get("op") or ""), plain(data.get("name") or "")
    is_op = kind == "op"
    title = plain(call_words(data.get("call"), op)) if is_op else name or kind
    detail = op if is_op else plain(data.get("detail") or KIND_DETAILS.get(kind, kind))
    about = {
        "kind": kind,
        "title": title if title.strip() else f'"{title}"',
        "detail": "  ".join(word for word in (mark_words(data), detail) if word),
        "name": name,
        "call": plain(data.get("call") or ""),
        "module": plain(data.get("module") or ""),
        "file": plain(data.get("file") or ""),
        "line": data.get("line") or 0,
        "shape": shape_words(data.get("shape"), data.get("dtype")),
        "about": "  ".join(plain(word) for word in (data.get("dtype"), data.get("device")) if word),
        "members": plain(data.get("members") or ""),
        "invalid": plain(data.get("invalid") or ""),
    }
    return {key: value for key, value in about.items() if value or key in {"title", "detail"}}
