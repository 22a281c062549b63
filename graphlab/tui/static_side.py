"""One of the two graphs of the static page: as boxes or as rows, as wide as there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graphlab.recorded_words import say_recorded
from graphlab.tui import messages
from graphlab.tui.box_moves import along, beside
from graphlab.tui.camera import Camera
from graphlab.tui.minimap import lay_over, minimap
from graphlab.tui.pane import RowsPane
from graphlab.tui.rows import Row, row_width
from graphlab.tui.static_book import Side, StaticBook
from graphlab.tui.static_boxes import SidePicture
from graphlab.tui.wheel import PannedByWheel

if TYPE_CHECKING:
    from graphlab.tui.box_plan import BoxPlan


class SidePane(PannedByWheel, RowsPane):
    """One of the two graphs."""

    def __init__(
        self,
        book: StaticBook,
        side: Side,
        changed: Callable[[str], None],
        *,
        id: str | None = None,  # noqa: A002 - textual's name
    ) -> None:
        super().__init__(id=id)
        self.book = book
        self.side = side
        self.camera = Camera()
        self._changed = changed
        """Told after a change, with a word for the person or nothing."""
        self._seen: tuple[BoxPlan, tuple[int, int], int | None] | None = None
        """What the camera was made for: the boxes, the size of the pane, the node that is looked at."""

    @property
    def plan(self) -> BoxPlan | None:
        """Where the boxes stand; None where rows are shown."""
        return self.book.plan(self.side) if self.book.shows_boxes(self.size.width) else None

    def build(self, width: int, height: int) -> Sequence[Row]:
        plan = self.plan
        self.fills_height = plan is not None
        if plan is None:
            return self.book.rows_of(self.side, width)
        self._follow(plan, width, height)
        lit = self.book.lit(self.side)
        entries = self.book.drawn(self.side).entries
        picture = SidePicture(plan, entries, lit, is_selected=self.book.side == self.side)
        rows = picture.rows(self.camera, width, height)
        over = minimap(plan, self.camera, (width, height), lit)
        box = plan.box(self.book.node(self.side))
        # It gives way to the box that is looked at.
        is_top = bool(over) and box is not None and box.y + box.height > self.camera.y + height - len(over)
        is_top = is_top and box is not None and box.x + box.width > self.camera.x + width - row_width(over[0])
        return lay_over(rows, over, width, is_top=is_top)

    def _follow(self, plan: BoxPlan, width: int, height: int) -> None:
        """Move the camera to what was selected or lit; where everything is new, to the beginning."""
        node = self.book.node(self.side)
        before, self._seen = self._seen, (plan, (width, height), node)
        is_new = before is None or before[0] is not plan or before[1] != (width, height)
        if is_new:
            self.camera.reset(plan.layout, width, height, plan.direction)
        box = plan.box(node)
        if box is not None and (is_new or before is None or before[2] != node):
            self.camera.show(box, width, height)

    def title(self) -> str:
        if self.side == "dynamic":
            return messages.DYNAMIC_TITLE.format(step=self.book.step)
        graph = self.book.graph
        return f"{self.book.tracer_name} · {say_recorded(graph.target)}" if graph is not None else self.book.tracer_name

    def legend(self) -> str:
        return messages.LEGENDS_STATIC["boxes" if self.plan is not None else "lanes"]

    def wanted_row(self) -> int | None:
        return self.book.row(self.side)

    # -- keys ------------------------------------------------------------------------------------------------------

    def select(self, delta: int) -> None:
        plan = self.plan
        if plan is None:
            self.book.select(self.side, delta)
            self._changed("")
        else:
            self._move(plan, delta, is_along=plan.direction == "down")

    def sideways(self, direction: int) -> None:
        plan = self.plan
        if plan is not None:
            self._move(plan, direction, is_along=plan.direction == "right")

    def _move(self, plan: BoxPlan, direction: int, *, is_along: bool) -> None:
        """Go along a line, or to the box beside."""
        node = self.book.node(self.side)
        found = along(plan, node, direction) if is_along else beside(plan, node, direction)
        if found is not None:
            self.book.choose(self.side, found)
            self._changed("")
        elif is_along:
            self._changed((messages.NO_USER if direction > 0 else messages.NO_INPUT)[plan.direction])
        else:
            self._changed(messages.NOTHING_BESIDE)

    def page(self, direction: int) -> None:
        height = max(self.size.height - 1, 1)
        if self.plan is None:
            self.book.select(self.side, direction * height)
            self._changed("")
        else:
            self._pan(0, direction * height)

    def pan(self, across: int, down: int) -> None:
        self._pan(across * max(self.size.width // 5, 4), down * max(self.size.height // 5, 2))

    def wheel(self, across: int, down: int) -> bool:
        self._pan(across, down)
        return self.plan is not None

    def _pan(self, across: int, down: int) -> None:
        plan = self.plan
        if plan is not None:
            self.camera.pan(across, down, plan.layout, self.size.width, self.size.height)
            self.refresh_rows()

    def click(self, x: int, y: int) -> None:
        plan = self.plan
        order = self.book.drawn(self.side).order
        node = order[y] if plan is None and 0 <= y < len(order) else None
        if plan is not None:
            node = plan.box_at(x + self.camera.x, y + self.camera.y)
        if node is not None:
            self.book.choose(self.side, node)
            self._changed("")
