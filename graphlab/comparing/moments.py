"""What happened in a step, tensor by tensor in the order of the run: what an op read and made, what flowed back.

The pieces in which two runs are laid side by side; each is known by what it is, not by its number, so that the same
piece of another run can be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graphlab.recording import leaf_name
from graphlab.store.format import decode_shape
from graphlab.structure import number_ranges

if TYPE_CHECKING:
    from graphlab.model import Node, Snapshot
    from graphlab.recording import Recording

PieceSort = Literal["input", "op", "gradient", "grad", "clip", "update"]
_CHANGES: Mapping[str, PieceSort] = {"accumulate": "grad", "clip": "clip", "unscale": "clip", "update": "update"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One tensor at one event."""

    event: int
    sort: PieceSort
    """`input`: what an op read that no recorded op made; `op`: what it made; `gradient`: what flowed back into an
    input of a node; `grad`: a leaf's `.grad` after what came was added; `clip`, `update`: what was left of it."""
    name: str
    """The op, or the leaf."""
    slot: int
    shape: tuple[int, ...] | None
    snapshot: int | None
    node: int | None
    line: int | None
    reads: tuple[tuple[int, ...], ...] = ()
    """Of what an op makes: the shapes of what it reads. With others it is another op, whatever it is called."""

    @property
    def token(self) -> tuple[object, ...]:
        """What it is: the same in the other run."""
        shape = self.shape if self.sort in {"op", "input"} else None
        return self.sort, self.name, self.slot, shape, self.reads


class Moments:
    """Reads the pieces of one run, a step at a time and in order.

    Args:
        known_until: the event up to which the other run is the same: tensors made by then are no input.
    """

    def __init__(self, recording: Recording, known_until: int = 0) -> None:
        self.recording = recording
        self._known_until = known_until
        self._seen: set[int] = set()

    def pieces(self, step: int) -> list[Piece]:
        """Return the pieces of a step in the order in which they came about."""
        recording = self.recording
        place = recording.step(step)
        kinds = "('op', 'gradient', 'accumulate', 'clip', 'unscale', 'update', 'backward_start')"
        rows = recording.reader.events(
            f"WHERE kind IN {kinds} AND id BETWEEN ? AND ? ORDER BY id",
            place.first, place.last,
        )  # fmt: skip
        ops = {row[0]: row for row in rows if row[1] == "op"}
        found = self._op_pieces(ops, place.first, place.last)
        found += self._flowed([row for row in rows if row[1] == "gradient"], place.first, place.last)
        found += self._changed({row[0]: row for row in rows if row[1] in _CHANGES}, place.first, place.last)
        order: dict[PieceSort, int] = {"input": 0, "op": 1, "gradient": 2, "grad": 3, "clip": 4, "update": 5}
        return sorted(found, key=lambda piece: (piece.event, order[piece.sort], piece.slot, piece.node or 0))

    def _op_pieces(self, ops: Mapping[int, Any], first: int, last: int) -> list[Piece]:
        uses = self.recording.reader.rows(
            "SELECT event, position, tensor FROM uses WHERE event BETWEEN ? AND ? ORDER BY event, position", first, last
        )
        outputs = {event: row[8].get("outputs", ()) for event, row in ops.items()}
        made = {tensor for numbers in outputs.values() for tensor in numbers}
        tensors = self._tensors(made | {tensor for _, _, tensor in uses})
        shapes = {number: shape for number, (_, shape, _, _) in tensors.items()}
        found: list[Piece] = []
        reads: dict[int, list[tuple[int, int]]] = {}
        for event, position, tensor in uses:
            reads.setdefault(event, []).append((position, tensor))
        for event, row in ops.items():
            for position, tensor in reads.get(event, ()):
                if tensor in self._seen or tensor in made or tensor not in tensors:
                    continue
                self._seen.add(tensor)
                made_at, shape, snapshot, node = tensors[tensor]
                if made_at > self._known_until or not self._known_until:
                    found.append(Piece(event, "input", row[7], position, shape, snapshot, node, row[4]))
            read = tuple(shapes[tensor] for _, tensor in reads.get(event, ()) if tensor in shapes)
            for slot, tensor in enumerate(outputs[event]):
                if tensor in tensors:
                    _, shape, snapshot, _ = tensors[tensor]
                    found.append(Piece(event, "op", row[7], slot, shape, snapshot, row[6], row[4], read))
            self._seen.update(outputs[event])
        return found

    def _tensors(self, wanted: Iterable[int]) -> dict[int, tuple[int, tuple[int, ...], int | None, int | None]]:
        numbers = set(wanted)
        found: dict[int, tuple[int, tuple[int, ...], int | None, int | None]] = {}
        for low, high in number_ranges(numbers):
            rows = self.recording.reader.rows(
                "SELECT id, event, shape, snapshot, node FROM tensors WHERE id BETWEEN ? AND ?", low, high
            )
            found.update((row[0], (row[1], decode_shape(row[2]), row[3], row[4])) for row in rows if row[0] in numbers)
        return found

    def _flowed(self, rows: list[Any], first: int, last: int) -> list[Piece]:
        nodes = self._nodes(row[6] for row in rows)
        by_event = {row[0]: row for row in rows}
        found = []
        for low, high in number_ranges(nodes):
            flowed = self.recording.reader.rows(
                "SELECT node, slot, event, snapshot FROM gradients "
                "WHERE node BETWEEN ? AND ? AND event BETWEEN ? AND ? AND slot >= 0",
                low, high, first, last,
            )  # fmt: skip
            for node, slot, event, snapshot in flowed:
                if event in by_event and node in nodes:
                    name = nodes[node].op or ""
                    found.append(Piece(event, "gradient", name, slot, None, snapshot, node, nodes[node].line))
        return found

    def _changed(self, rows: Mapping[int, Any], first: int, last: int) -> list[Piece]:
        changes = self.recording.reader.rows(
            "SELECT event, node, after FROM changes WHERE event BETWEEN ? AND ? ORDER BY event, node", first, last
        )
        changes = [change for change in changes if change[0] in rows]
        nodes = self._nodes(change[1] for change in changes)
        # Variables' names are looked for only where a leaf has none of its own: that takes long.
        has_names = all(node.name for node in nodes.values())
        names = {} if has_names else self.recording.names(last)
        found = []
        for event, node, after in changes:
            if node not in nodes:
                continue
            name = leaf_name(self.recording, nodes[node], names)
            found.append(
                Piece(event, _CHANGES[rows[event][1]], name, 0, nodes[node].shape, after, node, rows[event][4])
            )
        return found

    def _nodes(self, wanted: Iterable[int | None]) -> dict[int, Node]:
        numbers = {number for number in wanted if number is not None}
        found: dict[int, Node] = {}
        for low, high in number_ranges(numbers):
            nodes = self.recording.reader.nodes("WHERE id BETWEEN ? AND ?", low, high)
            found.update((node.id, node) for node in nodes if node.id in numbers)
        return found

    def snapshots(self, pieces: Iterable[Piece]) -> dict[int, Snapshot]:
        """Return what was kept of the tensors of pieces."""
        numbers = {piece.snapshot for piece in pieces if piece.snapshot is not None}
        found: dict[int, Snapshot] = {}
        for low, high in number_ranges(numbers):
            kept = self.recording.reader.snapshots(low, high)
            found.update((number, each) for number, each in kept.items() if number in numbers)
        return found
