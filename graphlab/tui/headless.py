"""Runs the explorer without a terminal: keys in, a picture or the text of the screen out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlab.errors import RecordingError, UsageError
from graphlab.language import _
from graphlab.recording import open_recording
from graphlab.tui.app import GraphlabApp
from graphlab.tui.graph import GraphPane
from graphlab.tui.keys import is_key, key_name
from graphlab.tui.static_screen import StaticScreen
from graphlab.tui.theme import DARK
from graphlab.tui.training import TrainingPane

if TYPE_CHECKING:
    from textual.strip import Strip


def press(
    recording: Path, keys: str, *, at: int | None, size: tuple[int, int], screenshot: Path, is_ascii: bool
) -> None:
    """Press keys and write the picture."""
    if screenshot.suffix not in {".svg", ".txt"}:
        raise UsageError(
            _("a screenshot ends in .svg or .txt, not {ending!r}").format(ending=screenshot.suffix or "nothing")
        )
    words = keys.split()
    for word in words:
        if not is_key(key_name(word)):
            raise UsageError(
                _("--press takes keys such as right, ], enter, shift+left or f1: there is none called {word!r}").format(
                    word=word
                )
            )
    open_recording(recording).close()
    strips, colours = asyncio.run(_press(recording, words, at=at, size=size, is_ascii=is_ascii))
    if screenshot.suffix == ".txt":
        text = screen_text(strips)
    else:
        from graphlab.tui.picture import screen_svg

        text = screen_svg(strips, size, *colours)
    try:
        screenshot.parent.mkdir(parents=True, exist_ok=True)
        screenshot.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecordingError(
            _("cannot write {screenshot}: {reason}").format(screenshot=screenshot, reason=error.strerror or error)
        ) from error


async def _press(
    recording: Path, keys: list[str], *, at: int | None, size: tuple[int, int], is_ascii: bool
) -> tuple[list[Strip], tuple[str, str]]:
    # Not what the environment of whoever runs this says of colours: the same keys give the same picture.
    app = GraphlabApp(recording, at=at, is_ascii=is_ascii, theme=DARK)
    async with app.run_test(size=size) as pilot:
        await _settle(pilot)
        for key in keys:
            await pilot.press(key_name(key))
            await pilot.pause()
            # The next key is meant for the graphs, not for their absence.
            if isinstance(app.screen, StaticScreen) or _is_grouping(app):
                await _settle(pilot)
        await _settle(pilot)
        strips = screen_strips(app)
        theme = app.current_theme
        return strips, (theme.foreground or "#ffffff", theme.background or "#000000")


async def _settle(pilot: Any) -> None:
    """Wait until nothing is under way: screens mounted, panes painted, what is read in the background read."""
    for _unused in range(3):
        await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    while any(pane.is_reading for pane in pilot.app.screen.query(TrainingPane) if pane.display):
        await pilot.pause(0.02)
    while _is_grouping(pilot.app):
        await pilot.pause(0.02)
    await pilot.pause(0.05)


def _is_grouping(app: GraphlabApp) -> bool:
    return any(pane.is_waiting for pane in app.screen.query(GraphPane) if pane.display)


def screen_strips(app: GraphlabApp) -> list[Strip]:
    """Return the lines of the screen as they are painted, dialogs over what lies below."""
    return app.screen._compositor.render_strips()


def screen_text(strips: list[Strip]) -> str:
    """Return the lines of the screen as text."""
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"
