"""What differs before the numbers do: facts of the runs, the parameters as they began, the data and its order.

The facts are those that a comparison of graphs tells too, and the settings of torch that change how it reckons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graphlab.comparing.elements import apart, rows_of
from graphlab.comparing.outcomes import pair_leaves
from graphlab.comparing.run_table import RunTable
from graphlab.comparing.tolerance import Tolerance
from graphlab.graph.diff.facts import FactChange, compare_facts

if TYPE_CHECKING:
    from graphlab.model import Snapshot

_MOST_STEPS = 512
"""Steps whose data is looked at: an epoch of what one steps through in full detail."""
_MOST_ROWS = 50_000
_SETTINGS = ("python", "threads", "default dtype", "deterministic", "machine", "instructions", "gpu")
_DATA = """
SELECT u.event, t.snapshot FROM uses u
JOIN events e ON e.id = u.event JOIN nodes m ON m.id = e.node JOIN tensors t ON t.id = u.tensor
WHERE m.kind = 'op' AND NOT t.requires_grad AND u.event BETWEEN ? AND ? ORDER BY u.event, u.position"""
"""What needs no gradient and goes into an op of the graph."""


@dataclass(frozen=True, slots=True)
class DataChange:
    """The data that went into the model was not the same at a step, though the parameters were."""

    step: int
    sort: Literal["order", "batches", "other"]
    """`order`: the same rows came in both runs, at other steps or places; `batches`: in batches of other sizes."""
    shared: int | None
    """Of `other`: how many of the rows of the first run came in the second too; None where rows were not kept whole."""
    rows: int | None


@dataclass(frozen=True)
class Causes:
    """What differs before the numbers do."""

    facts: tuple[FactChange, ...]
    initial: tuple[str, ...]
    """The parameters whose values were not the same before the first step."""
    known: int
    """Of how many parameters these values are known in both runs."""
    data: DataChange | None


def is_setting(change: FactChange) -> bool:
    """Whether a fact is one that a comparison of graphs does not tell."""
    return change.name == "dtype" or change.name in _SETTINGS


def find_causes(one: RunTable, two: RunTable, parted: int | None) -> Causes:
    """Look for what differs before the numbers do.

    Args:
        parted: the first step after which the parameters are not the same: other data after it is no cause.
    """
    initial, known = _compare_initial(one, two)
    data = None if parted is None else _compare_data(one, two, parted)
    return Causes(tuple(_compare_facts(one, two)), initial, known, data)


def _compare_facts(one: RunTable, two: RunTable) -> list[FactChange]:
    told = []
    for table in (one, two):
        facts = table.recording.facts
        told.append(
            {
                "scenario": facts.scenario, "torch": facts.torch, "device": facts.device, "seed": facts.seed,
                "detail": facts.detail, "parameters": dict(facts.parameters),
                "sources": {file.path: file.text for file in table.recording.files},
            }
        )  # fmt: skip
    found = list(compare_facts(*told))
    dtypes = [_dtypes(table) for table in (one, two)]
    if dtypes[0] != dtypes[1]:
        found.append(FactChange("dtype", dtypes[0], dtypes[1]))
    settings = [table.recording.reader.meta().get("settings", {}) for table in (one, two)]
    named = {change.name.lower() for change in found}
    found += [
        FactChange(name, settings[0][name], settings[1][name])
        for name in _SETTINGS
        if name in settings[0] and name in settings[1] and settings[0][name] != settings[1][name] and name not in named
    ]
    return found


def _dtypes(table: RunTable) -> str:
    """Return the dtypes of the parameters."""
    found = {table.dtype(leaf) for leaf in table.leaves}
    return ", ".join(sorted(found))


def _compare_initial(one: RunTable, two: RunTable) -> tuple[tuple[str, ...], int]:
    """Return the parameters that did not begin with the same values, and how many could be compared."""
    found, known = [], 0
    for first, second in pair_leaves(one, two):
        numbers = one.first_value(first), two.first_value(second)
        if not all(numbers):
            continue
        before = one.recording.snapshot(numbers[0]), two.recording.snapshot(numbers[1])
        known += 1
        if _differ(*before):
            found.append(first.name)
    return tuple(found), known


def _differ(one: Snapshot | None, two: Snapshot | None) -> bool:
    """Whether two tensors differ: of two dtypes by more than the coarser one's rounding."""
    if one is None or two is None:
        return one is not two
    return apart(one, two, Tolerance() if one.dtype != two.dtype else None) is not None


def _compare_data(one: RunTable, two: RunTable, parted: int) -> DataChange | None:
    count = min(one.count, two.count, _MOST_STEPS)
    batches = [_read_data(table, count) for table in (one, two)]
    for step in range(1, min(parted, count) + 1):
        first, second = batches[0].get(step, []), batches[1].get(step, [])
        pairs = list(zip(first, second, strict=False))
        place = next((place for place, pair in enumerate(pairs) if _are_other_rows(*pair)), None)
        if place is not None:
            return _judge(step, place, batches)
    return None


def _are_other_rows(one: Snapshot, two: Snapshot) -> bool:
    """Whether two batches differ as data does: rows of another width are another op, not other data."""
    return bool(one.shape and two.shape) and one.shape[1:] == two.shape[1:] and _differ(one, two)


def _read_data(table: RunTable, count: int) -> dict[int, list[Snapshot]]:
    """Return the tensors of data that the ops of a graph read, by step and in order."""
    if not count:
        return {}
    recording = table.recording
    rows = recording.reader.rows(_DATA, int(table.ends[0]) + 1, int(table.ends[count]))
    found: dict[int, list[Snapshot]] = {}
    total = 0
    for event, number in rows:
        snapshot = recording.snapshot(number) if number is not None else None
        if snapshot is None:
            continue
        total += snapshot.shape[0] if snapshot.shape else 1
        if total > _MOST_ROWS:
            break
        found.setdefault(recording.number_at(event) - table.skipped, []).append(snapshot)
    return found


def _judge(step: int, place: int, batches: Sequence[dict[int, list[Snapshot]]]) -> DataChange:
    """Say whether other data came, or the same in another order: over all steps, for an epoch has many."""
    rows = [_rows(batch, batch[step][place]) for batch in batches]
    if rows[0] is None or rows[1] is None:
        return DataChange(step, "other", None, None)
    shared = len(rows[0] & rows[1])
    if rows[0] != rows[1]:
        return DataChange(step, "other", shared, len(rows[0]))
    sizes = [batch[step][place].shape[0] for batch in batches]
    return DataChange(step, "order" if sizes[0] == sizes[1] else "batches", shared, len(rows[0]))


def _rows(batches: dict[int, list[Snapshot]], like: Snapshot) -> set[bytes] | None:
    """Return the rows of all batches that are of the width and dtype of one; None where they were not kept whole."""
    found: set[bytes] = set()
    for snapshot in (each for snapshots in batches.values() for each in snapshots):
        if snapshot.dtype != like.dtype or not snapshot.shape or snapshot.shape[1:] != like.shape[1:]:
            continue
        array: Any = snapshot.array
        if array is None or not snapshot.is_complete:
            return None
        found.update(rows_of(array))
    return found
