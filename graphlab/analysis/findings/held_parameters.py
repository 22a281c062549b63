"""The parameters of a run: which optimizers hold them, which are frozen, and which ever got a gradient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from graphlab.analysis.findings.source import calls
from graphlab.recording.remarks import Remark, read_remarks
from graphlab.sentences import format_shape
from graphlab.store.light import absent_mask
from graphlab.structure import unpack_numbers

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording

_NAMES = 6
"""Parameters that a message names."""


def shown(names: Sequence[str]) -> str:
    """Name some, and how many there are of more; what goes by one name (of a loop's variable) is named once."""
    distinct = list(dict.fromkeys(names))
    is_all = len(distinct) == len(names) <= _NAMES
    return ", ".join(distinct[:_NAMES]) + ("" if is_all else f" … ({len(names)})")


class Parameters:
    """What is known of a run's parameters, asked once."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.optimizers: dict[int, list[Remark]] = defaultdict(list)
        """By number: what an optimizer held, each time it was new."""
        for remark in read_remarks(recording, "optimizer"):
            self.optimizers[remark.data["number"]].append(remark)
        leaves = recording.reader.nodes("WHERE kind IN ('parameter', 'leaf') ORDER BY id")
        self.nodes = [node for node in leaves if node.kind == "parameter"]
        self.leaves = [node for node in leaves if node.kind == "leaf"]

    @cached_property
    def living(self) -> list[Node]:
        """The parameters without those that others have replaced under their names (an optimizer may hold them yet)."""
        last = {node.name: node.id for node in self.nodes if node.name}
        names = self._recording.names(self._recording.event_count)
        return [
            node for node in self.nodes
            if (last[node.name] == node.id if node.name else node.id in names or not last)
        ]  # fmt: skip

    @cached_property
    def steps(self) -> dict[int, list[Remark]]:
        """By number of an optimizer: the steps that it made, as far as they were written."""
        found: dict[int, list[Remark]] = defaultdict(list)
        for remark in read_remarks(self._recording, "step"):
            found[remark.data["optimizer"]].append(remark)
        return found

    @cached_property
    def held(self) -> dict[int, set[int]]:
        """By node: the numbers of the optimizers that hold it, or have held it."""
        found: dict[int, set[int]] = defaultdict(set)
        for number, remarks in self.optimizers.items():
            for remark in remarks:
                for node in (*remark.data["nodes"], *remark.data["frozen"]):
                    found[node].add(number)
        return found

    @cached_property
    def _frozen(self) -> set[int]:
        nodes = {node for remarks in self.optimizers.values() for node in remarks[-1].data["frozen"]}
        rows = self._recording.reader.rows(
            "SELECT node FROM tensors WHERE node IS NOT NULL GROUP BY node HAVING MAX(requires_grad) = 0"
        )
        return nodes | ({row[0] for row in rows} & {node.id for node in self.nodes})

    def is_frozen(self, node: Node) -> bool:
        """Whether a parameter does not require grad."""
        return node.id in self._frozen

    def is_wanted(self, node: Node) -> bool:
        """Whether the script means a parameter to learn: an optimizer holds it, or there is none at all."""
        if not self.optimizers:
            return not self.is_frozen(node)
        return node.id in self.held

    def holder_at(self, node: Node) -> tuple[int | None, int | None]:
        """Return file and line where the first optimizer was made that holds a parameter."""
        numbers = sorted(self.held.get(node.id, ()))
        return self.made_at(numbers[0]) if numbers else (None, None)

    def made_at(self, number: int) -> tuple[int | None, int | None]:
        """Return file and line where an optimizer was made; none where that cannot be told.

        Light detail meets it when the first backward begins: of the line before only the text can tell.
        """
        recording, first = self._recording, self.optimizers[number][0]
        if not recording.steps or recording.step(recording.number_at(max(first.event, 1))).detail != "light":
            return first.file, first.line
        places = [(call.file, call.line) for call in calls(recording, first.text)]
        alike = [each for each, held in self.optimizers.items() if held[0].text == first.text]
        if len(places) not in {1, len(alike)}:
            return None, None
        return places[alike.index(number) if len(places) > 1 else 0]

    def name_of(self, node: Node) -> str:
        """Return what a parameter is called."""
        if node.name:
            return node.name
        names = self._recording.names(self._recording.event_count).get(node.id, ())
        shape = f" ({format_shape(node.shape)})" if node.shape else ""
        return next(iter(names), f"{node.kind} {node.id}{shape}")

    def has_gradient(self, node: Node) -> bool:
        """Whether a backward has ever given a parameter a gradient, into `.grad` or into the script's own hands."""
        return node.id in self._reached

    @cached_property
    def _reached(self) -> set[int]:
        reader = self._recording.reader
        rows = reader.rows("SELECT DISTINCT node FROM changes WHERE what = 'grad' AND after IS NOT NULL")
        found = {row[0] for row in rows}
        known = {node.id for node in (*self.nodes, *self.leaves)}
        query = "SELECT b.nodes FROM backwards b JOIN events e ON e.id = b.event WHERE e.data LIKE ? GROUP BY b.graph"
        for (packed,) in reader.rows(query, '%"call": "grad"%'):
            found.update(known.intersection(unpack_numbers(packed)))
        for block in self._recording.light.blocks:
            # Most are known from a step on the schedule; a look at each block of a long run takes seconds.
            unknown = [leaf for leaf in block.outline.leaves if leaf not in found]
            found.update(leaf for leaf in unknown if not absent_mask(block.figures(leaf)).all())
        return found
