"""How a backward has come forward at a moment: what has run, what may run, what waits for a branch; and what was added.

A node runs when every use of its output has handed a gradient back: until then it waits. What came is the sum of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from graphlab.structure import unpack_numbers

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from graphlab.model import Edge, Snapshot
    from graphlab.recording import Recording

Standing = Literal["ran", "ready", "waits", "untouched"]


@dataclass(frozen=True)
class Backward:
    """One backward: the nodes that it reaches, and who hands a gradient to whom."""

    start: int
    end: int | None
    """Its last event; None: it is not over (a run that goes on, or was cut off)."""
    reached: Container[int]
    uses: Mapping[int, tuple[Edge, ...]]
    """By node: the edges over which a gradient comes to it, in the order in which its users were made."""

    def users(self, node: int) -> list[int]:
        """Return who hands a gradient to a node, in the order in which they were made; twice who does so twice."""
        return [edge.target for edge in self.uses.get(node, ())]

    def finish(self) -> None:
        """Do in spare time what somebody would wait for: here nothing."""

    def ran_by(self, moment: int) -> Container[int] | None:
        """Return the nodes that have run by a moment, where that is known without asking the recording."""
        return None

    def standing(self, node: int, ran: Container[int]) -> Standing | None:
        """Return how far a node is, when some have run; None for what the backward does not reach."""
        if node not in self.reached:
            return None
        if node in ran:
            return "ran"
        users = [user in ran for user in self.users(node)]
        if all(users):  # also where nobody uses it: the backward begins there
            return "ready"
        return "waits" if any(users) else "untouched"


@dataclass(frozen=True, slots=True)
class Summand:
    """What one use of a tensor brings to its gradient."""

    edge: Edge
    gradient: Snapshot | None
    has_come: bool
    """False: the backward has not been there yet."""


def read_backward(recording: Recording, start: int) -> Backward | None:
    """Return the backward that an event began, where it is recorded in full detail."""
    with recording.reading():
        row = recording.reader.row("SELECT nodes FROM backwards WHERE event = ?", start)
        if row is None:
            return None
        step = recording.number_at(start)
        end = recording.next_event(start, ["backward_end"])
        if recording.is_large(step):
            from graphlab.analysis.rules.packed_flow import read_packed_backward

            return read_packed_backward(recording, step, start, end, row[0])
        reached = frozenset(unpack_numbers(row[0]))
        uses: dict[int, list[Edge]] = {}
        for edge in recording.structure(step).edges:
            if edge.source in reached and edge.target in reached:
                uses.setdefault(edge.source, []).append(edge)
    return Backward(start, end, reached, {node: tuple(edges) for node, edges in uses.items()})


def start_before(recording: Recording, moment: int) -> int | None:
    """Return the event that began the last backward by a moment, in the moment's own step."""
    if moment < 1 or not recording.steps:
        return None
    start = recording.next_event(moment + 1, ["backward_start"], back=True)
    return start if start is not None and start >= recording.step_of(moment).first else None


def read_ran(recording: Recording, backward: Backward, moment: int) -> Container[int]:
    """Return the nodes that a backward has run by a moment; a leaf has when the gradient was added to its own."""
    last = moment if backward.end is None else min(moment, backward.end)
    known = backward.ran_by(last)
    if known is not None:
        return known
    rows = recording.reader.rows(
        "SELECT node FROM events WHERE kind IN ('gradient', 'accumulate') AND id BETWEEN ? AND ?", backward.start, last
    )
    return frozenset(row[0] for row in rows)


def read_summands(
    recording: Recording, backward: Backward, ran: Container[int], node: int, moment: int
) -> list[Summand]:
    """Return what each use of a node's output has brought to its gradient, or is yet to bring."""
    return [
        Summand(edge, recording.edge_gradient(edge.target, edge.slot, moment), has_come=True)
        if edge.target in ran
        else Summand(edge, None, has_come=False)
        for edge in backward.uses.get(node, ())
    ]


def shares_of(summands: list[Summand]) -> list[float | None]:
    """Return how much of the sum each summand is: its part along the sum, so that all of them make 1.

    A summand may point against the sum (a negative share) or be larger than it. None where values were not kept, or
    the sum is zero.
    """
    import numpy

    arrays = [
        each.gradient.array.astype(float).ravel()
        if each.gradient is not None and each.gradient.is_complete and each.gradient.array is not None
        else None
        for each in summands
    ]
    known = [array for array in arrays if array is not None]
    if not known or len({array.size for array in known}) > 1 or any(each.has_come is False for each in summands):
        return [None] * len(summands)
    with numpy.errstate(all="ignore"):
        total = sum(known)
        whole = float(numpy.dot(total, total))
        if not whole or not numpy.isfinite(whole):
            return [None] * len(summands)
        return [None if array is None else float(numpy.dot(array, total)) / whole for array in arrays]
