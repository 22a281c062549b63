"""The first place at which two runs part: step, event, tensor and element; bit for bit, and beyond a tolerance.

Two recordings of one script hold the same rows in the same order, so up to where their kept tensors are the same row by
row nothing needs to be looked at. From there on both are walked side by side, a step at a time, the events of a step
aligned as a text diff aligns lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.comparing.elements import Apart, apart, is_another_order
from graphlab.comparing.moments import Moments, Piece
from graphlab.comparing.run_table import RunTable
from graphlab.comparing.tolerance import Tolerance
from graphlab.graph.diff.alignment import align

if TYPE_CHECKING:
    from graphlab.model import Snapshot

_ROWS = 5_000
_ROWS_BYTES = 32 << 20
MOST_EVENTS = 60_000
"""Events that are walked in search of the first place beyond the tolerance; then the outcomes of the steps alone."""
_SNAPSHOT = "SELECT id, shape, dtype, stride, data, norm FROM snapshots WHERE id BETWEEN ? AND ? ORDER BY id"


@dataclass(frozen=True, slots=True)
class Place:
    """Where two runs part."""

    step: int
    a: Piece
    b: Piece
    apart: Apart
    dtypes: tuple[str, str]
    is_another_order: bool
    """Whether both tensors hold the same rows, in another order."""


@dataclass(frozen=True, slots=True)
class OtherOps:
    """Where the runs do not do the same: what each does there; None where it does no more in this step."""

    step: int
    a: Piece | None
    b: Piece | None


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk has found."""

    first: Place | None
    beyond: Place | None
    other: OtherOps | None
    """The first place at which they do not the same, of the steps that were walked."""
    walked: int
    """The last step that was walked; 0: none is in full detail in both runs."""
    is_complete: bool
    """Whether every step that both runs have in full detail was walked as far as needed."""


def walk(one: RunTable, two: RunTable, tolerance: Tolerance, *, until: int | None) -> Walk:
    """Walk through two runs until both places are found.

    Args:
        until: the first step whose outcome lies beyond the tolerance; None: there is none, and what lies beyond it
            within a step is looked for in the first step that is not the same.
    """
    count = min(one.count, two.count)
    start, known = _first_step(one, two, count)
    moments = Moments(one.recording, known[0]), Moments(two.recording, known[1])
    first = beyond = other = None
    walked = events = 0
    for step in range(start, count + 1):
        if one.is_light[step - 1] or two.is_light[step - 1]:
            continue
        if first is not None and until is not None and step < until and events > MOST_EVENTS:
            continue
        walked = step
        pieces = [each.pieces(table.number(step)) for each, table in zip(moments, (one, two), strict=True)]
        other = other or _other_ops(pieces, step)
        for place in _places(moments, pieces, step):
            first = first or place(None)
            beyond = beyond or place(tolerance)
            if beyond is not None:
                return Walk(first, beyond, other, walked, is_complete=True)
        events += int(one.ends[step] - one.ends[step - 1])
        if first is not None and (until is None or step >= until):
            break
    return Walk(first, beyond, other, walked, is_complete=events <= MOST_EVENTS)


def _first_step(one: RunTable, two: RunTable, count: int) -> tuple[int, tuple[int, int]]:
    """Return the step in which the kept tensors of both runs are no more the same row by row, and the events before."""
    if one.skipped or two.skipped:
        # What stands before is not the same, but nothing of it is looked at.
        return 1, (int(one.ends[0]), int(two.ends[0]))
    number = _first_other_row(one, two)
    steps = [_step_of_snapshot(table, number) for table in (one, two)]
    # Not the same row where the steps are not: then nothing is known.
    step = max(min(steps[0], count), 1) if steps[0] == steps[1] else 1
    if one.ends[step - 1] != two.ends[step - 1]:
        return 1, (0, 0)
    return step, (int(one.ends[step - 1]), int(two.ends[step - 1]))


def _first_other_row(one: RunTable, two: RunTable) -> int:
    """Return the number of the first snapshot that is not the same in both; beyond all where none is."""
    readers = one.recording.reader, two.recording.reader
    last = min(reader.number("SELECT MAX(id) FROM snapshots") or 0 for reader in readers)
    start, each = 1, 200
    while start <= last:
        stop = min(start + each - 1, last)
        rows = [reader.rows(_SNAPSHOT, start, stop) for reader in readers]
        if rows[0] != rows[1]:
            pairs = zip(*rows, strict=False)
            return next((mine[0] for mine, theirs in pairs if mine != theirs), start)
        size = sum(len(row[4] or b"") for row in rows[0]) / max(len(rows[0]), 1)
        start, each = stop + 1, int(min(_ROWS, max(_ROWS_BYTES / (size + 1), 8)))
    return last + 1


