"""The graph pane: as boxes or as lanes, at the moment of the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region

from graphlab.tui import messages
from graphlab.tui.boxes import BoxPlan, BoxRows, box_at, neighbour
from graphlab.tui.lanes import LaneRows
from graphlab.tui.pane import Pane
from graphlab.tui.rows import Row, fit, wrap
from graphlab.tui.state import EdgeChoice, ExplorerState


class GraphPane(Pane):
    """Pane 2."""

    number = 2

    def __init__(self, state: ExplorerState, view: str = "", *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(state, id=id)
        self.chosen_view = view
        self._margin = 0

    @property
    def view(self) -> str:
        """`boxes` or `lanes`: what was chosen, else what the room is for; lanes where boxes cannot be read."""
        if self.plan is None:
            return "lanes"
        return self.chosen_view or ("boxes" if self.screen.size.width >= 100 else "lanes")

    @property
    def plan(self) -> BoxPlan | None:
        """Where the boxes stand."""
        return self.state.boxes()

    def build(self, width: int, height: int) -> Sequence[Row]:
        table, plan = self.state.lane_book.table(), self.plan
        if table is None or not len(table):
            return [fit([(f" {line}", "quiet")], width) for line in wrap(messages.NO_GRAPH, width - 2)]
        if self.view == "boxes" and plan is not None:
            rows = BoxRows(self.state, plan, width)
            self._margin = rows.margin
            return rows
        return LaneRows(self.state, table, width)

    def title(self) -> str:
        said = self.state.lane_book.title() if self.view == "lanes" else ""
        found = self.state.search.say(self.state)
        return " · ".join(
            part for part in (f"{messages.TITLES['graph']}: {messages.VIEWS[self.view]}", said, found) if part
        )

    def legend(self) -> str:
        legend = messages.LEGEND_BOXES if self.view == "boxes" else messages.LEGEND_GRAPH
        return legend if len(legend) + 4 < self.size.width else messages.LEGENDS_SHORT[self.view]

    def wanted_width(self) -> int:
        plan = self.plan
        return plan.layout.width if self.view == "boxes" and plan is not None else 0

    def wanted_row(self) -> int | None:
        node = self.state.selected_node
        table = self.state.lane_book.table()
        return table.row_of(node) if node is not None and table is not None else None

    def _show_wanted_row(self) -> None:
        plan = self.plan
        if self.view != "boxes" or plan is None:
            if self.scroll_x:
                self.scroll_to(x=0, animate=False, immediate=True, force=True)
            super()._show_wanted_row()
            return
        node = self.state.selected_node
        box = plan.box(node)
        if box is None:
            # At the start what comes first is what one wants to see: the graph grows downwards.
            middle = max((plan.layout.width - self.size.width) // 2, 0)
            self.scroll_to(x=middle, y=0, animate=False, immediate=True, force=True)
            return
        region = Region(box.x + self._margin - 2, max(box.y - 2, 0), box.width + 4, box.height + 4)
        self.scroll_to_region(region, animate=False, immediate=True, force=True)

    def select(self, delta: int) -> None:
        plan = self.plan
        if self.view == "boxes" and plan is not None:
            self._choose(neighbour(plan, self.state.selected_node, 0, 1 if delta > 0 else -1))
            return
        table = self.state.lane_book.table()
        if table is None or not len(table):
            return
        row, last = self.wanted_row(), len(table) - 1
        row = (0 if delta > 0 else last) if row is None else min(max(row + delta, 0), last)
        self.state.choose(table.node_at(row))

    def page(self, direction: int) -> None:
        if self.view == "boxes":
            for _ in range(4):
                self.select(direction)
        else:
            self.select(direction * max(self.size.height - 1, 1))

    def sideways(self, direction: int) -> None:
        """In the boxes go to the one beside; in the lanes to the next edge into the node, or the node again."""
        plan = self.plan
        node = self.state.selected_node
        if self.view == "boxes" and plan is not None:
            self._choose(neighbour(plan, node, direction, 0))
            return
        if node is None:
            return
        edges = self.state.edges_into(node)
        choices: list[int | EdgeChoice] = [node, *(EdgeChoice(node, edge.slot) for edge in edges)]
        index = choices.index(self.state.selected) if self.state.selected in choices else 0
        self.state.choose(choices[(index + direction) % len(choices)])

    def _choose(self, node: int | None) -> None:
        if node is not None:
            self.state.choose(node)

    def enter(self) -> None:
        self.state.enter_node()

    def fold(self) -> None:
        """Fold or unfold the module of what is selected."""
        if self.view == "lanes":
            self.state.lane_book.fold()
        else:
            self.state.tell(messages.FOLD_IN_LANES)

    def fold_all(self) -> None:
        """Fold or unfold all modules."""
        if self.view == "lanes":
            self.state.lane_book.fold_all()
        else:
            self.state.tell(messages.FOLD_IN_LANES)

    def switch_view(self) -> None:
        self.chosen_view = "lanes" if self.view == "boxes" else "boxes"
        if self.plan is None:
            self.state.tell(messages.TOO_MANY_BOXES)

    def click(self, x: int, y: int) -> None:
        plan = self.plan
        if self.view == "boxes" and plan is not None:
            self._choose(box_at(plan, self._margin, x, y))
            return
        table = self.state.lane_book.table()
        if table is not None and 0 <= y < len(table):
            self.state.choose(table.node_at(y))

    def copy_text(self) -> str:
        node = self.state.selected_node
        return f"{self.state.name_of(node)}  # {self.state.permalink}" if node is not None else ""
