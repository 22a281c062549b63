"""Which nodes of autograd's graph and of a static graph are the same op, and what the one has that the other lacks.

Both are in the order in which the code runs, so they are laid side by side as two texts are: first op by op, by name,
line and shape; then what is one node there and several here (a module, a call such as `F.linear`), in the gaps between.
Free of networkx and torch: the explorer asks while it paints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from graphlab.language import _
from graphlab.model import LEAF_KINDS, Node
from graphlab.recorded_words import say_recorded
from graphlab.static_graph import StaticGraph, StaticNode

_MOST_PAIRS = 4_000_000
"""Beyond so many possible pairs the two are walked once instead of compared in all ways."""
_ALIASES: Mapping[str, str] = {
    "truediv": "div",
    "iadd": "add",
    "isub": "sub",
    "imul": "mul",
    "rsub": "sub",
    "norm": "linalgvectornorm",
    "convolution": "conv",
    "nativebatchnorm": "batchnorm",
    "nlllossforward": "nllloss",
    "unsafeview": "view",
    "permute": "t",
    "transpose": "t",
}
"""Names of one and the same op, written without underscores."""
_COMPUTES_NOTHING = {"detach", "alias", "newemptystrided", "copy", "liftfreshcopy"}
_Left = TypeVar("_Left")
_Right = TypeVar("_Right")
_Scores = Callable[[_Left, _Right], int]


@dataclass
class Correspondence:
    """Pairs of nodes, in both directions, and the differences in words."""

    to_static: dict[int, list[int]] = field(default_factory=dict)
    to_dynamic: dict[int, list[int]] = field(default_factory=dict)
    words: list[tuple[int | None, str]] = field(default_factory=list)
    """What one graph has and the other lacks, each with the line that it is about."""

    def pair(self, dynamic: int, static: int) -> None:
        """Say that two nodes are the same."""
        statics = self.to_static.setdefault(dynamic, [])
        if static not in statics:
            statics.append(static)
            self.to_dynamic.setdefault(static, []).append(dynamic)


def correspond(nodes: Sequence[Node], names: Mapping[int, Sequence[str]], static: StaticGraph) -> Correspondence:
    """Lay autograd's graph of a step beside a static graph.

    Args:
        nodes: those of the step, in order of creation.
        names: the script's variables that sit on them.
    """
    found = Correspondence()
    dynamic_ops = [node for node in nodes if node.kind == "op"]
    forward = [node for node in static.nodes if node.kind == "op" and node.role == "forward"]
    _pair_leaves(found, nodes, names, static)
    _pair_ops(found, dynamic_ops, forward)
    _pair_calls(found, dynamic_ops, forward)
    _pair_gradients(found, dynamic_ops, static)
    if static.failure is not None:
        found.words.append((static.failure.line, say_recorded(static.failure.text)))
    found.words += [(note.line, say_recorded(note.text)) for note in static.notes]
    if static.nodes:
        found.words += _differences(found, nodes, static)
    return found


# -- pairs -------------------------------------------------------------------------------------------------------------


def _pair_leaves(
    found: Correspondence, nodes: Sequence[Node], names: Mapping[int, Sequence[str]], static: StaticGraph
) -> None:
    """Pair parameters by name, the data by name or, where there is one of that shape, by shape; the results."""
    leaves = [node for node in nodes if node.kind in LEAF_KINDS or node.kind == "data"]
    by_name = {name: node for node in leaves for name in (node.name, *names.get(node.id, ())) if name}
    for row in static.nodes:
        node = by_name.get(row.name or "")
        if node is None and row.kind == "parameter" and row.name:
            # Where two models share names, a recording puts the variable before them.
            longer = [leaf for name, leaf in by_name.items() if name.endswith(f".{row.name}")]
            node = longer[0] if longer and all(each.id == longer[0].id for each in longer) else None
        is_update = row.kind == "op" and row.role == "update"
        if node is not None and (row.kind in {"parameter", "data"} or is_update):
            found.pair(node.id, row.id)
    free = [node for node in leaves if node.kind == "data" and node.id not in found.to_static]
    for row in static.nodes:
        if row.kind == "data" and row.role == "forward" and row.id not in found.to_dynamic:
            alike = [node for node in free if node.shape == row.shape]
            if len(alike) == 1:
                found.pair(alike[0].id, row.id)
    outputs = [node for node in nodes if node.kind == "output"]
    for row in static.nodes:
        if row.kind == "output" and row.role == "forward" and outputs:
            found.pair(outputs[0].id, row.id)


def _pair_ops(found: Correspondence, dynamic: Sequence[Node], static: Sequence[StaticNode]) -> None:
    def score(node: Node, row: StaticNode) -> int:
        if _plain(node.op) != _plain(row.call):
            return 0
        return _likeness(node, row)

    for index, place in _align(dynamic, static, score):
        found.pair(dynamic[index].id, static[place].id)


def _pair_calls(found: Correspondence, dynamic: Sequence[Node], static: Sequence[StaticNode]) -> None:
    """Pair what is one node in the static graph with all nodes of the call, between pairs that are known."""
    calls = _calls(dynamic)
    place_of = {node.id: number for number, call in enumerate(calls) for node in call}
    start = 0
    gap: list[StaticNode] = []
    for row in [*static, None]:
        known = found.to_dynamic.get(row.id) if row is not None else None
        if row is not None and not known:
            gap.append(row)
            continue
        end = place_of[known[0]] if known else len(calls)
        _pair_gap(found, calls[start : max(start, end)], gap)
        start, gap = (end + 1 if known else end), []


def _pair_gap(found: Correspondence, calls: Sequence[Sequence[Node]], rows: Sequence[StaticNode]) -> None:
    def score(call: Sequence[Node], row: StaticNode) -> int:
        word = _plain(row.call)
        if word not in {_plain(node.call) for node in call} and word not in {_plain(node.op) for node in call}:
            return 0
        return max(_likeness(node, row) for node in call)

    for index, place in _align(calls, rows, score):
        for node in calls[index]:
            found.pair(node.id, rows[place].id)


def _pair_gradients(found: Correspondence, dynamic: Sequence[Node], static: StaticGraph) -> None:
    """Pair ops of a gradient with the node of autograd whose backward they are a part of: name and line say which."""
    for row in static.nodes:
        if row.kind != "op" or row.role != "backward" or not row.autograd:
            continue
        call = row.autograd.removeprefix("backward of ")
        for node in dynamic:
            if node.line == row.line and (node.op == row.autograd or _plain(node.call) == _plain(call)):
                found.pair(node.id, row.id)


def _likeness(node: Node, row: StaticNode) -> int:
    """Return how well two ops of one name fit, 0 where their lines say that they are not the same."""
    if node.line is not None and row.line is not None and node.line != row.line:
        return 0
    if node.shape is not None and row.shape is not None and len(node.shape) != len(row.shape):
        return 1
    is_module = bool(
        row.module and node.module and (node.module == row.module or node.module.endswith(f".{row.module}"))
    )
    is_line = node.line is not None and node.line == row.line
    return 2 + 2 * is_line + 2 * is_module + (node.shape == row.shape)


def _calls(nodes: Sequence[Node]) -> list[list[Node]]:
    """Put the nodes together that one call of the script's made."""
    calls: list[list[Node]] = []
    for node in nodes:
        last = calls[-1] if calls else []
        is_same = bool(last) and (node.call, node.line, node.module) == (last[0].call, last[0].line, last[0].module)
        if is_same and node.call is not None and all(node.op != other.op for other in last):
            last.append(node)
        else:
            calls.append([node])
    return calls


