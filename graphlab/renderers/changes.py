"""A comparison of two graphs in words and as JSON: the same in the terminal, the explorer and pictures.

A change is one line. Where there are many, those that make a whole module are one line; and renames, which come in
whole modules when a layer is inserted before them, always are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphlab.counted import KIND_NAMES, count_words
from graphlab.graph.diff import SIGNS
from graphlab.language import _
from graphlab.renderers.reading import call_words, number_words, plain, shape_words

if TYPE_CHECKING:
    import networkx

    from graphlab.graph.diff import Comparison, EdgeChange, NodeChange
    from graphlab.graph.diff.comparison import Sort
    from graphlab.model import Snapshot

MOST_LINES = 30
"""Changes beyond which whole modules are told in one line."""
JSON_FACTS = ("id", "kind", "name", "op", "call", "module", "file", "line", "shape", "dtype")


# -- one line ------------------------------------------------------------------------------------------------------


def node_line(comparison: Comparison, change: NodeChange) -> str:
    """Return a node that differs: what it is, its shape, module and line, on both sides where they are not the same."""
    before = comparison.a.nodes[change.a] if change.a is not None else None
    after = comparison.b.nodes[change.b] if change.b is not None else None
    parts = [
        _both(before, after, _title),
        _both(before, after, lambda data: str(data.get("op") or KIND_NAMES.get(data["kind"], data["kind"]))),
        _both(before, after, lambda data: shape_words(data.get("shape"), data.get("dtype"))),
        _both(before, after, lambda data: plain(str(data.get("module") or ""))),
        _both(before, after, lambda data: _("line {line}").format(line=data["line"]) if data.get("line") else ""),
    ]
    if "gradient" in change.what and before is not None and after is not None:
        parts.append(
            _("gradient {gradient_change}").format(
                gradient_change=gradient_change(before.get("gradient"), after.get("gradient"))
            )
        )
    return f"{SIGNS[change.sort]} {'  '.join(part for part in parts if part)}"


def edge_line(comparison: Comparison, change: EdgeChange) -> str:
    """Return an edge that differs: from what to what, and at which of its inputs."""
    graph, ends = (comparison.b, change.b) if change.b is not None else (comparison.a, change.a)
    assert ends is not None
    source, target, slot = ends
    words = _("{sign} edge {source} -> {target}, input {slot}").format(
        sign=SIGNS[change.sort], source=_short(graph, source), target=_short(graph, target), slot=slot
    )
    if change.a is not None and change.b is not None:
        words += _("  gradient {gradient_change}").format(
            gradient_change=gradient_change(flow(comparison.a, change.a), flow(comparison.b, change.b))
        )
    return words


def _both(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, say: Any) -> str:
    words = [say(data) for data in (before, after) if data is not None]
    return " -> ".join(dict.fromkeys(word or _("none") for word in words)) if any(words) else ""


def _title(data: Mapping[str, Any]) -> str:
    name = plain(str(data.get("name") or ""))
    if data["kind"] != "op":
        return name or str(data["kind"])
    call = call_words(data.get("call"), str(data.get("op") or ""))
    return f"{plain(call)} [{name}]" if name else plain(call)


def _short(graph: networkx.MultiDiGraph, node: int) -> str:
    data = graph.nodes[node]
    where = data.get("module") if data["kind"] == "op" else None
    place = (
        plain(str(where))
        if where
        else _("line {line}").format(line=data["line"])
        if data.get("line") and data["kind"] == "op"
        else ""
    )
    return f"{_title(data)} ({place})" if place else _title(data)


def gradient_change(before: Snapshot | None, after: Snapshot | None) -> str:
    """Return how a gradient's size changed: `0.12 -> 25 (x 208)`."""
    words = f"{norm_words(before)} -> {norm_words(after)}"
    norms = [snapshot.statistics.norm for snapshot in (before, after) if snapshot is not None]
    sizes = [norm for norm in norms if norm is not None]
    if len(sizes) < 2 or not all(0 < norm < float("inf") for norm in sizes):
        return words
    factor = sizes[1] / sizes[0]
    return f"{words} ({'x' if factor >= 1 else '/'} {number_words(max(factor, 1 / factor), 3)})"


