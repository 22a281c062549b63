"""The screen that shows the picture of the graph at a moment, pixel by pixel, in a terminal that can show pictures.

The picture is the one that an export writes. It is drawn once and rasterised anew at each zoom, in the background, so
that its text is sharp; what lies within the screen is cut out of it and handed to textual-image.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from graphlab.errors import GraphlabError
from graphlab.tui import messages
from graphlab.tui.footer import KeyLine
from graphlab.tui.keys import bindings_of
from graphlab.tui.terminal_images import Abilities, ask_terminal, make_widget, why_not

if TYPE_CHECKING:
    from PIL.Image import Image
    from textual.widget import Widget

    from graphlab.tui.explore import ExploreScreen
    from graphlab.tui.state import ExplorerState

SCALES = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Pixels of the screen to a point of the picture."""
_STRIDE = 4
"""A key moves the view by this part of it."""
_MOST_CELLS = 290
"""Kitty's placeholders number rows and columns, and there are 297 numbers."""


def open_image(explorer: ExploreScreen, abilities: Abilities | None) -> Abilities | None:
    """Show the picture of the moment, or say in one line why this terminal does not; return what the terminal can."""
    state = explorer.state
    state.pause()
    reason = why_not(explorer.app)
    if not reason:
        abilities = ask_terminal(explorer.app) if abilities is None else abilities
        reason = messages.IMAGE_NO_PROTOCOL if abilities.protocol is None else ""
    if reason or abilities is None:
        state.tell(messages.IMAGE_NOT_HERE.format(reason=reason))
    else:
        explorer.app.push_screen(ImageScreen(state, abilities))
    return abilities


