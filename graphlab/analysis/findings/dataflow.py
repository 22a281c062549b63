"""How numbers flow through the recorded ops of a stretch of a run: forward from a tensor, back from a loss.

Wider than autograd's own graph: what was detached, compared or computed under `no_grad` still flows, and so one can
see where a path lost its gradient. Read once for a stretch, as plain objects by number.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphlab.analysis.findings.source import forwards_of_functions
from graphlab.recording.remarks import Remark, read_remarks

if TYPE_CHECKING:
    from graphlab.recording import Recording

MOST = 60_000
"""Ops that are looked at."""
_COPIES = frozenset({"torch.tensor", "torch.as_tensor", "torch.asarray", "Tensor.new_tensor"})


_FROM_NUMBERS = frozenset({"from_numpy", "scalar_tensor", "full", "full_like", "frombuffer", "from_dlpack"})


@dataclass(frozen=True, slots=True)
class State:
    """A state of a tensor, as far as it matters here."""

    object: int
    node: int | None
    dtype: str
    requires_grad: bool
    event: int


@dataclass(slots=True)
class Op:
    """An op with the tensors that it read and made."""

    event: int
    name: str
    call: str
    file: int | None
    line: int | None
    read: list[State] = field(default_factory=list)
    made: list[State] = field(default_factory=list)

    @property
    def is_cut(self) -> bool:
        """Whether it read what requires grad, and made nothing that does."""
        return bool(self.made) and any(each.requires_grad for each in self.read) and not self.has_graph

    @property
    def has_graph(self) -> bool:
        """Whether what it made requires grad, and hands it on to what it read: a copy is a leaf, if anything."""
        return self.call not in _COPIES and any(each.requires_grad for each in self.made)

    @property
    def reason(self) -> str:
        """Why what it made has no graph: `detached`, `copied`, `gradient`, `discrete` or `no-grad`."""
        if self.call.endswith("autograd.grad") or self.name == "grad":
            return "gradient"
        if self.name.startswith("detach"):
            return "detached"
        if self.call in _COPIES:
            return "copied"
        return (
            "no-grad"
            if all(each.dtype.startswith(("float", "bfloat", "complex")) for each in self.made)
            else "discrete"
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a path lost its gradient."""

    reason: str
    """`detached`, `copied`, `gradient`, `discrete`, `no-grad`, `data`, or a call that leaves torch: `item` …"""
    what: str
    """The call."""
    event: int
    file: int | None
    line: int | None
    made: tuple[int, ...] = ()
    """The tensor that came of it where no op made it (`.data`)."""


