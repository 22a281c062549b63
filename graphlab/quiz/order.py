"""Which node runs next in a backward: the choices are those that are ready, and what people take for the order.

The recording's own order is the answer. It is asked only as far as it follows the engine's rule, so that the
explanation is true: a leaf whose gradient is complete goes first, else the node that the forward made last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from graphlab.model import LEAF_KINDS
from graphlab.quiz import messages
from graphlab.quiz.facts import node_text
from graphlab.quiz.question import Candidate, Choice, Question
from graphlab.structure import unpack_numbers

if TYPE_CHECKING:
    from graphlab.model import Event, Step
    from graphlab.recording import Recording

KIND = "next-node"
_MOST = 4


@dataclass(frozen=True)
class _Moment:
    """A moment within a backward."""

    event: Event
    last: int
    """The node that ran before."""
    ready: frozenset[int]
    ran: frozenset[int]


def find(recording: Recording, steps: Sequence[Step]) -> Iterator[Candidate]:
    """Find the moments at which a next node can be asked for, in the first backward through each graph."""
    seen: set[int] = set()
    for step in steps:
        users = _users(recording, step)
        rows = recording.reader.rows(
            "SELECT event, graph, nodes FROM backwards WHERE event BETWEEN ? AND ? ORDER BY event",
            step.first,
            step.last,
        )
        for start, graph, packed in rows:
            if graph in seen:
                continue
            seen.add(graph)
            reached = frozenset(unpack_numbers(packed))
            within = {node: users.get(node, frozenset()) & reached for node in reached}
            for moment in _moments(recording, start, step.last, within):
                yield _candidate(recording, moment, within)


def _users(recording: Recording, step: Step) -> dict[int, frozenset[int]]:
    """Return by node the nodes that read it: those that its gradient comes from."""
    users: dict[int, set[int]] = {}
    for edge in recording.structure(step.step).edges:
        users.setdefault(edge.source, set()).add(edge.target)
    return {node: frozenset(found) for node, found in users.items()}


def _moments(recording: Recording, start: int, last: int, users: dict[int, frozenset[int]]) -> Iterator[_Moment]:
    """Follow a backward while it does what the engine's rule says."""
    ran: set[int] = set()
    before = None
    kinds = ("gradient", "accumulate", "backward_start", "backward_end")
    for event in recording.events_between(start + 1, last, kinds):
        if event.kind in {"backward_start", "backward_end"} or event.node is None:
            return
        ready = frozenset(node for node, above in users.items() if node not in ran and above <= ran)
        if event.node != _expected(recording, ready):
            return
        if before is not None:
            yield _Moment(event, before, ready, frozenset(ran))
        before = event.node
        ran.add(event.node)


def _is_leaf(recording: Recording, node: int) -> bool:
    return recording.node(node).kind in LEAF_KINDS


def _expected(recording: Recording, ready: frozenset[int]) -> int | None:
    leaves = [node for node in ready if _is_leaf(recording, node)]
    if len(leaves) > 1:
        return None  # which of two leaves goes first says nothing
    return leaves[0] if leaves else max(ready, default=None)


def _candidate(recording: Recording, moment: _Moment, users: dict[int, frozenset[int]]) -> Candidate:
    event = moment.event
    assert event.node is not None
    node = recording.node(event.node)
    interest = 0.3 if len(moment.ready) == 1 else 2.0 if node.kind == "op" else 1.5

    def make(random: Random) -> Question | None:
        return _make(recording, moment, users, random)

    key = (KIND, node.op or "leaf", node.line, node.name, len(moment.ready))
    return Candidate(KIND, event.id - 1, event.id, key, interest, make)


def _make(recording: Recording, moment: _Moment, users: dict[int, frozenset[int]], random: Random) -> Question | None:
    event, asked = moment.event, moment.event.id - 1
    assert event.node is not None
    answer = event.node
    others = _distractors(recording, moment, users, random)
    if not others:
        return None
    ready = sorted(moment.ready)[-_MOST:]
    words = _words(recording, [answer, moment.last, *others, *ready], asked)
    choices = [Choice(words[answer], is_right=True)]
    choices += [Choice(words[node], remark=remark) for node, remark in others.items()]
    random.shuffle(choices)
    if _is_leaf(recording, answer):
        why = messages.NEXT_LEAF
    elif len(moment.ready) == 1:
        why = messages.NEXT_ALONE
    else:
        why = messages.NEXT_LATEST.format(ready=", ".join(words[node] for node in ready))
    return Question(
        KIND, asked, event.id, event.step, messages.NEXT_PROMPT.format(last=words[moment.last]), "one", words[answer],
        why, tuple(choices), node=moment.last, file=event.file, line=event.line,
    )  # fmt: skip


def _words(recording: Recording, nodes: Sequence[int], moment: int) -> dict[int, str]:
    """Return what each node is called; those that are called the same, with the event that made them."""
    words = {node: node_text(recording, recording.node(node), moment) for node in nodes}
    counts = Counter(words.values())
    return {
        node: messages.NODE_AT.format(name=text, event=recording.node(node).event) if counts[text] > 1 else text
        for node, text in words.items()
    }


def _distractors(
    recording: Recording, moment: _Moment, users: dict[int, frozenset[int]], random: Random
) -> dict[int, str]:
    """Return wrong nodes, each with what speaks against it: others that are ready, the forward's order, a leaf."""
    answer = moment.event.node
    assert answer is not None
    found: dict[int, str] = {}
    too = messages.NEXT_WAITS_LEAF if _is_leaf(recording, answer) else messages.NEXT_READY_TOO
    for node in sorted(moment.ready - {answer}, reverse=True)[: _MOST - 2]:
        found[node] = too
    waiting = [node for node in users if node not in moment.ran and node not in moment.ready]
    ops = sorted(node for node in waiting if not _is_leaf(recording, node))
    leaves = [node for node in waiting if _is_leaf(recording, node)]
    picked = ops[:1]
    if leaves:
        picked.append(random.choice(leaves))
    if len(ops) > 1:
        picked.append(ops[-1])
    for place, node in enumerate(picked):
        waits = sorted(users[node] - moment.ran)
        above = node_text(recording, recording.node(waits[-1]), moment.event.id - 1) if waits else "?"
        remark = messages.NEXT_NOT_READY.format(waits=above)
        is_first = place == 0 and bool(ops)
        found.setdefault(node, f"{messages.NEXT_FORWARD} {remark}" if is_first else remark)
    return dict(list(found.items())[: _MOST - 1])