def _step_of_snapshot(table: RunTable, number: int) -> int:
    """Return the step in which a snapshot was first used."""
    reader = table.recording.reader
    events = []
    tensor = reader.row("SELECT event FROM tensors WHERE snapshot >= ? ORDER BY id LIMIT 1", number)
    events += [tensor[0]] if tensor else []
    change = reader.number("SELECT MIN(event) FROM changes WHERE after >= ? OR added >= ?", number, number)
    flowed = reader.number("SELECT MIN(event) FROM gradients WHERE snapshot >= ?", number)
    events += [event for event in (change, flowed) if event is not None]
    return table.recording.number_at(min(events)) if events else len(table.recording.steps)


@dataclass(frozen=True)
class _Pair:
    """A piece of each run, ready to be compared."""

    step: int
    a: Piece
    b: Piece
    one: Snapshot | None
    two: Snapshot | None

    def __call__(self, tolerance: Tolerance | None) -> Place | None:
        """Return where the pieces part, or None where they do not."""
        if (self.a.snapshot is None) != (self.b.snapshot is None) and self.a.sort not in {"grad", "gradient"}:
            return None  # the one run kept no values
        if self.one is not None and self.two is not None and self.one.shape != self.two.shape:
            return None  # of another shape it is another tensor: that the ops are not the same is told
        found = apart(self.one, self.two, tolerance)
        if found is None:
            return None
        dtypes = tuple(each.dtype if each is not None else "" for each in (self.one, self.two))
        is_order = is_another_order(self.one, self.two)
        return Place(self.step, self.a, self.b, found, (dtypes[0], dtypes[1]), is_order)


def _other_ops(pieces: list[list[Piece]], step: int) -> OtherOps | None:
    """Return the first op of a step that the other run has not, or not there."""
    ops = [[piece for piece in some if piece.sort == "op"] for some in pieces]
    longest = max(map(len, ops))
    for place in range(longest):
        a, b = (some[place] if place < len(some) else None for some in ops)
        if a is None or b is None or a.token != b.token:
            return OtherOps(step, a, b)
    return None


def _places(moments: tuple[Moments, Moments], pieces: list[list[Piece]], step: int) -> Iterator[_Pair]:
    """Give the pieces of a step that may differ, in the order of the first run."""
    tokens = [[piece.token for piece in each] for each in pieces]
    pairs: Any = zip(range(len(tokens[0])), range(len(tokens[1])), strict=False)
    if tokens[0] != tokens[1]:
        pieces = _without_parts(pieces)
        tokens = [[piece.token for piece in each] for each in pieces]
        pairs = _without_scalars(align(*tokens), pieces[0])
    kept = [each.snapshots(some) for each, some in zip(moments, pieces, strict=True)]
    for first, second in pairs:
        a, b = pieces[0][first], pieces[1][second]
        one = kept[0].get(a.snapshot) if a.snapshot is not None else None
        two = kept[1].get(b.snapshot) if b.snapshot is not None else None
        if one == two and a.shape == b.shape and (a.snapshot is None) == (b.snapshot is None):
            continue
        yield _Pair(step, a, b, one, two)


def _without_parts(pieces: list[list[Piece]]) -> list[list[Piece]]:
    """Leave of gradients that came in several parts in one run, and not in as many in the other, their sum alone.

    What flowed back within such backwards has no counterpart.
    """
    counts = [Counter(piece.name for piece in some if piece.sort == "grad") for some in pieces]
    uneven = {name for name in counts[0] & counts[1] if counts[0][name] != counts[1][name]}
    if not uneven:
        return pieces
    kept = []
    for some in pieces:
        sums = {piece.name: piece for piece in some if piece.sort == "grad" and piece.name in uneven}
        told = [piece for piece in some if piece.sort != "gradient"]
        kept.append([piece for piece in told if piece.sort != "grad" or sums.get(piece.name, piece) is piece])
    return kept


def _without_scalars(pairs: list[tuple[int, int]], pieces: list[Piece]) -> list[tuple[int, int]]:
    """Leave out scalars that were made after the runs did not the same: every scalar looks like every other."""
    paired = {first for first, _ in pairs}
    alone = next((place for place in range(len(pieces)) if place not in paired), len(pieces))
    return [pair for pair in pairs if pair[0] < alone or pieces[pair[0]].sort != "op" or pieces[pair[0]].shape != ()]
