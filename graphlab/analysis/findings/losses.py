"""What is given to a loss that it does not expect: squashed outputs, probabilities, and shapes that broadcast."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings import messages
from graphlab.analysis.findings.facts import is_view, short_op, source_line
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.source import calls, statement_at
from graphlab.analysis.findings.squashes import SQUASHES, is_scaled, source_of, squash_of
from graphlab.recording.arguments import read_arguments
from graphlab.sentences import format_shape

if TYPE_CHECKING:
    from graphlab.model import Event, Node, Tensor
    from graphlab.recording import Recording

_WITH_LOGITS = "BinaryCrossEntropyWithLogitsBackward0"
_LIKELIHOODS = frozenset({"NllLossBackward0", "NllLoss2DBackward0"})
_SCORES = frozenset({"AddmmBackward0", "MmBackward0", "LinearBackward0", "ConvolutionBackward0"})
"""Ops of a last layer, whose results no logarithms of shares can be: nothing keeps them below 0."""
_RESHAPES = frozenset({"ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0"})
_MOST = 4000
"""Nodes of one kind that are looked at."""
_PAIRED = frozenset({"sub", "mul", "div", "add", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "rsub"})
_EXPANDING = {
    "MseLossBackward0": "mse_loss", "L1LossBackward0": "l1_loss", "SmoothL1LossBackward0": "smooth_l1_loss",
    "HuberLossBackward0": "huber_loss",
}  # fmt: skip
_SPELLINGS = {
    "mse_loss": ("mse_loss", "MSELoss"),
    "l1_loss": ("l1_loss", "L1Loss"),
    "smooth_l1_loss": ("smooth_l1_loss", "SmoothL1Loss"),
    "huber_loss": ("huber_loss", "HuberLoss"),
    "softmax": ("softmax", "Softmax"),
    "log_softmax": ("log_softmax", "LogSoftmax"),
    "sigmoid": ("sigmoid", "Sigmoid"),
    "cross_entropy": ("cross_entropy", "CrossEntropyLoss"),
    "nll_loss": ("nll_loss", "NLLLoss"),
    "binary_cross_entropy_with_logits": ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss"),
    "log_softmax and nll_loss": ("nll_loss", "NLLLoss"),
}


def find_squashed_twice(recording: Recording) -> Iterator[Finding]:
    """Find outputs that were squashed (softmax, sigmoid) before a loss that squashes them itself."""
    seen = set()
    for loss, squash, first, name in _squashed(recording):
        is_binary = loss.op in {_WITH_LOGITS, "SigmoidBackward0"}
        kind = "sigmoid-before-bce-with-logits" if is_binary else "softmax-before-cross-entropy"
        line, earlier = _line(recording, loss, name), _line(recording, squash, first)
        key = kind, line, earlier, first
        if key not in seen:
            seen.add(key)
            effect = messages.HARMLESS if first == "log_softmax" else messages.FLATTENS
            yield make_finding(
                recording, kind, messages.SQUASHED_TWICE, loss.event, node=loss.id, file=loss.file, line=line,
                lines=(earlier,), evidence={"squashed_by": first, "squashed_at": squash.event},
                loss=name, squash=first, at=messages.at_line(line), earlier=messages.at_line(earlier), effect=effect,
            )  # fmt: skip


def _squashed(recording: Recording) -> Iterator[tuple[Node, Node, str, str]]:
    """Give each loss that squashes with the squash before it, what that does, and what the loss is called."""
    for loss in _nodes(recording, _WITH_LOGITS):
        squash = source_of(recording, loss)
        first = squash_of(recording, squash)
        if squash is not None and first in {"sigmoid", "softmax"}:
            yield loss, squash, first, "binary_cross_entropy_with_logits"
    for loss in _nodes(recording, "BinaryCrossEntropyBackward0"):
        last = source_of(recording, loss)
        squash = source_of(recording, last) if last is not None and last.op == "SigmoidBackward0" else None
        if last is not None and squash is not None and squash.op == "SigmoidBackward0":
            yield last, squash, "sigmoid", "sigmoid"
    for last in _nodes(recording, "LogSoftmaxBackward0"):
        squash = source_of(recording, last)
        if squash is not None and is_scaled(recording, squash):  # by a temperature
            squash = source_of(recording, squash)
        if squash is not None and squash.op == "LogBackward0":  # log of a softmax: the same thing, spelt out
            squash = source_of(recording, squash)
        first = squash_of(recording, squash)
        if squash is None or first is None:
            continue
        if first != "sigmoid" or _feeds_likelihood(recording, last):
            is_whole = last.call == "F.cross_entropy" or (last.call is None and calls(recording, "CrossEntropyLoss"))
            spelt = "log_softmax and nll_loss" if _feeds_likelihood(recording, last) else "log_softmax"
            yield last, squash, first, "cross_entropy" if is_whole else spelt


def find_softmax_over_wrong_dimension(recording: Recording) -> Iterator[Finding]:
    """Find a likelihood whose shares add up to 1 along another dimension than that of the classes."""
    seen = set()
    for kind in sorted(_LIKELIHOODS):
        for loss in _nodes(recording, kind):
            squash, classes = _reshaped_source(recording, loss)
            if squash is not None and squash.op == "LogBackward0":
                squash = _only_source(recording, squash)
            if squash is None or squash.op not in {"LogSoftmaxBackward0", "SoftmaxBackward0"}:
                continue
            arguments, shape = read_arguments(recording, squash.id), squash.shape or ()
            along = arguments.numbers.get("dim") if arguments is not None else None
            if not isinstance(along, int) or len(shape) < 2 or along % len(shape) == classes % len(shape):
                continue
            name = SQUASHES[squash.op]
            line, earlier = _line(recording, loss, "nll_loss"), _line(recording, squash, name)
            if (line, earlier) not in seen:
                seen.add((line, earlier))
                yield make_finding(
                    recording, "softmax-over-wrong-dimension", messages.WRONG_DIMENSION, loss.event, node=squash.id,
                    file=squash.file or loss.file, line=earlier or line, lines=(line,),
                    evidence={"squashed_by": name, "squashed_at": squash.event, "shape": list(shape)},
                    loss="nll_loss", squash=name, at=messages.at_line(line), earlier=messages.at_line(earlier),
                    along=along % len(shape), classes=classes % len(shape), shape=_say(shape),
                )  # fmt: skip


def _only_source(recording: Recording, node: Node) -> Node | None:
    rows = recording.reader.edges("WHERE target = ? ORDER BY slot", node.id)
    return recording.node(rows[0].source) if rows else None


def _reshaped_source(recording: Recording, loss: Node) -> tuple[Node | None, int]:
    """Return the op whose result a likelihood is given, with its dimension of classes; None where that was moved."""
    node, classes = _only_source(recording, loss), 1
    while node is not None and node.op in _RESHAPES:
        before = _only_source(recording, node)
        made, given = node.shape or (), before.shape or () if before is not None else ()
        if len(made) != 2 or made[-1:] != given[-1:]:
            return None, classes
        node, classes = before, -1
    return node, classes


def find_probabilities_to_nll(recording: Recording) -> Iterator[Finding]:
    """Find a likelihood that is given probabilities, or a layer's raw scores, where it expects logarithms of shares."""
    seen = set()
    for kind in sorted(_LIKELIHOODS):
        for loss in _nodes(recording, kind):
            squash = source_of(recording, loss)
            first = squash_of(recording, squash)
            is_raw = squash is not None and _is_raw(recording, squash)
            if squash is None or (first not in {"softmax", "sigmoid"} and not is_raw):
                continue
            scores = source_of(recording, squash, 0) if is_raw and squash.op == "AddBackward0" else None
            squash = scores if scores is not None and squash.call is None else squash
            first = first or short_op(squash) or ""
            line, earlier = _line(recording, loss, "nll_loss"), _line(recording, squash, first)
            if (line, earlier) not in seen:
                seen.add((line, earlier))
                yield make_finding(
                    recording, "probabilities-to-nll-loss",
                    messages.SCORES_TO_NLL if is_raw else messages.PROBABILITIES_TO_NLL, loss.event, node=loss.id,
                    file=loss.file, line=line, lines=(earlier,), evidence={"op" if is_raw else "squashed_by": first},
                    loss="nll_loss", squash=first, at=messages.at_line(line), earlier=messages.at_line(earlier),
                )  # fmt: skip


