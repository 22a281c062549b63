"""The graph pane: as lanes or as boxes, at the moment of the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from graphlab.tui import messages
from graphlab.tui.lanes import LaneRows
from graphlab.tui.pane import Pane
from graphlab.tui.rows import Row, fit, wrap
from graphlab.tui.state import EdgeChoice, ExplorerState


class GraphPane(Pane):
    """Pane 2."""

    number = 2

    def __init__(self, state: ExplorerState, view: str = "lanes", *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(state, id=id)
        self.view = view

    def build(self, width: int, height: int) -> Sequence[Row]:
        lanes = self.state.lanes()
        if lanes is None or not len(lanes):
            return [fit([(f" {line}", "quiet")], width) for line in wrap(messages.NO_GRAPH, width - 2)]
        return LaneRows(self.state, lanes, width)

    def title(self) -> str:
        return f"{messages.TITLES['graph']}: {messages.VIEWS[self.view]}"

    def legend(self) -> str:
        legend = messages.LEGEND_GRAPH
        return legend if len(legend) + 4 < self.size.width else messages.LEGEND_GRAPH_SHORT

    def wanted_row(self) -> int | None:
        node = self.state.selected_node
        return self.state.lane_of(node) if node is not None else None

    def select(self, delta: int) -> None:
        order = self.state.lane_order()
        if not order:
            return
        row = self.wanted_row()
        row = (0 if delta > 0 else len(order) - 1) if row is None else min(max(row + delta, 0), len(order) - 1)
        self.state.choose(order[row])

    def page(self, direction: int) -> None:
        self.select(direction * max(self.size.height - 1, 1))

    def sideways(self, direction: int) -> None:
        """Select the next edge into the selected node, or the node itself again."""
        node = self.state.selected_node
        if node is None:
            return
        edges = self.state.edges_into(node)
        choices: list[int | EdgeChoice] = [node, *(EdgeChoice(node, edge.slot) for edge in edges)]
        index = choices.index(self.state.selected) if self.state.selected in choices else 0
        self.state.choose(choices[(index + direction) % len(choices)])

    def enter(self) -> None:
        self.state.enter_node()

    def click(self, x: int, y: int) -> None:
        order = self.state.lane_order()
        if 0 <= y < len(order):
            self.state.choose(order[y])

    def copy_text(self) -> str:
        node = self.state.selected_node
        return f"{self.state.name_of(node)}  # {self.state.permalink}" if node is not None else ""
