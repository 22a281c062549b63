"""The graph as boxes and lines: ops as boxes, what they use as a line of text, lines from one to the next.

Positions are those of the step's whole graph, so nothing jumps while it grows; what is still to come is dim and
dashed, what just ran has a heavy border, and what the backward has reached carries its gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.tui.box_painter import BoxPainter
from graphlab.tui.box_text import Looks, group_name, is_framed, looks_of, text_line
from graphlab.tui.rows import Row, over

if TYPE_CHECKING:
    from graphlab.layout.boxes import EdgeKey
    from graphlab.tui.box_plan import BoxPlan
    from graphlab.tui.state import ExplorerState


class BoxPicture(BoxPainter):
    """The boxes at the cursor; rows are made when they are painted."""

    def __init__(self, state: ExplorerState, plan: BoxPlan) -> None:
        self.state = state
        self.lit = lit = state.lighting.lit()
        edges: frozenset[EdgeKey] = frozenset()
        if lit is not None:
            edges = frozenset(key for key, found in plan.edges.items() if any(map(lit.has_edge, found)))
        super().__init__(plan, edges, is_lit=lit is not None)
        selected = state.selected_node
        self._selected = plan.index.get(selected) if selected is not None else None

    def is_framed(self, place: int) -> bool:
        item = self.plan.items[place]
        return is_framed(self.state.node(item.node), item.group, self.plan.zoom)

    def find_looks(self, place: int) -> Looks:
        item = self.plan.items[place]
        members = frozenset(item.group.nodes) if item.group is not None else frozenset()
        return looks_of(self.state, self.state.node(item.node), item.group, members)

    def text(self, place: int, looks: Looks, line: int, width: int) -> Row:
        return text_line(self.state, self.plan.items[place], looks, self.plan.zoom, line, width)

    def find_edge_style(self, key: EdgeKey) -> str:
        """Return the style of an edge: dim before it is there, of the gradient's colour once one came back."""
        state, lit, edges = self.state, self.lit, self.plan.edges[key]
        if lit is not None and key not in self._lit_edges:
            return "faint"
        if lit is not None and lit.is_path:
            return "mark"
        style = "lane"
        if min(edge.event for edge in edges) > state.moment:
            return "future"
        if any(state.has_edge_gradient(edge.target, edge.slot) for edge in edges):
            style = "gradient"
        return f"{style} bold" if lit is not None else style

    def finish(self, place: int, row: Row) -> Row:
        item = self.plan.items[place]
        is_selected = place == self._selected
        if self.lit is not None and not is_selected:
            inside = item.group.nodes if item.group is not None else (item.node,)
            if not any(map(self.lit.has_node, inside)):
                row = [(text, "faint" if names != "match" else names) for text, names in row]
            elif self.lit.is_path:
                row = over(row, "mark")
        if is_selected:
            row = over(row, "selected" if self.state.selected is not None else "line")
        return row

    def callout(self) -> tuple[int, str] | None:
        if self._selected is None:
            return None
        item = self.plan.items[self._selected]
        name = group_name(item.group) if item.group is not None else self.state.name_of(item.node)
        return self._selected, f" {name} "