def find_probabilities_to_divergence(recording: Recording) -> Iterator[Finding]:
    """Find a divergence whose first argument is probabilities; its ops are those of any product, so by its call."""
    seen = set()
    rows = recording.reader.nodes("WHERE call LIKE '%kl_div' AND op IN ('MulBackward0', 'SubBackward0') LIMIT ?", _MOST)
    for loss in rows:
        squash = source_of(recording, loss, 1)
        first = squash_of(recording, squash)
        if squash is None or squash.call == loss.call or first not in {"softmax", "sigmoid"}:
            continue
        if (loss.line, squash.line) not in seen:
            seen.add((loss.line, squash.line))
            yield make_finding(
                recording, "probabilities-to-nll-loss", messages.PROBABILITIES_TO_DIVERGENCE, loss.event, node=loss.id,
                file=loss.file, line=loss.line, lines=(squash.line,), evidence={"squashed_by": first}, loss="kl_div",
                squash=first, at=messages.at_line(loss.line), earlier=messages.at_line(squash.line),
            )  # fmt: skip


def _is_raw(recording: Recording, node: Node) -> bool:
    """Whether a node makes the raw scores of a layer; one of three dimensions may add its bias in an op of its own."""
    if node.op != "AddBackward0":
        return node.op in _SCORES
    rows = recording.reader.edges("WHERE target = ? ORDER BY slot", node.id)
    scores = source_of(recording, node, 0)
    bias = recording.node(rows[1].source) if len(rows) == 2 else None
    return scores is not None and scores.op in _SCORES and bias is not None and bias.kind in {"parameter", "leaf"}


def _nodes(recording: Recording, op: str) -> list[Node]:
    return recording.reader.nodes("WHERE op = ? ORDER BY id LIMIT ?", op, _MOST)


