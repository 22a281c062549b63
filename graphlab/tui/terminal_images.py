"""Whether the terminal can show a picture, by which protocol, and how large a cell of it is in pixels.

A terminal is asked once, and only when somebody wants to see a picture: its answer comes as if it had been typed, so
textual has to let go of the keyboard for that moment. What every terminal answers is asked for last: once that has come
no other answer will, and nothing of it is left to be taken for keys.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graphlab.tui import messages

if TYPE_CHECKING:
    from textual.app import App
    from textual.widget import Widget

QUESTION = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\" + "\x1b[16t" + "\x1b[c"
"""Kitty's protocol with a picture of one pixel; the size of a cell; and what the terminal is, which all answer."""
_PATIENCE = 2.0
"""Seconds: a terminal at the other end of a slow line takes its time."""
_USUAL_CELL = (10, 20)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a terminal said of itself."""

    protocol: Literal["kitty", "sixel"] | None
    cell: tuple[int, int]
    """Width and height of a cell in pixels."""


def read_answer(answer: bytes) -> Abilities:
    """Read what a terminal answered to the question."""
    is_kitty = re.search(rb"\x1b_Gi=31;OK\x1b\\", answer) is not None
    kinds = re.search(rb"\x1b\[\?([\d;]*)c", answer)
    is_sixel = kinds is not None and b"4" in kinds[1].split(b";")[1:]
    size = re.search(rb"\x1b\[6;(\d+);(\d+)t", answer)
    cell = (int(size[2]), int(size[1])) if size is not None else (0, 0)
    # Konsole and WezTerm know kitty's protocol but not the placeholders by which a picture lies in text; they do sixel.
    return Abilities("sixel" if is_sixel else "kitty" if is_kitty else None, cell if all(cell) else _USUAL_CELL)


def why_not(app: App[Any], environment: Mapping[str, str] = os.environ) -> str:
    """Say why no picture can be shown here, as far as that is known without asking the terminal."""
    has_terminal = all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__))
    if app.is_headless or app.is_web or not has_terminal or os.name == "nt":
        return messages.IMAGE_NO_TERMINAL
    if importlib.util.find_spec("textual_image") is None:
        return messages.IMAGE_NO_PACKAGE
    if environment.get("TMUX") or environment.get("STY"):
        return messages.IMAGE_MULTIPLEXER
    if environment.get("NO_COLOR"):
        return messages.IMAGE_NO_COLOUR
    return ""


def ask_terminal(app: App[Any]) -> Abilities:
    """Ask the terminal, while the app lets go of it."""
    with app.suspend():
        return _ask()


def _ask() -> Abilities:
    import termios
    import tty

    assert sys.__stdin__ is not None
    assert sys.__stdout__ is not None
    keyboard = sys.__stdin__.fileno()
    before = termios.tcgetattr(keyboard)
    answer = b""
    try:
        tty.setcbreak(keyboard, termios.TCSANOW)
        sys.__stdout__.write(QUESTION)
        sys.__stdout__.flush()
        end = time.monotonic() + _PATIENCE
        while re.search(rb"\x1b\[\?[\d;]*c", answer) is None and (left := end - time.monotonic()) > 0:
            if select.select([keyboard], [], [], left)[0]:
                answer += os.read(keyboard, 1024)
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)
    return read_answer(answer)


def make_widget(abilities: Abilities) -> Widget:
    """Return a widget of textual-image that shows its `image` by the protocol that the terminal speaks."""
    with _asking_nothing(abilities.cell):
        from textual_image.widget import SixelImage, TGPImage
    return SixelImage() if abilities.protocol == "sixel" else TGPImage()


@contextlib.contextmanager
def _asking_nothing(cell: tuple[int, int]) -> Iterator[None]:
    """Let textual-image be imported without asking the terminal, which has answered: textual reads the keyboard now."""
    kept = sys.__stdout__
    names = {"TEXTUAL_CELL_WIDTH": cell[0], "TEXTUAL_CELL_HEIGHT": cell[1]}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: str(size) for name, size in names.items()})
    sys.__stdout__ = io.StringIO()  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        sys.__stdout__ = kept  # type: ignore[misc]
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
