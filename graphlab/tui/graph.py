"""The graph pane: as boxes or as lanes, at the moment of the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphlab.tui import messages
from graphlab.tui.box_moves import along, beside
from graphlab.tui.boxes import BoxPicture
from graphlab.tui.camera import Camera
from graphlab.tui.lanes import LaneRows
from graphlab.tui.minimap import lay_over, map_target, minimap
from graphlab.tui.pane import Pane
from graphlab.tui.rows import Row, fit, row_width, wrap
from graphlab.tui.state import EdgeChoice, ExplorerState
from graphlab.tui.wheel import PannedByWheel

if TYPE_CHECKING:
    from graphlab.tui.box_plan import BoxPlan


_LOOK_AGAIN = 0.1
"""Seconds from one look to the next, while it is found beside what belongs together."""


class GraphPane(PannedByWheel, Pane):
    """Pane 2."""

    number = 2
    is_waiting = False
    """Whether boxes were asked for, and will be shown as soon as what belongs together has been found."""

    def __init__(self, state: ExplorerState, view: str = "", *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(state, id=id)
        self.chosen_view = view
        self.camera = Camera()
        self._seen: tuple[BoxPlan, int, tuple[int, int], int | None] | None = None
        """What the camera was made for: boxes and their version, the size of the pane, the node that is looked at."""
        self._map: tuple[int, int, int, int] = (0, 0, 0, 0)
        """Where the map lies in the pane, in cells: left, top, width, height."""

    @property
    def view(self) -> str:
        """`boxes` or `lanes`: what was chosen, else what the room is for; lanes where boxes cannot be read."""
        if self.chosen_view == "lanes" or self.plan is None:
            return "lanes"
        return self.chosen_view or ("boxes" if self.screen.size.width >= 100 else "lanes")

    @property
    def plan(self) -> BoxPlan | None:
        """Where the boxes stand."""
        return self.state.box_book.plan()

    def build(self, width: int, height: int) -> Sequence[Row]:
        plan = self.plan
        if self.state.box_book.take_owed() and not self.is_waiting:
            self.is_waiting = True
            self.set_timer(_LOOK_AGAIN, self._look_again)
        self.fills_height = self.view == "boxes" and plan is not None
        if self.fills_height and plan is not None:
            return self._boxes(plan, width, height)
        table = self.state.lane_book.table()
        if table is None or not len(table):
            return [fit([(f" {line}", "quiet")], width) for line in wrap(messages.NO_GRAPH, width - 2)]
        return LaneRows(self.state, table, width)

    def _look_again(self) -> None:
        """Show what has been found meanwhile."""
        if self.state.box_book.is_grouping:
            self.set_timer(_LOOK_AGAIN, self._look_again)
            return
        self.is_waiting = False
        self.state.changed()

    def _boxes(self, plan: BoxPlan, width: int, height: int) -> list[Row]:
        """Return what of the boxes is in view, and a map over it where there is more."""
        self._follow(plan, width, height)
        rows = BoxPicture(self.state, plan).rows(self.camera, width, height)
        node = self.state.selected_node
        over = minimap(plan, self.camera, (width, height), [node] if node is not None else [])
        wide = row_width(over[0]) if over else 0
        box = plan.box(node)
        # It gives way to the box that is looked at.
        is_top = bool(over) and box is not None and box.y + box.height > self.camera.y + height - len(over)
        is_top = is_top and box is not None and box.x + box.width > self.camera.x + width - wide
        self._map = (width - wide, 0 if is_top else height - len(over), wide, len(over))
        return lay_over(rows, over, width, is_top=is_top)

    def _follow(self, plan: BoxPlan, width: int, height: int) -> None:
        """Move the camera where that is needed: to what was selected, and with what was folded or zoomed."""
        node = self.state.selected_node
        box = plan.box(node)
        version = self.state.box_book.version
        before, self._seen = self._seen, (plan, version, (width, height), node)
        camera = self.camera
        if before is not None and before[0].layout is plan.layout and before[2] == (width, height):
            if box is not None and box != before[0].box(before[3]):
                camera.show(box, width, height)
            return
        anchor = self._anchor(before[0], width, height) if before is not None and before[1] != version else None
        if box is None and before is not None and before[0].direction != plan.direction:
            anchor = None  # turned, and nothing is looked at: the beginning says more than what stood in the middle
        if before is not None and anchor is not None:
            was, now = before[0].box(anchor), plan.box(anchor)
            if was is not None and now is not None:
                camera.keep(was, now)
                return
        camera.reset(plan.layout, width, height, plan.direction)
        if box is not None:
            camera.show(box, width, height)

    def _anchor(self, plan: BoxPlan, width: int, height: int) -> int | None:
        """Return the node that must keep its place: the one that is looked at, else what stands in the middle."""
        node = self.state.selected_node
        box = plan.box(node)
        if box is not None and self.camera.sees(box, width, height):
            return node
        x, y = self.camera.x + width // 2, self.camera.y + height // 2
        boxes = plan.layout.boxes
        nearest = min(
            boxes,
            key=lambda place: (
                abs(boxes[place].x + boxes[place].width // 2 - x)
                + 2 * abs(boxes[place].y + boxes[place].height // 2 - y)
            ),
            default=None,
        )
        return plan.items[nearest].node if nearest is not None else None

    def title(self) -> str:
        said = (self.state.lane_book if self.view == "lanes" else self.state.box_book).title()
        found = self.state.search.say(self.state)
        return " · ".join(
            part for part in (f"{messages.TITLES['graph']}: {messages.VIEWS[self.view]}", said, found) if part
        )

    def legend(self) -> str:
        is_framed = self.view == "boxes" and self.state.box_book.zoom == "full"
        boxes = messages.LEGEND_FOLDED if self.state.box_book.has_folded() else messages.LEGEND_BOXES
        legend = boxes if is_framed else messages.LEGEND_GRAPH
        short = messages.LEGENDS_SHORT["boxes" if is_framed else "lanes"]
        if self.state.gradients.is_under_way:
            legend = messages.LEGEND_BOXES_BACK if is_framed else messages.LEGEND_GRAPH_BACK
            short = messages.LEGENDS_SHORT_BACK
        return legend if len(legend) + 4 < self.size.width else short

    def wanted_row(self) -> int | None:
        node = self.state.selected_node
        table = self.state.lane_book.table()
        return table.row_of(node) if node is not None and table is not None else None

    def _show_wanted_row(self) -> None:
        if self.scroll_x or (self.fills_height and self.scroll_y):
            y = 0 if self.fills_height else None
            self.scroll_to(x=0, y=y, animate=False, immediate=True, force=True)
        super()._show_wanted_row()

    # -- keys ------------------------------------------------------------------------------------------------------

    def select(self, delta: int) -> None:
        plan = self.plan
        if self.view == "boxes" and plan is not None:
            self._move(plan, 1 if delta > 0 else -1, is_along=plan.direction == "down")
            return
        table = self.state.lane_book.table()
        if table is None or not len(table):
            return
        row, last = self.wanted_row(), len(table) - 1
        row = (0 if delta > 0 else last) if row is None else min(max(row + delta, 0), last)
        self.state.choose(table.node_at(row))

    def page(self, direction: int) -> None:
        if self.view == "boxes":
            self._pan(0, direction * max(self.size.height - 2, 1))
        else:
            self.select(direction * max(self.size.height - 1, 1))

    def sideways(self, direction: int) -> None:
        """In the boxes go to the one beside; in the lanes to the next edge into the node, or the node again."""
        plan = self.plan
        node = self.state.selected_node
        if self.view == "boxes" and plan is not None:
            self._move(plan, direction, is_along=plan.direction == "right")
            return
        if node is None:
            return
        edges = self.state.edges_into(node)
        choices: list[int | EdgeChoice] = [node, *(EdgeChoice(node, edge.slot) for edge in edges)]
        index = choices.index(self.state.selected) if self.state.selected in choices else 0
        self.state.choose(choices[(index + direction) % len(choices)])

    def _move(self, plan: BoxPlan, direction: int, *, is_along: bool) -> None:
        """Go along a line, or to the box beside."""
        if is_along:
            end = messages.NO_USER if direction > 0 else messages.NO_INPUT
            self._choose(along(plan, self.state.selected_node, direction), end[plan.direction])
        else:
            self._choose(beside(plan, self.state.selected_node, direction), messages.NOTHING_BESIDE)

    def _choose(self, node: int | None, otherwise: str = "") -> None:
        if node is not None:
            self.state.choose(node)
        elif otherwise:
            self.state.tell(otherwise)

    def pan(self, across: int, down: int) -> None:
        if self.view == "boxes":
            self._pan(across * max(self.size.width // 5, 4), down * max(self.size.height // 5, 2))
        else:
            super().pan(across, down)

    def _pan(self, across: int, down: int) -> None:
        plan = self.plan
        if plan is not None:
            self.camera.pan(across, down, plan.layout, self.size.width, self.size.height)
            self.refresh_rows()

    def enter(self) -> None:
        self.state.enter_node()

    def fold(self) -> None:
        """Fold or unfold the group of what is selected."""
        (self.state.box_book if self.view == "boxes" else self.state.lane_book).fold()

    def fold_all(self) -> None:
        """Fold or unfold all groups."""
        (self.state.box_book if self.view == "boxes" else self.state.lane_book).fold_all()

    def turn(self) -> None:
        """Let the boxes follow one another in the other direction; where lanes are seen, say what turns."""
        if self.view == "boxes":
            self.state.box_book.turn()
        else:
            self.state.tell(messages.ONLY_BOXES_TURN)

    def switch_view(self) -> None:
        is_left = self.view == "boxes" or (self.is_waiting and self.chosen_view == "boxes")
        self.chosen_view = "lanes" if is_left else "boxes"
        self.state.box_book.has_large |= self.chosen_view == "boxes"
        if self.plan is not None or is_left:
            return
        self.state.tell(messages.GROUPING if self.state.box_book.is_grouping else messages.TOO_MANY_BOXES)

    # -- the mouse -------------------------------------------------------------------------------------------------

    def click(self, x: int, y: int) -> None:
        plan = self.plan
        if self.view == "boxes" and plan is not None:
            left, top, wide, high = self._map
            if 0 < x - left < wide - 1 and 0 < y - top < high - 1:
                size = (self.size.width, self.size.height)
                cell = map_target(plan, (wide - 2, high - 2), x - left - 1, y - top - 1)
                self.camera.centre(*cell, plan.layout, *size)
                self.refresh_rows()
                return
            self._choose(plan.box_at(x + self.camera.x, y + self.camera.y))
            return
        table = self.state.lane_book.table()
        if table is not None and 0 <= y < len(table):
            self.state.choose(table.node_at(y))

    def wheel(self, across: int, down: int) -> bool:
        if self.view != "boxes":
            return False
        self._pan(across, down)
        return True

    def copy_text(self) -> str:
        node = self.state.selected_node
        return f"{self.state.name_of(node)}  # {self.state.permalink}" if node is not None else ""
