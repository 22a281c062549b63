"""Which tensors are leaves that require a gradient: asked when a backward is about to begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from graphlab.model import LEAF_KINDS
from graphlab.quiz import messages
from graphlab.quiz.facts import code_of
from graphlab.quiz.question import Candidate, Choice, Question

if TYPE_CHECKING:
    from graphlab.model import Event, Step
    from graphlab.recording import Recording

KIND = "leaves"
_MOST = 6
_Kinds = dict[str, str]
"""By name: leaf, data, or the op whose result it is."""


def find(recording: Recording, steps: Sequence[Step]) -> Iterator[Candidate]:
    """Find backwards before which leaves, results and data all have names."""
    for step in steps:
        for event in recording.events_between(step.first, step.last, ("backward_start",)):
            kinds = _kinds(recording, event, step.step)
            if event.line is not None and "leaf" in kinds.values() and set(kinds.values()) - {"leaf"}:
                yield _candidate(recording, event, kinds)
                break


def _kinds(recording: Recording, event: Event, step: int) -> _Kinds:
    """Say of each named tensor what it is: the script's variables, and the parameters of its modules."""
    found: _Kinds = {}
    seen: set[int] = set()
    for variable in recording.variables(event.id - 1):
        tensor = variable.tensor
        if tensor is None or variable.name in found or tensor.object in seen:
            continue
        seen.add(tensor.object)  # a loop over the parameters gives one of them a second name
        if not tensor.requires_grad:
            found[variable.name] = "data"
        elif tensor.node is not None:
            node = recording.node(tensor.node)
            is_leaf = node.kind in LEAF_KINDS and not tensor.label
            found[variable.name] = "leaf" if is_leaf else node.op or tensor.label
    for node in recording.structure(step).nodes.values():
        if node.kind == "parameter" and node.name and "." in node.name and node.event < event.id:
            found.setdefault(node.name, "leaf")
    return found


def _candidate(recording: Recording, event: Event, kinds: _Kinds) -> Candidate:
    def make(random: Random) -> Question | None:
        return _make(recording, event, kinds, random)

    key = (KIND, tuple(sorted(kinds.items())))
    interest = 0.8 + 0.3 * len(set(kinds.values()))
    return Candidate(KIND, event.id - 1, event.id, key, interest, make)


def _make(recording: Recording, event: Event, kinds: _Kinds, random: Random) -> Question:
    leaves = [name for name, kind in kinds.items() if kind == "leaf"]
    others = [name for name, kind in kinds.items() if kind != "leaf"]
    some = random.sample(leaves, min(len(leaves), _MOST - min(len(others), _MOST // 2)))
    some += random.sample(others, min(len(others), _MOST - len(some)))
    random.shuffle(some)
    choices = [Choice(name, kinds[name] == "leaf", _remark(name, kinds[name])) for name in some]
    right = ", ".join(choice.text for choice in choices if choice.is_right)
    return Question(
        KIND, event.id - 1, event.id, event.step,
        messages.LEAVES_PROMPT.format(line=event.line, code=code_of(recording, event)), "several", right,
        messages.LEAVES_WHY.format(leaves=right), tuple(choices), file=event.file, line=event.line,
    )  # fmt: skip


def _remark(name: str, kind: str) -> str:
    if kind == "leaf":
        return messages.LEAF_IS.format(name=name)
    return messages.LEAF_DATA.format(name=name) if kind == "data" else messages.LEAF_RESULT.format(name=name, op=kind)