class Flow:
    """The ops between two events."""

    def __init__(self, recording: Recording, first: int, last: int) -> None:
        reader = recording.reader
        query = (
            "SELECT id, object, node, dtype, requires_grad, event FROM tensors WHERE event BETWEEN ? AND ? UNION "
            "SELECT id, object, node, dtype, requires_grad, event FROM tensors WHERE id IN "
            "(SELECT tensor FROM uses WHERE event BETWEEN ? AND ?) ORDER BY id"
        )
        rows = reader.rows(query, first, last, first, last)
        self.states = {row[0]: State(row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows}
        self.ops: dict[int, Op] = {}
        query = (
            "SELECT id, text, file, line, data FROM events WHERE kind = 'op' AND id BETWEEN ? AND ? ORDER BY id LIMIT ?"
        )
        for event, name, file, line, data in reader.rows(query, first, last, MOST):
            facts = json.loads(data) if data else {}
            op = self.ops[event] = Op(event, name, facts.get("call", name), file, line)
            op.made = [self.states[number] for number in facts.get("outputs", ()) if number in self.states]
        query = "SELECT event, tensor FROM uses WHERE event BETWEEN ? AND ? ORDER BY event, position"
        for event, number in reader.rows(query, first, last):
            if event in self.ops and number in self.states:
                self.ops[event].read.append(self.states[number])
        self._inside = list(forwards_of_functions(recording))
        kinds = read_remarks(recording, "exit")
        self.exits = [remark for remark in kinds if first <= remark.event + 1 and remark.event <= last]
        self._of_node: dict[int, set[int]] = defaultdict(set)
        for state in self.states.values():
            if state.node is not None:
                self._of_node[state.node].add(state.object)

    def objects_of(self, node: int) -> set[int]:
        """Return the tensors that are a node's."""
        return self._of_node.get(node, set())

    def users(self, objects: set[int]) -> list[Op]:
        """Return the ops that read some tensors, in order."""
        return [op for op in self.ops.values() if any(state.object in objects for state in op.read)]

    def made_of(self, objects: Iterable[int]) -> set[int]:
        """Return all tensors that some flow into with their graph, with these."""
        found = set(objects)
        for op in self.ops.values():
            if op.call not in _COPIES and any(state.object in found for state in op.read):
                found.update(state.object for state in op.made if state.requires_grad)
        return found

    def ancestors(self, objects: Iterable[int], ends: Collection[int] = ()) -> set[int]:
        """Return all tensors that flow into some, with these; what flows into `ends` is left out."""
        found = set(objects)
        for op in reversed(self.ops.values()):
            if any(state.object in found and state.object not in ends for state in op.made):
                found.update(state.object for state in op.read)
        for remark in reversed(self.exits):
            made = remark.data.get("made")
            if made in self.states and self.states[made].object in found and remark.tensor in self.states:
                found |= self._before(self.states[remark.tensor].object, remark.event)
        return found

    def _before(self, target: int, last: int) -> set[int]:
        """Return what flows into a tensor by an event."""
        found = {target}
        for op in reversed(self.ops.values()):
            if op.event <= last and any(state.object in found for state in op.made):
                found.update(state.object for state in op.read)
        return found

    def cuts(self, sources: Iterable[int], roots: Iterable[int], ends: Collection[int] = ()) -> list[Cut]:
        """Return where the paths from some tensors to others lose their gradient, the first first.

        What is written into `ends`, the parameters, is another path (a copy of weights) unless there is no other.
        """
        sources, roots = set(sources), set(roots)
        found = self._cuts(sources, self.ancestors(roots, ends))
        return found if found or not ends else self._cuts(sources, self.ancestors(roots))

    def _cuts(self, sources: set[int], above: set[int]) -> list[Cut]:
        tainted = set(sources)
        found = []
        for op in self.ops.values():
            if not any(state.object in tainted and state.requires_grad for state in op.read):
                continue
            if op.has_graph:
                tainted.update(state.object for state in op.made if state.requires_grad)
                # The places that topk, sort or max give beside the values.
                if any(state.object in above and not state.requires_grad for state in op.made):
                    found.append(Cut("discrete", op.name, op.event, op.file, op.line))
            elif op.reason == "no-grad" and self._is_inside(op):
                continue  # a Function's forward records nothing: its own op stands for it
            elif any(state.object in above for state in op.made) or self._goes_through_numbers(op, above):
                found.append(Cut(op.reason, op.name, op.event, op.file, op.line))
        found += [cut for remark in self.exits if (cut := self._cut_of(remark, tainted, above)) is not None]
        return sorted(found, key=lambda cut: cut.event)

    def _is_inside(self, op: Op) -> bool:
        return any(file == (op.file or 1) and first <= (op.line or 0) <= last for file, first, last in self._inside)

    def _cut_of(self, remark: Remark, tainted: set[int], above: set[int]) -> Cut | None:
        """Return the cut that a tensor's leaving was, if it came back into the flow to the roots."""
        state = self.states.get(remark.tensor or 0)
        if state is None or state.object not in tainted:
            return None
        made = self.states.get(remark.data.get("made", 0))
        is_back = (
            made.object in above if made is not None else remark.text != "data" and self._comes_back(remark, above)
        )
        after = (made.object,) if made is not None else ()
        return Cut(remark.text, remark.text, remark.event, remark.file, remark.line, after) if is_back else None

    def _goes_through_numbers(self, cut: Op, above: set[int]) -> bool:
        """Whether no op reads what an op made without a graph, and a tensor made of numbers flows on later."""
        made = {state.object for state in cut.made}
        is_read = any(state.object in made for op in self.ops.values() for state in op.read)
        return not is_read and self._arrives(cut.event, above)

    def _comes_back(self, remark: Remark, above: set[int]) -> bool:
        """Whether a number or array that a tensor became flows on: in the same line, or as a tensor made of it."""
        here = remark.file, remark.line
        after = (op for op in self.ops.values() if op.event > remark.event and (op.file, op.line) == here)
        return any(state.object in above for op in after for state in op.made) or self._arrives(remark.event, above)

    def _arrives(self, event: int, above: set[int]) -> bool:
        """Whether after an event a tensor turns up in the flow that was made of no other."""
        copies = (op for op in self.ops.values() if op.event > event and _is_copy(op))
        if any(state.object in above for op in copies for state in op.made):
            return True
        made = {state.object for op in self.ops.values() for state in op.made}
        late = (state for state in self.states.values() if state.event >= event)
        return any(state.object in above and state.object not in made for state in late)


def _is_copy(op: Op) -> bool:
    """Whether an op makes a tensor of plain numbers or of an array."""
    return op.call in _COPIES or op.name in _FROM_NUMBERS


def root_objects(recording: Recording, start: int, flow: Flow) -> set[int]:
    """Return the tensors that a backward began at."""
    found: set[int] = set()
    for root in recording.event(start).details.get("roots", ()):
        for edge in recording.reader.edges("WHERE target = ?", root):
            rows = recording.reader.rows(
                "SELECT object FROM tensors WHERE node = ? AND output = ? AND event <= ?",
                edge.source,
                edge.output,
                start,
            )
            found.update(row[0] for row in rows)
    return found
