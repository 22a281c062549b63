"""PyTorch's own errors around a backward: the moment, the node and the lines that torch's words leave out."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphlab.analysis.findings import messages
from graphlab.analysis.findings.facts import (
    Backward,
    ask_for_full,
    backwards,
    last_event,
    name_of,
    short_op,
    source_line,
)
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.saved_tensors import kept_objects, say_tensor, shape_text
from graphlab.analysis.findings.source import dotted, statement_at
from graphlab.analysis.findings.withheld import line_of_return

if TYPE_CHECKING:
    from graphlab.model import Event, Node
    from graphlab.recording import Recording

_IN_PLACE = re.compile(
    r"\[[\w.]*Tensor \[(?P<shape>[\d, ]*)\]\](?:, which is output \d+ of (?P<op>\w+))?,? is at version"
)


def find_torch_error(recording: Recording) -> Iterator[Finding]:
    """Explain the error that ended the run, where it is one of autograd's."""
    row = recording.next_event(recording.event_count + 1, ("error",), back=True)
    if row is None:
        return
    event = recording.event(row)
    message = str(event.details.get("message", ""))
    for words, explain in _KINDS:
        if words in message:
            yield from explain(recording, event, message)
            return


def _first_sentence(message: str) -> str:
    """Return torch's own words, as far as they say what is wrong and not what to try."""
    text = " ".join(message.split())
    head = re.split(r"(?<=[a-z)\]])[.;:] (?=[A-Z])| Hint:", text)[0]
    return f"“{head.rstrip('.')}”."


def _second_backward(recording: Recording, error: Event, message: str) -> Iterator[Finding]:
    start = last_event(recording, "backward_start", error.id)
    if start is None:
        return
    now = next((each for each in backwards(recording) if each.event == start.id), None)
    before = _freed_by(recording, now, start)
    first = recording.event(before.event) if before is not None else last_event(recording, "backward_start", start.id)
    where, carried = "", None
    if now is not None and before is not None:
        carried = _carried(recording, now, before)
    made = None
    if carried is not None:
        made = carried.line
        name = name_of(recording, carried, start.id)
        where = messages.CARRIED_GRAPH.format(name=name, made=made)
    yield make_finding(
        recording, "second-backward", messages.SECOND_BACKWARD, error.id,
        node=carried.id if carried is not None else start.node, lines=(first.line if first else None, made),
        evidence={"shared_nodes": len(now.nodes & before.nodes) if now and before else None,
                  **({} if made is not None else ask_for_full(recording, error))},
        said=_first_sentence(message), line=start.line, first=first.line if first else "?", where=where,
    )  # fmt: skip


def _freed_by(recording: Recording, now: Backward | None, start: Event) -> Backward | None:
    """Return the first backward that went through ops which this one would go through again."""
    if now is None:
        return None
    ops = frozenset(node.id for node in recording.reader.nodes("WHERE kind = 'op'") if node.id in now.nodes)
    return next((each for each in backwards(recording, start.id - 1) if each.nodes & ops), None)


def _carried(recording: Recording, now: Backward, before: Backward) -> Node | None:
    """Return the op of the earlier graph that the new graph hangs on, where it has ops of its own."""
    structure = [
        edge for edge in recording.reader.edges("ORDER BY target")
        if edge.target in now.nodes and edge.target not in before.nodes and edge.source in before.nodes
    ]  # fmt: skip
    found = [node for edge in structure if (node := recording.node(edge.source)).kind == "op"]
    return min(found, key=lambda node: node.id, default=None)


def _changed_in_place(recording: Recording, error: Event, message: str) -> Iterator[Finding]:
    start = last_event(recording, "backward_start", error.id)
    words: dict[str, Any] = {"said": _first_sentence(message)}
    now = next((each for each in backwards(recording) if start is not None and each.event == start.id), None)
    match = _IN_PLACE.search(message)
    if start is None or now is None or match is None:
        yield _changed_somewhere(recording, error, words)
        return
    shape = tuple(int(part) for part in match["shape"].replace(" ", "").split(",") if part)
    found = _find_change(recording, now, start, shape)
    if found is None:
        yield _changed_somewhere(recording, error, words)
        return
    saver, change, tensor = found
    changer = recording.event(change)
    by = messages.AN_UPDATE.format(optimizer=changer.details.get("optimizer") or messages.BY_HAND)
    yield make_finding(
        recording, "modified-in-place", messages.CHANGED_IN_PLACE, error.id,
        node=saver.id, file=changer.file, line=changer.line, lines=(saver.line, start.line),
        evidence={"saved_at": saver.event, "changed_at": change, "backward_at": start.id, "shape": list(shape)},
        saver=short_op(saver), saved=saver.line, tensor=tensor, changed=changer.line,
        changer=by if changer.kind == "update" else changer.text, **words,
    )  # fmt: skip


def _changed_somewhere(recording: Recording, error: Event, words: dict[str, Any]) -> Finding:
    asked = ask_for_full(recording, error)
    return make_finding(recording, "modified-in-place", messages.CHANGED_SOMEWHERE, error.id, evidence=asked, **words)


