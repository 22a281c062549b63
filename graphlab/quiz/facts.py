"""What the kinds of questions have in common: which steps they look at, and how nodes, lines and numbers are called."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from graphlab.analysis.findings.facts import name_of, short_op, source_line
from graphlab.quiz import messages
from graphlab.sentences import format_number

if TYPE_CHECKING:
    import numpy

    from graphlab.model import Event, Node, Step
    from graphlab.recording import Recording

_FIRST_STEPS = 3
_MORE_STEPS = 3
SMALL = 4
"""How many numbers a tensor may have that is reckoned by hand."""


def steps_to_ask(recording: Recording, random: Random) -> list[Step]:
    """Return the steps that questions are looked for in: the first, the last, and some between.

    Steps in light detail, and those whose graph is too large to be looked at node by node, are left out.
    """
    full = [row[0] for row in recording.reader.rows("SELECT id FROM steps ORDER BY id")]
    if not recording.light.blocks:
        full = list(range(1, len(recording.steps) + 1))  # the last may be under way, and have no row yet
    numbers = {*full[:_FIRST_STEPS], *full[-1:]}
    numbers.update(random.choice(full) for _ in range(_MORE_STEPS if len(full) > _FIRST_STEPS else 0))
    steps = [recording.steps[number - 1] for number in sorted(numbers)]
    return [
        step for step in steps
        if step.detail == "full" and _has_ops(recording, step) and not recording.is_large(step.step)
    ]  # fmt: skip


def _has_ops(recording: Recording, step: Step) -> bool:
    """Whether the forward of a step was followed: a light run turns to full detail in the middle of a step."""
    first = recording.next_event(step.first - 1, ("op",))
    return first is not None and first <= step.last


def code_of(recording: Recording, event: Event) -> str:
    """Return the source line of an event, without its comment."""
    return strip_comment(source_line(recording, event.file, event.line))


def strip_comment(code: str) -> str:
    """Drop the comment at the end of a line of code: it may hold what is asked."""
    quote = ""
    for place, sign in enumerate(code):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "#":
            return code[:place].rstrip()
    return code


def node_text(recording: Recording, node: Node, moment: int) -> str:
    """Return what the quiz calls a node: a leaf by its name, an op by its name, its line and what holds its result."""
    name = name_of(recording, node, moment)
    if node.kind != "op":
        return messages.NODE_LEAF.format(name=name)
    known = name not in {short_op(node), node.op}
    text = messages.NODE_OP_NAMED if known else messages.NODE_OP
    return text.format(op=node.op, line=node.line, name=name)


def leaf_name(recording: Recording, node: int, moment: int) -> str | None:
    """Return the name of a leaf, where it has one that a person would know."""
    facts = recording.node(node)
    if facts.name:
        return facts.name
    names = [name for name in recording.names(moment).get(node, ()) if name.isidentifier()]
    return next(iter(names), None)


def numbers_text(array: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.generic]]) -> str:
    """Write the few numbers of a tensor: one as it is, several in brackets."""
    said = [format_number(float(number)) for number in array.ravel()]
    return said[0] if array.shape == () or array.size == 1 else f"[{', '.join(said)}]"


def place_text(shape: tuple[int, ...], index: int) -> str:
    """Write the place of an element, `1` or `0, 2`; nothing for a tensor of one number."""
    import numpy

    if not shape or all(size == 1 for size in shape):
        return ""
    return ", ".join(str(int(number)) for number in numpy.unravel_index(index, shape))
