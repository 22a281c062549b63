"""A graph read back from the file that `graphlab export -o x.json` wrote, as far as that file tells.

What stands in it is checked where it is used later: such a file may have been edited, or be of another program.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from graphlab.errors import RecordingError
from graphlab.language import _
from graphlab.model import NodeKind, Snapshot

if TYPE_CHECKING:
    from graphlab.graph.shown import Graph

KINDS = frozenset(get_args(NodeKind))
WORDS = ("name", "op", "call", "module", "file", "dtype", "device")
NAMED = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class _WrongError(Exception):
    """Something in the file is not what `graphlab export` writes."""


def read_graph(path: Path) -> Graph:
    """Read a graph.

    Raises:
        RecordingError: the file is missing, or is none that `graphlab export` wrote.
    """
    from graphlab.graph.shown import Graph

    try:
        document = json.loads(path.read_bytes())
        graph = Graph()
        graph.graph.update(_checked(document, "graph", dict))
        for node in _checked(document, "nodes", list):
            facts = _node(node)
            graph.add_node(facts["id"], **facts)
        for edge in _checked(document, "edges", list):
            _add_edge(graph, edge)
    except OSError as error:
        raise RecordingError(
            _("cannot read {path}: {reason}").format(path=path, reason=error.strerror or type(error).__name__)
        ) from error
    except (_WrongError, ValueError, RecursionError) as error:
        reason = error if isinstance(error, _WrongError) else _("it is no JSON")
        raise RecordingError(
            _("{path} is no graph that `graphlab export` wrote: {reason}").format(path=path, reason=reason)
        ) from error
    return graph


def is_graph_file(name: str) -> bool:
    """Return whether a name is that of an exported graph."""
    return name.lower().endswith(".json")


def _checked(document: Any, key: str, kind: type) -> Any:
    if not isinstance(document, dict) or not isinstance(document.get(key), kind):
        raise _WrongError(_("it has no {key!r}").format(key=key))
    return document[key]


def _node(node: Any) -> dict[str, Any]:
    if not isinstance(node, dict) or not _is_number(node.get("id")):
        raise _WrongError(_("a node has no number"))
    number = node["id"]
    if node.get("kind") not in KINDS:
        raise _WrongError(
            _("node {number} is of the unknown kind {kind!r}").format(number=number, kind=node.get("kind"))
        )
    facts = {word: node.get(word) for word in WORDS}
    for word, text in facts.items():
        if not (text is None or isinstance(text, str)):
            raise _WrongError(_("the {word} of node {number} is no text").format(word=word, number=number))
    line = node.get("line")
    return {
        "id": number,
        "kind": node["kind"],
        **facts,
        "names": [facts["name"]] if facts["name"] else [],
        "line": line if _is_number(line) else None,
        "shape": None if node.get("shape") is None else _shape(node["shape"], _("node {number}").format(number=number)),
        "value": _snapshot(node.get("value"), facts, _("node {number}").format(number=number)),
        "gradient": _snapshot(node.get("gradient"), facts, _("node {number}").format(number=number)),
        "state": "done",
    }


def _add_edge(graph: Graph, edge: Any) -> None:
    if not isinstance(edge, dict) or not (edge.get("source") in graph and edge.get("target") in graph):
        raise _WrongError(_("an edge does not lead from one of the nodes to another"))
    slot, source = edge.get("slot"), edge["source"]
    if not (slot is None or _is_number(slot)):
        raise _WrongError(_("the slot of an edge into node {target} is no number").format(target=edge["target"]))
    gradient = _snapshot(
        edge.get("gradient"), graph.nodes[source], _("an edge into node {target}").format(target=edge["target"])
    )
    graph.add_edge(source, edge["target"], slot=slot, output=0, label="", gradient=gradient, state="done")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shape(shape: Any, where: str) -> tuple[int, ...]:
    if not isinstance(shape, list) or not all(_is_number(size) and size >= 0 for size in shape):
        raise _WrongError(_("the shape of {where} is {shape!r}").format(where=where, shape=shape))
    return tuple(shape)


def _snapshot(summary: Any, facts: Mapping[str, Any], where: str) -> Snapshot | None:
    """Turn the figures of a tensor back into what they were made from."""
    import numpy

    if summary is None:
        return None
    if not isinstance(summary, dict):
        raise _WrongError(_("a tensor of {where} is {summary!r}").format(where=where, summary=summary))
    shape = _shape(summary.get("shape"), where)
    norm, least, most = (_figure(summary.get(key), where) for key in ("norm", "min", "max"))
    data = None
    stored = "<f8"
    if summary.get("values") is not None:
        try:
            flat = _numbers(summary["values"], len(shape))
            array = numpy.asarray(flat).reshape(shape)
            stored = {"c": "<c16", "b": "|b1", "i": "<i8"}.get(array.dtype.kind, "<f8")
            data = array.astype(stored).tobytes()
        except (TypeError, ValueError, OverflowError) as error:
            raise _WrongError(_("the values of {where} do not have its shape").format(where=where)) from error
    device = str(facts.get("device") or "cpu")
    return Snapshot(shape, str(facts.get("dtype") or "float32"), device, stored, 1, data, norm, least, most)


def _figure(figure: Any, where: str) -> float | None:
    figure = NAMED.get(figure, figure) if isinstance(figure, str) else figure
    if figure is None or (isinstance(figure, int | float) and not isinstance(figure, bool)):
        return None if figure is None else float(figure)
    raise _WrongError(_("a figure of {where} is {figure!r}").format(where=where, figure=figure))


def _numbers(values: Any, depth: int) -> list[Any]:
    """Return the elements one after another; a complex number is a pair one level below the others."""
    level = [values]
    for _unused in range(depth):
        level = [item for row in level for item in row]
    return [complex(*map(_part, item)) if isinstance(item, list) else _part(item) for item in level]


def _part(number: Any) -> Any:
    number = NAMED.get(number, number) if isinstance(number, str) else number
    if isinstance(number, bool | int | float):
        return number
    raise ValueError(number)