def _plain(name: str | None) -> str:
    """Return an op's name without what tracers and autograd write around it: `_log_softmax`, `LogSoftmaxBackward0`."""
    word = (name or "").rpartition(".")[2].lower()
    stem = word.rstrip("0123456789")
    if stem.endswith("backward"):
        word = stem.removesuffix("backward")
    word = word.replace("_", "")
    for size in ("1d", "2d", "3d"):
        word = word.removesuffix(size)
    return _ALIASES.get(word, word)


def _align(left: Sequence[_Left], right: Sequence[_Right], score: _Scores[_Left, _Right]) -> list[tuple[int, int]]:
    """Return the pairs of the best alignment that keeps both orders; of equals the earliest."""
    if len(left) * len(right) > _MOST_PAIRS:
        return _walk(left, right, score)
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    scores = [[score(one, other) for other in right] for one in left]
    for i in range(len(left) - 1, -1, -1):
        for j in range(len(right) - 1, -1, -1):
            paired = best[i + 1][j + 1] + scores[i][j] if scores[i][j] else 0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
    pairs = []
    i = j = 0
    while i < len(left) and j < len(right):
        if scores[i][j] and best[i][j] == best[i + 1][j + 1] + scores[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1
    return pairs


def _walk(left: Sequence[_Left], right: Sequence[_Right], score: _Scores[_Left, _Right]) -> list[tuple[int, int]]:
    """Return pairs found in one walk, each the first that fits within a window."""
    pairs, at = [], 0
    for place, other in enumerate(right):
        for index in range(at, min(at + 200, len(left))):
            if score(left[index], other):
                pairs.append((index, place))
                at = index + 1
                break
    return pairs


# -- differences in words ----------------------------------------------------------------------------------------------


def _differences(found: Correspondence, nodes: Sequence[Node], static: StaticGraph) -> list[tuple[int | None, str]]:
    dynamic = [node for node in nodes if node.kind == "op"]
    words: list[tuple[int | None, str]] = []
    alone = [node for node in dynamic if node.id not in found.to_static]
    for line, group in _by_line([(node.line, _word(node)) for node in alone]).items():
        words.append((line, _("{names} only in autograd's graph").format(names=_listed(group))))
    rows = [row for row in static.nodes if row.kind == "op" and row.id not in found.to_dynamic]
    computing = [row for row in rows if row.role == "forward" and _plain(row.call) not in _COMPUTES_NOTHING]
    for line, group in _by_line([(row.line, row.call or "?") for row in computing]).items():
        words.append(
            (line, _("{names} only in the static graph: no gradient goes through it").format(names=_listed(group)))
        )
    words += _repeated(dynamic)
    words.sort(key=lambda word: (word[0] is None, word[0] or 0))
    return words + [(None, text) for text in _totals(found, nodes, static)]


def _totals(found: Correspondence, nodes: Sequence[Node], static: StaticGraph) -> list[str]:
    """Say what the graphs differ in as a whole."""
    ops = [row for row in static.nodes if row.kind == "op"]
    said = []
    unused = [node.name for node in nodes if node.kind == "parameter" and node.id not in found.to_static and node.name]
    if unused:
        said.append(_("the static graph does not use {names}").format(names=_listed(unused)))
    backward = sum(row.role == "backward" for row in ops)
    if backward:
        said.append(
            _("the gradients are {backward} ops of the static graph; of autograd each node is its own backward").format(
                backward=backward
            )
        )
    updates = sum(row.role == "update" for row in ops)
    if updates:
        said.append(
            _("the update is {updates} ops of the static graph; autograd's ends at the gradients").format(
                updates=updates
            )
        )
    idle = sum(_plain(row.call) in _COMPUTES_NOTHING for row in ops)
    if idle:
        said.append(_("{idle} nodes of the static graph compute nothing (detach, copies)").format(idle=idle))
    return said


def _word(node: Node) -> str:
    return node.op or "?"


def _by_line(items: Sequence[tuple[int | None, str]]) -> dict[int | None, list[str]]:
    groups: dict[int | None, list[str]] = {}
    for line, word in items:
        groups.setdefault(line, []).append(word)
    return groups


def _listed(words: Sequence[str]) -> str:
    """Return words, each once with its count: `2 × AddmmBackward0, TBackward0`."""
    counts = {word: words.count(word) for word in dict.fromkeys(words)}
    said = [f"{count} × {word}" if count > 1 else word for word, count in counts.items()]
    return ", ".join(said[:6]) + (_(" and {count} more").format(count=len(said) - 6) if len(said) > 6 else "")


def _repeated(dynamic: Sequence[Node]) -> list[tuple[int | None, str]]:
    """Say of lines whose ops stand in the graph several times that a loop was unrolled."""
    counts: dict[tuple[int, str], int] = {}
    for node in dynamic:
        if node.line is not None:
            key = node.line, _word(node)
            counts[key] = counts.get(key, 0) + 1
    lines: dict[int, int] = {}
    for (line, _unused), count in counts.items():
        lines[line] = max(lines.get(line, 1), count)
    return [
        (line, _("stands {count} times in autograd's graph, once for each time that it ran").format(count=count))
        for line, count in lines.items()
        if count > 1
    ]
