"""Which rows the lanes have, and in which order: as they ran, with modules folded, or sorted by a column.

Rows depend on the training step alone, so nothing jumps while the cursor moves. A small graph is walked in plain
Python, since numpy's import would take longer than all the rest of the first picture; a large one, and whatever is
folded or sorted, comes from packed columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from graphlab.layout.lanes import LaneRow, Lanes, newest_first
from graphlab.tui import messages
from graphlab.tui.lane_columns import DEFAULT_COLUMNS, column_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphlab.recording.packed import PackedGraph
    from graphlab.tui.folded import Group
    from graphlab.tui.state import ExplorerState


class LanePicture(Protocol):
    """What knows the lanes of some rows."""

    width: int

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int, limit: int | None = None) -> list[LaneRow]: ...


class LaneTable:
    """The rows of one step."""

    lanes: LanePicture | None = None
    """None where rows are sorted: lanes would cross everywhere."""

    def __len__(self) -> int:
        raise NotImplementedError

    def node_at(self, row: int) -> int:
        """Return the node of a row, of a folded module the one that stands for it."""
        raise NotImplementedError

    def row_of(self, node: int) -> int | None:
        """Return the row of a node, or of the folded module that it is in; None where it is not in the graph."""
        raise NotImplementedError

    def group_at(self, row: int) -> Group | None:
        """Return what is folded into a row."""
        return None

    def worst_at(self, row: int, moment: int) -> float | None:
        """Return the worst gradient inside a folded module as of a moment."""
        return None


class SmallTable(LaneTable):
    """The rows of a graph that can afford an object a node."""

    def __init__(self, state: ExplorerState, step: int) -> None:
        structure = state.recording.structure(step)
        sources = [edge.source for edge in structure.edges]
        targets = [edge.target for edge in structure.edges]
        self.order = newest_first(list(structure.nodes), sources, targets)
        self.lanes = Lanes(self.order, sources, targets)
        self.lanes.rows(len(self.order) - 1, len(self.order))  # how many lanes there are is known at the last row
        self._rows = {node: row for row, node in enumerate(self.order)}

    def __len__(self) -> int:
        return len(self.order)

    def node_at(self, row: int) -> int:
        return self.order[row]

    def row_of(self, node: int) -> int | None:
        return self._rows.get(node)


class PackedTable(LaneTable):
    """The rows of a graph of any size, all of its nodes or some that stand for others."""

    def __init__(self, packed: PackedGraph, kept: Any = None, home: Any = None, edges: Any = None) -> None:
        """Put rows in order.

        Args:
            packed: the graph.
            kept: the places that have rows, ascending; all of them where it is None.
            home: by place, the index in `kept` of what stands for it.
            edges: sources and targets as indices in `kept`, in order of target.
        """
        import numpy

        from graphlab.layout.packed import PackedLanes, pack_newest_first

        self._packed, self._home = packed, home
        nodes = packed.nodes if kept is None else packed.nodes[kept]
        sources, targets = (packed.sources, packed.targets) if edges is None else edges
        order = pack_newest_first(len(nodes), sources, targets)
        self._rows = numpy.empty(len(nodes), "i4")
        self._rows[order] = numpy.arange(len(nodes), dtype="i4")
        self.lanes: PackedLanes = PackedLanes(nodes[order], self._rows[sources], self._rows[targets])

    def __len__(self) -> int:
        return len(self.lanes)

    def node_at(self, row: int) -> int:
        return int(self.lanes.nodes[row])

    def row_of(self, node: int) -> int | None:
        place = self._packed.place_of(node)
        if place is None:
            return None
        return int(self._rows[place if self._home is None else self._home[place]])

    def finish(self) -> None:
        """Do now what a jump to the end would wait for."""
        self.lanes.finish()


class SortedTable(LaneTable):
    """The rows sorted by a column."""

    def __init__(self, packed: PackedGraph, places: Any) -> None:
        import numpy

        self._packed = packed
        self._places = places
        self._rows = numpy.empty(len(places), "i4")
        self._rows[places] = numpy.arange(len(places), dtype="i4")

    def __len__(self) -> int:
        return len(self._places)

    def node_at(self, row: int) -> int:
        return int(self._packed.nodes[self._places[row]])

    def row_of(self, node: int) -> int | None:
        place = self._packed.place_of(node)
        return int(self._rows[place]) if place is not None else None


@dataclass
class LaneChoices:
    """What a person chose for the lanes."""

    columns: set[str] = field(default_factory=lambda: set(DEFAULT_COLUMNS))
    sort: str = ""
    """The column that rows are sorted by; empty: in the order of execution."""
    last_sort: str = "gradient"
    """The column that they were sorted by last."""
    folded: frozenset[str] = frozenset()
    """The paths of the modules that are folded."""


class LaneBook:
    """The lanes of a recording's steps as somebody wants to see them."""

    def __init__(self, state: ExplorerState) -> None:
        self.state = state
        self.choices = LaneChoices()
        self._made = lru_cache(4)(self._make)
        self._modules = lru_cache(1)(self._find_modules)

    def table(self) -> LaneTable | None:
        """Return the rows of the cursor's step, None where nothing was recorded."""
        step = self.state.step
        if step is None:
            return None
        choices = self.choices
        return self._made(step.step, self.state.last, choices.sort, choices.folded)

    def _make(self, step: int, count: int, sort: str, folded: frozenset[str]) -> LaneTable:
        packed = self.state.recording.packed
        if sort:
            from graphlab.tui.sorting import sorted_places

            return SortedTable(packed(step), sorted_places(self.state, packed(step), sort))
        if folded:
            from graphlab.tui.folded import FoldedTable

            return FoldedTable(self.state, packed(step), folded)
        return PackedTable(packed(step)) if self.state.is_large else SmallTable(self.state, step)

    def finish(self) -> None:
        """Do in spare time what a jump to the end, or to where gradients wait, would wait for."""
        table = self.table()
        if isinstance(table, PackedTable):
            table.finish()
            self.state.gradients.finish()

    def order(self) -> Sequence[int]:
        """Return the node of every row; for small graphs."""
        table = self.table()
        return [table.node_at(row) for row in range(len(table))] if table is not None else []

    def has_modules(self) -> bool:
        """Whether any node was made by a module."""
        return self._modules(self.state.last)

    def _find_modules(self, count: int) -> bool:
        return self.state.recording.reader.row("SELECT 1 FROM nodes WHERE module IS NOT NULL LIMIT 1") is not None

    # -- choosing --------------------------------------------------------------------------------------------------

    def title(self) -> str:
        """Return what the pane's title says of the rows."""
        choices = self.choices
        if choices.sort:
            return messages.LANES_SORTED.format(column=column_title(choices.sort))
        return messages.LANES_FOLDED if choices.folded else ""

    def toggle_column(self, name: str) -> None:
        """Show a column, or leave it out."""
        self.choices.columns ^= {name}
        self.state.changed()

    def sort_by(self, name: str) -> None:
        """Sort by a column; the one that rows are sorted by: back to the order of execution."""
        choices = self.choices
        choices.sort = "" if choices.sort == name else name
        choices.last_sort = name
        said = messages.SORTED_BY.format(column=name) if choices.sort else messages.NOT_SORTED
        self.state.tell(said)

    def toggle_sort(self) -> None:
        """Sort by the last column that was chosen, or go back to the order of execution."""
        self.sort_by(self.choices.sort or self.choices.last_sort)

    def fold(self) -> None:
        """Fold the module of the node that is looked at; a folded one opens, to the modules right inside it."""
        node = self.state.selected_node
        step = self.state.step
        table = self.table()
        if node is None or step is None or table is None:
            self.state.tell(messages.NO_SELECTION)
            return
        from graphlab.tui.folded import children_of, module_of

        row = table.row_of(node)
        group = table.group_at(row) if row is not None else None
        folded = self.choices.folded
        packed = self.state.recording.packed(step.step)
        if group is not None:
            self._fold_to((folded - {group.path}) | children_of(packed, group.path))
            return
        path = module_of(packed, node)
        if not path:
            self.state.tell(messages.NO_MODULE)
        else:
            self._fold_to(folded | {path})

    def fold_all(self) -> None:
        """Fold every module at the first level; where anything is folded, open all."""
        step = self.state.step
        if step is None:
            return
        from graphlab.tui.folded import children_of

        if self.choices.folded:
            self._fold_to(frozenset())
            return
        tops = children_of(self.state.recording.packed(step.step), "")
        if tops:
            self._fold_to(tops)
        else:
            self.state.tell(messages.NO_MODULES)

    def _fold_to(self, folded: frozenset[str]) -> None:
        self.choices.folded, self.choices.sort = folded, ""
        self.state.changed()
