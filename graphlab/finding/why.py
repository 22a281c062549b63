"""Says of each match where it is, what it is, and why it was found: for a line of the command line or of the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.counted import op_words
from graphlab.finding.query import ANY, WORD, Query, Term
from graphlab.finding.texts import contains, is_under, text_test
from graphlab.language import _
from graphlab.sentences import format_number

if TYPE_CHECKING:
    from graphlab.finding.figures import Figures
    from graphlab.finding.index import Index
    from graphlab.finding.match import Matches
    from graphlab.model import Node


@dataclass(frozen=True, slots=True)
class Found:
    """One match, in plain words and numbers."""

    event: int
    step: int
    node: int | None
    """None: a line, a printed text or an error."""
    kind: str
    op: str | None
    name: str | None
    module: str | None
    file: str | None
    line: int | None
    why: str
    gradient: float | None
    """The norm of the gradient that was asked for, None where none was."""
    value: float | None


def describe(index: Index, query: Query, matches: Matches, place: int) -> Found:
    """Say what one of the matches is."""
    rows = matches.rows
    number, event = int(rows.nodes[place]), int(rows.events[place])
    step = index.recording.number_at(event)
    if not number:
        return _describe_line(index, query, event, step)
    node = index.recording.node(number)
    gradient, value = _norm(rows.gradients, place), _norm(rows.values, place)
    tags = index.names_of(number)
    why = [_why_node(index, term, node, tags, gradient, value) for term in query.wanted]
    return Found(
        event, step, number, node.kind, node.op or node.call, node.name or next(iter(tags), None), node.module,
        index.path_of(node.file), node.line, ", ".join(dict.fromkeys(filter(None, why))), gradient, value,
    )  # fmt: skip


def _norm(figures: Figures, place: int) -> float | None:
    return float(figures.norms[place]) if figures.flags[place] else None


def _describe_line(index: Index, query: Query, number: int, step: int) -> Found:
    event = index.recording.event(number)
    text = index.text_of((event.file, event.line)) if event.kind == "line" else event.text
    kind = {"output": "printed"}.get(event.kind, event.kind)
    said = " ".join((text or "").split())
    return Found(
        number, step, None, kind, None, None, None, index.path_of(event.file), event.line, said, None, None
    )  # fmt: skip


def _why_node(
    index: Index, term: Term, node: Node, tags: list[str], gradient: float | None, value: float | None
) -> str:
    if term.asks_figures:
        return _why_figures(term, gradient, value)
    if term.key == WORD:
        words: list[tuple[str, str | None]] = [("op", node.op), ("call", node.call), ("name", node.name)]
        words += [("op", op_words(node.op))] if node.op else []
        words += [("name", tag) for tag in tags]
        words += [("module", node.module), ("line", index.text_of((node.file, node.line)))]
        test = contains(term.text)
        found = next((f"{key} {' '.join(word.split())}" for key, word in words if word and test(word)), "")
        return found or (_("the loss: a backward begins here") if term.asks_loss and node.kind == "output" else "")
    return _why_key(index, term, node, tags)


def _why_key(index: Index, term: Term, node: Node, tags: list[str]) -> str:
    if term.key == "line":
        return _("line {line}").format(line=node.line)
    if term.key == "file":
        return _("file {path}").format(path=index.path_of(node.file))
    if term.key == "shape":
        return f"shape [{','.join(map(str, node.shape or ()))}]"
    if term.key == "module":
        return (
            _("module {module}").format(module=node.module)
            if is_under(term.text)(node.module)
            else _("name {name}").format(name=node.name)
        )
    test = text_test(term)
    words: dict[str, list[str | None]] = {
        "op": [node.op, node.call, node.op and op_words(node.op)],
        "name": [node.name, *tags],
        "kind": [node.kind],
        "dtype": [node.dtype],
    }
    return next((f"{term.key} {word}" for word in words[term.key] if test(word)), "")


def _why_figures(term: Term, gradient: float | None, value: float | None) -> str:
    if term.key == "grad" and term.text == "none":
        return _("no gradient came")
    said = []
    if gradient is not None and (term.asks_gradient or term.key == ANY):
        said.append(_("|grad| {gradient}").format(gradient=format_number(gradient)))
    if value is not None and (term.asks_value or term.key == ANY):
        said.append(_("|value| {value}").format(value=format_number(value)))
    return ", ".join(said)


def as_json(found: Found) -> dict[str, Any]:
    """Return the object that `--json` shows for a match."""
    return {key: getattr(found, key) for key in Found.__slots__}
