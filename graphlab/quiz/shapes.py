"""Shapes: of products, of what is broadcast, of reductions and views, and of gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from graphlab.quiz import messages
from graphlab.quiz.facts import code_of, leaf_name
from graphlab.quiz.question import Candidate, Choice, Question
from graphlab.sentences import format_shape

if TYPE_CHECKING:
    from graphlab.model import Event, Step
    from graphlab.recording import Recording

KIND = "shape"
Shape = tuple[int, ...]

_PRODUCTS = frozenset({"mm", "matmul", "__matmul__", "__rmatmul__", "bmm", "linear", "addmm", "mv", "dot", "einsum",
                       "outer"})  # fmt: skip
_ELEMENTWISE = frozenset({"add", "__add__", "__radd__", "sub", "__sub__", "__rsub__", "mul", "__mul__", "__rmul__",
                          "div", "__truediv__", "__rtruediv__", "where", "maximum", "minimum"})  # fmt: skip
_REDUCTIONS = frozenset({"sum", "mean", "amax", "amin", "prod", "std", "var", "norm", "logsumexp", "argmax", "argmin",
                         "vector_norm"})  # fmt: skip
_VIEWS = frozenset({"t", "transpose", "view", "reshape", "permute", "unsqueeze", "squeeze", "flatten", "expand",
                    "__getitem__", "repeat", "cat", "stack", "diagonal", "swapaxes", "T", "mT"})  # fmt: skip
_WHY = {
    **dict.fromkeys(_PRODUCTS, messages.WHY_PRODUCT), **dict.fromkeys(_ELEMENTWISE, messages.WHY_BROADCAST),
    **dict.fromkeys(_REDUCTIONS, messages.WHY_REDUCTION), **dict.fromkeys(_VIEWS, messages.WHY_VIEW),
}  # fmt: skip
_MOST = 4
_MOST_OPS = 400


def find(recording: Recording, steps: Sequence[Step]) -> Iterator[Candidate]:
    """Find ops whose result has a shape worth a thought, where they run for the first time, and gradients."""
    for step in steps:
        for event in recording.find_events(
            "kind = 'op' AND id BETWEEN ? AND ? ORDER BY id LIMIT ?", step.first, step.last, _MOST_OPS
        ):
            interest = _interest(recording, event)
            if interest and _is_first(recording, event):
                yield _op_candidate(recording, event, interest)
        for event in recording.events_between(step.first, step.last, ("accumulate",)):
            candidate = _gradient_candidate(recording, event)
            if candidate is not None:
                yield candidate


def _name(event: Event) -> str:
    return event.text.rpartition(".")[2]


def _interest(recording: Recording, event: Event) -> float:
    """Say how much a shape teaches; 0 where it can be read off the input."""
    name = _name(event)
    if name not in _WHY or event.line is None or len(recording.outputs(event.id)) != 1:
        return 0
    inputs = [tensor.shape for tensor in recording.inputs(event.id)]
    if not inputs:
        return 0
    if name in _PRODUCTS:
        return 2.0 if len({size for shape in inputs for size in shape}) > 1 else 0.4
    if name in _ELEMENTWISE:
        return 2.0 if len(set(inputs)) > 1 and all(shape != () for shape in inputs) else 0
    if name in _REDUCTIONS:
        return 1.2 if len(inputs[0]) > 1 else 0.4 if inputs[0] else 0
    return 1.0 if recording.outputs(event.id)[0].shape != inputs[0] else 0.3


def _is_first(recording: Recording, event: Event) -> bool:
    """Whether this call of this line had not run before: afterwards its shape has been shown."""
    query = "SELECT 1 FROM events WHERE line = ? AND file IS ? AND kind = 'op' AND text = ? AND id < ? LIMIT 1"
    return recording.reader.row(query, event.line, event.file, event.text, event.id) is None


def _op_candidate(recording: Recording, event: Event, interest: float) -> Candidate:
    def make(random: Random) -> Question | None:
        return _make_op(recording, event, random)

    key = (KIND, event.file, event.line, event.text)
    return Candidate(KIND, event.id - 1, event.id, key, interest, make)


def _make_op(recording: Recording, event: Event, random: Random) -> Question | None:
    inputs = [tensor.shape for tensor in recording.inputs(event.id)]
    (made,) = recording.outputs(event.id)
    name = _name(event)
    choices = _choices(made.shape, _op_distractors(name, made.shape, inputs), random)
    if len(choices) < 2:
        return None
    said = _inputs_text(name, inputs)
    prompt = messages.SHAPE_PROMPT.format(line=event.line, code=code_of(recording, event), call=name, inputs=said)
    why = _WHY[name].format(call=name, inputs=said, shape=format_shape(made.shape))
    return Question(
        KIND, event.id - 1, event.id, event.step, prompt, "one", format_shape(made.shape), why, choices,
        node=event.node, file=event.file, line=event.line,
    )  # fmt: skip


def _inputs_text(name: str, inputs: Sequence[Shape]) -> str:
    if name == "addmm" and len(inputs) == 3:
        bias, first, second = map(format_shape, inputs)
        return f"{first} @ {second} + {bias}"
    sign = " @ " if name in {"mm", "matmul", "__matmul__"} and len(inputs) == 2 else ", "
    return sign.join(format_shape(shape) for shape in inputs[:4])


def _op_distractors(name: str, made: Shape, inputs: Sequence[Shape]) -> list[tuple[Shape, str]]:
    """Return wrong shapes, the likeliest first, each with what was overlooked."""
    found: list[tuple[Shape, str]] = []
    if name in _PRODUCTS and len(inputs) >= 2:
        first, second = inputs[-2:] if name == "addmm" else inputs[:2]
        found.append((made[::-1], messages.SHAPE_TURNED))
        if first and second:
            found.append((first[-1:] + second[:1], messages.SHAPE_OUTER))
            found.append((first[:1] + second[:1], messages.SHAPE_OUTER))
            found.append(((*first, *second[-1:]), messages.SHAPE_OUTER))
    if name in _ELEMENTWISE:
        found += [(shape, messages.SHAPE_NOT_BROADCAST) for shape in inputs]
        found.append((made[::-1], messages.SHAPE_TURNED))
        found.append((tuple(size for shape in inputs for size in shape), messages.SHAPE_NOT_BROADCAST))
    if name in _REDUCTIONS:
        found += [(inputs[0], messages.SHAPE_OF_INPUT)]
        others = (inputs[0][:-1], inputs[0][1:])
        found += [(shape, messages.SHAPE_OTHER_DIMENSION) for shape in others if len(inputs[0]) > 1]
        found += [((*made, 1), messages.SHAPE_KEPT), ((), messages.SHAPE_SCALAR)]
    if name in _VIEWS:
        found += [(made[::-1], messages.SHAPE_TURNED), (inputs[0], messages.SHAPE_OF_INPUT)]
    found += [(shape, messages.SHAPE_OF_INPUT) for shape in inputs]
    found += [((*made, 1), messages.SHAPE_KEPT), ((1, *made), messages.SHAPE_KEPT)]
    found.append((tuple(size for size in made if size != 1), messages.SHAPE_LOST))
    return found


def _choices(right: Shape, wrong: Sequence[tuple[Shape, str]], random: Random) -> tuple[Choice, ...]:
    picked: dict[Shape, str] = {}
    for shape, remark in wrong:
        if shape != right:
            picked.setdefault(shape, remark)
    choices = [Choice(format_shape(right), is_right=True)]
    choices += [Choice(format_shape(shape), remark=remark) for shape, remark in list(picked.items())[: _MOST - 1]]
    random.shuffle(choices)
    return tuple(choices)


def _gradient_candidate(recording: Recording, event: Event) -> Candidate | None:
    """Ask for the shape of a leaf's gradient, where it is no scalar."""
    if event.node is None:
        return None
    node = recording.node(event.node)
    name = leaf_name(recording, node.id, event.id)
    if name is None or not node.shape:
        return None
    edges = recording.reader.edges("WHERE source = ? AND event <= ?", node.id, event.id)
    upstream = {recording.node(edge.target).shape for edge in edges} - {None, node.shape}
    shapes = [shape for shape in upstream if shape is not None]

    def make(random: Random) -> Question | None:
        assert node.shape is not None
        wrong = [(shape, messages.SHAPE_UPSTREAM) for shape in sorted(shapes)]
        wrong += [(node.shape[::-1], messages.SHAPE_TURNED), ((), messages.SHAPE_SCALAR)]
        wrong += [((*node.shape, 1), messages.SHAPE_KEPT)]
        choices = _choices(node.shape, wrong, random)
        why = messages.WHY_GRADIENT.format(name=name)
        return Question(
            KIND, event.id - 1, event.id, event.step, messages.SHAPE_OF_GRADIENT.format(name=name), "one",
            format_shape(node.shape), why, choices, node=node.id, file=event.file, line=event.line,
        )  # fmt: skip

    return Candidate(KIND, event.id - 1, event.id, (KIND, "gradient", name), 1.4 if shapes else 0.8, make)