class ImageScreen(Screen[None]):
    """The picture, larger than the screen or not."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("image")]
    DEFAULT_CSS = """
    ImageScreen { layout: vertical; background: $background; }
    ImageScreen:ansi { background: ansi_default; }
    ImageScreen #image-place { height: 1; color: $foreground; }
    ImageScreen #image-view { height: 1fr; overflow: hidden; }
    ImageScreen #image-view > * { width: 100%; height: 100%; }
    """

    def __init__(self, state: ExplorerState, abilities: Abilities) -> None:
        super().__init__()
        self.state = state
        self.cell = abilities.cell
        self.scale = 0.0
        """Pixels to a point; 0 before the picture is there: then as much as fits, or what can just be read."""
        self.corner = (0, 0)
        """The pixel of the picture that lies at the upper left of the view."""
        self._moment = state.moment
        self._svg = ""
        self._whole: Image | None = None
        self._widget: Any = make_widget(abilities)

    def compose(self) -> ComposeResult:
        """Make the line above, the picture, and the line of keys."""
        yield Static(messages.IMAGE_DRAWING.format(moment=self._moment), id="image-place", markup=False)
        with Container(id="image-view"):
            yield self._widget
        yield KeyLine("image", id="keys")

    def on_mount(self) -> None:
        """Begin to draw."""
        self.query_one(KeyLine).set_class(getattr(self.app, "is_ascii", False), "-ascii")
        self._draw("dark" if self.app.current_theme.dark else "light")

    def on_resize(self) -> None:
        """Cut out again what lies within the screen."""
        self.call_after_refresh(self._show)

    # -- the picture -----------------------------------------------------------------------------------------------

    @work(thread=True, exclusive=True)
    def _draw(self, theme: str) -> None:
        """Draw the graph of the moment, as an export does."""
        from graphlab.recording import open_recording
        from graphlab.renderers import render_bytes

        recording = self.state.recording
        chosen: Any = theme
        try:
            # Another connection: this is a thread, and the explorer goes on asking its own recording.
            own = recording if recording.path is None else open_recording(recording.path)
            try:
                # As in the panes, what is not there yet is dim.
                svg = render_bytes(own.graph(at=self._moment, future=True), "svg", theme=chosen).decode()
            finally:
                if own is not recording:
                    own.close()
        except GraphlabError as error:
            self._tell_later(str(error))
            return
        with contextlib.suppress(RuntimeError):  # the screen is gone
            self.app.call_from_thread(self._take, svg)

    def _take(self, svg: str) -> None:
        from graphlab.renderers.png import size_of

        self._svg = svg
        across, down = self.view_size
        width, height = size_of(svg)
        fitting = min(across / width, down / height)
        self.scale = max((scale for scale in SCALES if scale <= max(fitting, 0.7)), default=SCALES[0])
        self._rasterise(self.scale, (0.5, 0.0))

    @work(thread=True, exclusive=True)
    def _rasterise(self, scale: float, middle: tuple[float, float]) -> None:
        """Make the picture's pixels at a scale; the view lies about the same part of it as before."""
        from PIL import Image

        from graphlab.renderers.png import rasterise

        try:
            whole = Image.open(io.BytesIO(rasterise(self._svg, scale))).convert("RGB")
        except GraphlabError as error:
            self._tell_later(str(error))
            return
        with contextlib.suppress(RuntimeError):  # the screen is gone
            self.app.call_from_thread(self._take_pixels, whole, scale, middle)

    def _tell_later(self, text: str) -> None:
        with contextlib.suppress(RuntimeError):
            self.app.call_from_thread(self.query_one("#image-place", Static).update, text)

    def _take_pixels(self, whole: Image, scale: float, middle: tuple[float, float]) -> None:
        if scale != self.scale:
            return
        self._whole = whole
        across, down = self.view_size
        self._look_at(round(middle[0] * whole.width - across / 2), round(middle[1] * whole.height - down / 2))

    # -- the view --------------------------------------------------------------------------------------------------

    @property
    def view_size(self) -> tuple[int, int]:
        """Width and height of the view in pixels."""
        view: Widget = self.query_one("#image-view")
        columns, rows = (max(min(cells, _MOST_CELLS), 1) for cells in view.size)
        return columns * self.cell[0], rows * self.cell[1]

    def _look_at(self, left: int, top: int) -> None:
        """Move the view, as far as there is a picture."""
        if self._whole is None:
            return
        across, down = self.view_size
        self.corner = (
            max(min(left, self._whole.width - across), 0),
            max(min(top, self._whole.height - down), 0),
        )
        self._show()

    def _show(self) -> None:
        """Cut out what lies within the view; beside a picture that is smaller stands its own background."""
        from PIL import Image

        whole = self._whole
        if whole is None:
            return
        across, down = self.view_size
        left, top = self.corner
        part = whole.crop((left, top, min(left + across, whole.width), min(top + down, whole.height)))
        shown = Image.new("RGB", (across, down), whole.getpixel((0, 0)))
        shown.paste(part, ((across - part.width) // 2, (down - part.height) // 2))
        self._widget.styles.max_width = self._widget.styles.max_height = _MOST_CELLS
        self._widget.image = shown
        self.query_one("#image-place", Static).update(self._place(across, down))

    def _place(self, across: int, down: int) -> str:
        assert self._whole is not None
        return messages.IMAGE_PLACE.format(
            scenario=self.state.recording.facts.scenario or "",
            moment=self._moment,
            zoom=round(100 * self.scale),
            width=min(round(100 * across / self._whole.width), 100),
            height=min(round(100 * down / self._whole.height), 100),
        )

    # -- keys ------------------------------------------------------------------------------------------------------

    def action_pan(self, right: int, down: int) -> None:
        """Move the view by a quarter of it."""
        width, height = self.view_size
        left, top = self.corner
        self._look_at(left + right * width // _STRIDE, top + down * height // _STRIDE)

    def action_page(self, direction: int) -> None:
        """Move the view by nearly the whole of it."""
        self._look_at(self.corner[0], self.corner[1] + direction * self.view_size[1] * 7 // 8)

    def action_edge(self, direction: int) -> None:
        """Go to the upper end of the picture, or to the lower."""
        if self._whole is not None:
            self._look_at(self.corner[0], 0 if direction < 0 else self._whole.height)

    def action_nearer(self, direction: int) -> None:
        """Zoom in or out; what stands in the middle stays there."""
        whole = self._whole
        if whole is None:
            return
        place = SCALES.index(self.scale) + direction
        if 0 <= place < len(SCALES):
            middle = [
                (corner + min(side, all_of_it) / 2) / all_of_it
                for corner, side, all_of_it in zip(self.corner, self.view_size, whole.size, strict=True)
            ]
            self.scale = SCALES[place]
            self._rasterise(self.scale, (middle[0], middle[1]))

    def action_export(self) -> None:
        """Save the picture."""
        from graphlab.tui.export_dialog import ExportDialog

        self.app.push_screen(ExportDialog(self.state))

    def action_help(self) -> None:
        """Show the keys."""
        from graphlab.tui.dialogs import HelpScreen

        self.app.push_screen(HelpScreen("image"))

    def action_leave(self) -> None:
        """Go back to the explorer."""
        self.dismiss()
