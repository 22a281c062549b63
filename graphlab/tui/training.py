"""The training pane: the loss, and every parameter's value, gradient and update, at the cursor's step and over all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphlab.tui import messages
from graphlab.tui.pane import Pane
from graphlab.tui.rows import Row, row_text
from graphlab.tui.training_view import TrainingView

if TYPE_CHECKING:
    from graphlab.tui.state import ExplorerState

_READ_ON = 0.03
"""Seconds between two instalments of reading, so that keys are answered in between."""


class TrainingPane(Pane):
    """`[ ]` move the step, ↑ ↓ pick a parameter, Enter opens the step, v shows the next view."""

    number = 5
    fills_height = True

    def __init__(self, state: ExplorerState, *, id: str | None = "training", classes: str | None = None) -> None:  # noqa: A002
        super().__init__(state, id=id, classes=classes)
        self.training = TrainingView(state.recording)
        self._built: tuple[tuple[Any, ...], list[Row]] | None = None
        self._is_waiting = False

    def build(self, width: int, height: int) -> Sequence[Row]:
        """Return the rows; while only the moment within the step changes these stay the same."""
        state, training = self.state, self.training
        number = state.step.step if state.step is not None else None
        look = self.look
        key = (
            number, width, height, look, state.tensor_view, state.last, state.recording.is_running,
            training.view, training.measure, training.picked, training.heat.what, training.heat.zoom,
            training.space.shows_surface,
        )  # fmt: skip
        if self._built is not None and self._built[0] == key and training.is_read:
            return self._built[1]
        rows = training.rows(number, width, height, look, state.tensor_view or "heat")
        self._built = (key, rows)
        if not training.is_read and not self._is_waiting:
            self._is_waiting = True
            self.set_timer(_READ_ON, self._read_on)
        return rows

    def _read_on(self) -> None:
        self._is_waiting = False
        self._built = None
        self.refresh_rows()

    @property
    def is_reading(self) -> bool:
        """Whether curves are still being read, in instalments between keys."""
        return self._is_waiting

    def title(self) -> str:
        """Return the title."""
        return messages.TITLES["training"]

    def legend(self) -> str:
        """Return what the keys do here."""
        keys = messages.PAGE_KEYS.get(self.training.view, messages.TRAINING_KEYS)
        following = messages.TRAINING_VIEWS[self.training.next_view]
        wide = f"{keys}  {following}"
        return wide if self.size.width >= len(wide) + 4 else following

    # -- keys ------------------------------------------------------------------------------------------------------

    @property
    def step_number(self) -> int:
        """The cursor's training step."""
        return self.state.step.step if self.state.step is not None else 1

    def select(self, delta: int) -> None:
        """Pick another parameter."""
        self.training.pick(delta, self.step_number)
        self.refresh_rows()

    def page(self, direction: int) -> None:
        """Go over many training steps at once."""
        self._go_to_step(self.step_number + direction * self.training.page_size)

    def sideways(self, direction: int) -> None:
        """Show another measure of the parameters over the steps."""
        self.training.turn_measure(direction)
        self.refresh_rows()

    def nearer(self, direction: int) -> bool:
        """See fewer steps, or more, where the steps are an axis that can be cut."""
        self.training.nearer(direction)
        self.refresh_rows()
        return True

    def enter(self) -> None:
        """Open the step: move the cursor to its first event."""
        if self.state.step is not None:
            leaf = self.training.picked_leaf(self.step_number)
            if leaf is not None:
                self.state.selected = leaf.node
            self.state.go(self.state.step.first)

    def switch_view(self) -> None:
        """Show the next view: curve, logarithmic curve, heat maps, parameter, data, table."""
        self.training.turn_view()
        self.refresh_rows()

    def click(self, x: int, y: int) -> None:
        """Go to the step, or pick the parameter, that stands there."""
        hit = self.training.hit(x, y)
        if hit is None:
            return
        if hit.leaf is not None:
            self.select(hit.leaf - self.training.picked)
        elif hit.step is not None:
            self._go_to_step(hit.step)

    def copy_text(self) -> str:
        """Return what is shown, as lines."""
        return "\n".join(row_text(row).rstrip() for row in self._rows).rstrip()

    def _go_to_step(self, number: int) -> None:
        steps = len(self.state.recording.steps)
        if steps:
            self.state.go_to_step(min(max(number, 1), steps))