def _find_change(
    recording: Recording, now: Backward, start: Event, shape: tuple[int, ...]
) -> tuple[Node, int, str] | None:
    """Find who kept a tensor of a shape, when it was changed afterwards, and what it is called.

    Of several the one that the backward would have come to first: what ran before it was in order.
    """
    reader = recording.reader
    changed: dict[int, list[tuple[int, int]]] = {}
    for number, origin, event in reader.rows("SELECT id, object, event FROM tensors WHERE id <> object ORDER BY id"):
        if event <= start.id:
            changed.setdefault(origin, []).append((event, number))
    if not changed:
        return None
    ran = {row[0] for row in reader.rows("SELECT node FROM events WHERE kind = 'gradient' AND id > ?", start.id)}
    for node in sorted(now.nodes - ran, reverse=True):
        saved = [sizes for _, sizes, _ in recording.saved(node)]
        wanted = shape_text(shape)
        maker = recording.node(node)
        if maker.kind != "op" or not wanted & set(saved):
            continue
        for origin in kept_objects(recording, maker):
            if math.prod(recording.tensor(origin).shape) != math.prod(shape):
                continue  # it kept another of its inputs as well
            late = [event for event, _ in changed.get(origin, ()) if event > maker.event]
            if late:
                return maker, late[0], say_tensor(recording, origin, late[0])
    return None


def _leaf_in_place(recording: Recording, error: Event, message: str) -> Iterator[Finding]:
    yield make_finding(
        recording, "leaf-changed-in-place", messages.LEAF_IN_PLACE, error.id,
        said=_first_sentence(message), line=error.line, leaf=_leaf_at(recording, error) or messages.A_TENSOR,
    )  # fmt: skip


def _leaf_at(recording: Recording, error: Event) -> str | None:
    """Return the name of the leaf that the line of an error changes: as recorded, else as the line writes it."""
    words = set(re.findall(r"[A-Za-z_]\w*", source_line(recording, error.file, error.line)))
    names = recording.names(error.id)
    leaves = recording.reader.nodes("WHERE kind IN ('parameter', 'leaf')")
    known = (name for leaf in leaves for name in names.get(leaf.id, ()) if name in words)
    return next(known, None) or _changed_name(statement_at(recording, error.file, error.line))


def _changed_name(statement: ast.stmt | None) -> str | None:
    """Return what a statement changes in place, as it is written: `w` of `w[0] = 1`, `w += 1` and `w.add_(1)`."""
    if statement is None:
        return None
    targets: list[ast.expr] = [statement.target] if isinstance(statement, ast.AugAssign) else []
    if isinstance(statement, ast.Assign):
        targets = [target for target in statement.targets if isinstance(target, ast.Subscript)]
    for part in ast.walk(statement):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr.endswith("_"):
            targets.append(part.func.value)
    for target in targets:
        changed: ast.expr = target
        while isinstance(changed, ast.Subscript):
            changed = changed.value
        name = dotted(changed)
        if name and not name.startswith("."):
            return name
    return None


def _not_scalar(recording: Recording, error: Event, message: str) -> Iterator[Finding]:
    yield make_finding(
        recording, "loss-not-reduced", messages.NOT_SCALAR, error.id, said=_first_sentence(message), line=error.line
    )


def _wrong_gradient(recording: Recording, error: Event, message: str) -> Iterator[Finding]:
    """Explain what the backward of a Function of the script's own returned: another shape, or too few."""
    match = re.search(r"[Ff]unction (\w+?)Backward", message)
    name = match[1] if match is not None else ""
    rows = recording.reader.nodes("WHERE op = ? ORDER BY id DESC LIMIT 1", f"{name}Backward")
    if not name or not rows:
        return
    node = rows[0]
    file, line = line_of_return(recording, node)
    yield make_finding(
        recording, "function-gradient-wrong", messages.WRONG_GRADIENT, error.id, node=node.id, file=file, line=line,
        lines=(node.line, error.line), evidence={"op": node.op}, said=_first_sentence(message), function=name,
        at=messages.at_line(line), applied=messages.CALLED_AT.format(line=node.line) if node.line is not None else "",
    )  # fmt: skip


def _grad_is_none(recording: Recording, error: Event, message: str) -> Iterator[Finding]:
    """Explain a `None` that the line of an error got by asking a tensor for its `.grad`."""
    statement = statement_at(recording, error.file, error.line)
    asked = [
        dotted(part.value) for part in (ast.walk(statement) if statement is not None else ())
        if isinstance(part, ast.Attribute) and part.attr == "grad" and isinstance(part.value, ast.Name | ast.Attribute)
    ]  # fmt: skip
    for name in asked:
        query = "SELECT object FROM bindings WHERE name = ? AND kind = 'tensor' AND event <= ? ORDER BY id DESC LIMIT 1"
        row = recording.reader.row(query, name, error.id)
        if row is None:
            continue
        query = "SELECT requires_grad FROM tensors WHERE object = ? ORDER BY id DESC LIMIT 1"
        needs = recording.reader.row(query, row[0])
        if needs is not None and not needs[0]:
            yield make_finding(
                recording, "grad-of-non-leaf", messages.GRAD_OF_DATA, error.id, line=error.line, file=error.file,
                evidence={"name": name}, name=name,
            )  # fmt: skip
            return


_KINDS: tuple[tuple[str, Any], ...] = (
    ("backward through the graph a second time", _second_backward),
    ("modified by an inplace operation", _changed_in_place),
    ("a leaf Variable that requires grad", _leaf_in_place),
    ("a view of a leaf Variable that requires grad", _leaf_in_place),
    ("grad can be implicitly created only for scalar outputs", _not_scalar),
    ("returned an invalid gradient at index", _wrong_gradient),
    ("returned an incorrect number of gradients", _wrong_gradient),
    ("'NoneType'", _grad_is_none),
)
"""Words of torch's errors, and who explains them."""

FINDERS = (find_torch_error,)