def norm_words(snapshot: Snapshot | None) -> str:
    """Return a gradient's size."""
    norm = None if snapshot is None else snapshot.statistics.norm
    return "none" if norm is None else number_words(norm, 3)


def flow(graph: networkx.MultiDiGraph, ends: tuple[int, int, int]) -> Snapshot | None:
    """Return the gradient of the edge with these ends and slot."""
    source, target, slot = ends
    found: Snapshot | None = next(
        (data.get("gradient") for data in graph[source][target].values() if (data.get("slot") or 0) == slot), None
    )
    return found


# -- all of them ---------------------------------------------------------------------------------------------------


_SORTS: tuple[Sort, ...] = ("added", "removed", "changed", "renamed")


def change_lines(comparison: Comparison) -> list[str]:
    """Return what differs, a line each: nodes in the order of the run, then edges between nodes that are in both."""
    lines = [line for line, _ in node_lines(comparison)]
    loud = {change.b for change in comparison.nodes if "gradient" in change.what}
    moved = [
        # Where a node's gradient is told, that of the edges that it came along is no news.
        change
        for change in comparison.edges
        if change.is_moved and not (change.sort == "changed" and change.b is not None and set(change.b[:2]) & loud)
    ]
    shown = moved if len(moved) <= MOST_LINES else moved[:MOST_LINES]
    lines += [edge_line(comparison, change) for change in shown]
    if len(moved) > len(shown):
        lines.append(_("  and {edges}").format(edges=count_words(len(moved) - len(shown), "more edge")))
    return lines


def node_lines(comparison: Comparison) -> list[tuple[str, NodeChange]]:
    """Return the nodes that differ, a line each with the (first) change that it tells."""
    is_many = len(comparison.nodes) > MOST_LINES
    whole = {
        "added": _whole_modules(comparison.b, [change.b for change in comparison.nodes if change.sort == "added"]),
        "removed": _whole_modules(comparison.a, [change.a for change in comparison.nodes if change.sort == "removed"]),
    }
    groups: dict[tuple[Sort, str], list[NodeChange]] = {}
    for index, change in enumerate(comparison.nodes):
        key = ""
        if change.sort == "renamed":
            key = _renaming(comparison, change)
        elif is_many:
            key = _module_of(comparison, change, whole)
        groups.setdefault((change.sort, key or f"#{index}"), []).append(change)
    lines = []
    for (sort, key), changes in groups.items():
        if len(changes) == 1:
            lines.append((node_line(comparison, changes[0]), changes[0]))
        else:
            lines.append((_group_line(comparison, sort, key, changes), changes[0]))
    return lines


def _group_line(comparison: Comparison, sort: Sort, key: str, changes: Sequence[NodeChange]) -> str:
    parameters = sum(_data(comparison, change)["kind"] == "parameter" for change in changes)
    words = count_words(len(changes), "node")
    if parameters:
        words += _(", {parameters} among them").format(parameters=count_words(parameters, "parameter"))
    if sort == "changed":
        aspects = Counter(aspect for change in changes for aspect in change.what)
        words += ": " + ", ".join(
            _("{aspect} of {count}").format(aspect=aspect, count=count) for aspect, count in sorted(aspects.items())
        )
    return f"{SIGNS[sort]} {key}  {words}"


def _data(comparison: Comparison, change: NodeChange) -> Mapping[str, Any]:
    data: Mapping[str, Any] = comparison.b.nodes[change.b] if change.b is not None else comparison.a.nodes[change.a]
    return data


def module_path(data: Mapping[str, Any]) -> str:
    """Return the module that a node belongs to; a parameter belongs to the one that its name says."""
    if data["kind"] == "parameter":
        return str(data.get("name") or "").rpartition(".")[0]
    return str(data.get("module") or "")


def _module_of(comparison: Comparison, change: NodeChange, whole: Mapping[str, Mapping[int, str]]) -> str:
    number = change.b if change.b is not None else change.a
    path = module_path(_data(comparison, change))
    path = whole.get(change.sort, {}).get(number or 0, path)
    return _("module {path}").format(path=plain(path)) if path else _("no module")