def _feeds_likelihood(recording: Recording, node: Node) -> bool:
    """Whether a likelihood reads a node, past ops that only hand its numbers on."""
    for _ in range(32):
        users = [recording.node(edge.target) for edge in recording.reader.edges("WHERE source = ?", node.id)]
        if any(user.op in _LIKELIHOODS for user in users):
            return True
        handed = [user for user in users if is_view(user.op)]
        if not handed:
            return False
        node = handed[0]
    return False


def _line(recording: Recording, node: Node, spelling: str) -> int | None:
    """Return the line of a node; light detail has none, so there the text is asked where such a call stands."""
    if node.line is not None:
        return node.line
    found = calls(recording, *_SPELLINGS.get(spelling, (spelling,)))
    return found[0].line if len(found) == 1 else None


# -- shapes ------------------------------------------------------------------------------------------------------------


def find_broadcast_in_loss(recording: Recording) -> Iterator[Finding]:
    """Find predictions and targets of one size whose shapes broadcast: `[n] - [n, 1]` is `[n, n]`."""
    seen = set()
    marks = ", ".join("?" * len(_PAIRED))
    events = recording.find_events(f"kind = 'op' AND text IN ({marks}) ORDER BY id LIMIT 100000", *sorted(_PAIRED))
    for event in events:
        if (event.file, event.line, event.text) in seen:
            continue
        pair = _crossed_pair(recording, event)
        if pair is None or not _is_reduced(recording, event) or _is_meant(recording, event):
            continue
        seen.add((event.file, event.line, event.text))
        left, right, shape = pair
        yield make_finding(
            recording, "shapes-broadcast-in-loss", messages.BROADCAST, event.id, node=event.node,
            evidence={"shapes": [list(left.shape), list(right.shape)], "result": list(shape)},
            op=event.text, left=_say(left.shape), right=_say(right.shape), result=format_shape(shape),
            at=messages.at_line(event.line),
            count=shape[0] * shape[1],
        )  # fmt: skip


def find_broadcast_inside_loss(recording: Recording) -> Iterator[Finding]:
    """Find the same inside a loss of torch's own, which expands both to one shape before it compares them."""
    seen = set()
    for kind, name in _EXPANDING.items():
        for loss in _nodes(recording, kind):
            for edge in recording.reader.edges("WHERE target = ? ORDER BY slot", loss.id):
                expand = recording.node(edge.source)
                rows = recording.reader.edges("WHERE target = ? ORDER BY slot", expand.id)
                shape, line = expand.shape or (), _line(recording, loss, name)
                if (
                    expand.op != "ExpandBackward0"
                    or not rows
                    or len(shape) != 2
                    or shape[0] != shape[1]
                    or line in seen
                ):
                    continue
                given = recording.node(rows[0].source).shape
                if shape[0] < 2 or given not in {(shape[0], 1), (shape[0],)}:
                    continue
                seen.add(line)
                other = (shape[0],) if len(given) == 2 else (shape[0], 1)
                yield make_finding(
                    recording, "shapes-broadcast-in-loss", messages.BROADCAST, loss.event, node=loss.id, file=loss.file,
                    line=line, evidence={"shapes": [list(given), list(other)], "result": list(shape)},
                    op=name, left=_say(given), right=_say(other), result=format_shape(shape), at=messages.at_line(line),
                    count=shape[0] * shape[1],
                )  # fmt: skip


def _say(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _crossed_pair(recording: Recording, event: Event) -> tuple[Tensor, Tensor, tuple[int, int]] | None:
    """Return two tensors of n elements that an op made a square of, where one is computed and the other is given."""
    read = recording.inputs(event.id)
    if len(read) != 2:
        return None
    left, right = read
    flat, column = (left, right) if len(left.shape) == 1 else (right, left)
    if len(flat.shape) != 1 or len(column.shape) != 2 or column.shape[1] != 1 or flat.shape[0] != column.shape[0]:
        return None
    is_of_both = left.requires_grad is not right.requires_grad
    return (left, right, (column.shape[0], flat.shape[0])) if flat.shape[0] > 1 and is_of_both else None


def _is_reduced(recording: Recording, event: Event) -> bool:
    """Whether what an op made is soon a single number: part of a loss."""
    made = recording.outputs(event.id)
    for _ in range(8):
        if not made:
            return False
        if made[0].shape == ():
            return True
        after = recording.next_use(made[0].object, event.id)
        if after is None:
            return False
        event = recording.event(after)
        made = recording.outputs(after)
    return False


def _is_meant(recording: Recording, event: Event) -> bool:
    """Whether the statement itself makes the column (`x[:, None] - y`): all pairs are what it is after."""
    statement = statement_at(recording, event.file, event.line)
    if statement is None:
        return "None" in source_line(recording, event.file, event.line)
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "unsqueeze":
            return True
        if isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if any(isinstance(part, ast.Constant) and part.value is None for part in parts):
                return True
    return False


FINDERS = (
    find_squashed_twice,
    find_softmax_over_wrong_dimension,
    find_probabilities_to_nll,
    find_probabilities_to_divergence,
    find_broadcast_in_loss,
    find_broadcast_inside_loss,
)