def _whole_modules(graph: networkx.MultiDiGraph, nodes: Iterable[int | None]) -> dict[int, str]:
    """Return for nodes the outermost module all of whose nodes are among them."""
    sizes: Counter[str] = Counter()
    for _unused, data in graph.nodes(data=True):
        sizes.update(_prefixes(module_path(data)))
    chosen = {node: _prefixes(module_path(graph.nodes[node])) for node in nodes if node is not None}
    counts: Counter[str] = Counter(path for paths in chosen.values() for path in paths)
    found = {}
    for node, paths in chosen.items():
        path = next((path for path in paths if counts[path] == sizes[path]), None)
        if path is not None:
            found[node] = path
    return found


def _prefixes(path: str) -> list[str]:
    parts = path.split(".") if path else []
    return [".".join(parts[: depth + 1]) for depth in range(len(parts))]


def _renaming(comparison: Comparison, change: NodeChange) -> str:
    """Return what is common to all renames of one module: `module 4 -> 6`; for other names nothing."""
    before, after = comparison.a.nodes[change.a], comparison.b.nodes[change.b]
    paths = [module_path(before), module_path(after)]
    is_tail_same = before["kind"] != "parameter" or _tail(before) == _tail(after)
    if not all(paths) or paths[0] == paths[1] or not is_tail_same:
        return ""
    old, new = paths[0].split("."), paths[1].split(".")
    while len(old) > 1 and len(new) > 1 and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return plain(_("module {old} -> {new}").format(old=".".join(old), new=".".join(new)))


def _tail(data: Mapping[str, Any]) -> str:
    return str(data.get("name") or "").rpartition(".")[2]


# -- JSON ----------------------------------------------------------------------------------------------------------


def report(comparison: Comparison, names: tuple[str, str] = ("A", "B")) -> dict[str, Any]:
    """Return the comparison as the object that `graphlab diff --json` writes."""
    same = len(comparison.pairs) - comparison.count("changed") - comparison.count("renamed")
    return {
        "a": _side(comparison.a, names[0]),
        "b": _side(comparison.b, names[1]),
        "equal": comparison.is_equal,
        "factor": comparison.factor,
        "facts": [
            {"name": change.name, "a": change.a, "b": change.b, "script": change.is_script}
            for change in comparison.facts
        ],
        "notes": list(comparison.notes),
        "counts": {
            "nodes": {sort: comparison.count(sort) for sort in _SORTS} | {"same": same},
            "edges": {sort: comparison.count_edges(sort) for sort in _SORTS[:3]},
        },
        "nodes": [
            {
                "change": change.sort,
                "what": list(change.what),
                "a": _node(comparison.a, change.a),
                "b": _node(comparison.b, change.b),
            }
            for change in comparison.nodes
        ],
        "edges": [
            {
                "change": change.sort,
                "moved": change.is_moved,
                "a": _edge(comparison.a, change.a),
                "b": _edge(comparison.b, change.b),
            }
            for change in comparison.edges
        ],
    }


def _side(graph: networkx.MultiDiGraph, name: str) -> dict[str, Any]:
    facts = {key: graph.graph.get(key) for key in ("scenario", "step", "moment")}
    return {"source": name, **facts, "nodes": len(graph), "edges": graph.number_of_edges()}


def _node(graph: networkx.MultiDiGraph, node: int | None) -> dict[str, Any] | None:
    if node is None:
        return None
    data = graph.nodes[node]
    return {key: data.get(key) for key in JSON_FACTS} | {"gradient": _norm(data.get("gradient"))}


def _edge(graph: networkx.MultiDiGraph, ends: tuple[int, int, int] | None) -> dict[str, Any] | None:
    if ends is None:
        return None
    return dict(zip(("source", "target", "slot"), ends, strict=True)) | {"gradient": _norm(flow(graph, ends))}


def _norm(snapshot: Snapshot | None) -> float | None:
    return None if snapshot is None else snapshot.statistics.norm
