"""`i`: the picture of the graph in terminals that show pictures, and one line in those that do not."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image

from tests import builders
from tests.fake_terminal import CELL, KITTY, SIXEL, FakeTerminal

COLUMNS, ROWS = 100, 30
Start = Callable[[Mapping[bytes, bytes]], FakeTerminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start an explorer on the RNN cell, at its end, in a terminal of our own."""
    path = builders.rnn_cell(tmp_path).path
    started: list[FakeTerminal] = []

    def begin(answers: Mapping[bytes, bytes]) -> FakeTerminal:
        terminal = FakeTerminal(tmp_path, ["explore", str(path)], answers, (COLUMNS, ROWS))
        started.append(terminal)
        terminal.wait_for(b"rnn_cell", b"Quit")
        terminal.type("i")
        return terminal

    yield begin
    for terminal in started:
        terminal.close()


def kitty_pictures(written: bytes) -> list[Image.Image]:
    """Return the pictures that were sent by kitty's protocol."""
    pictures, data = [], b""
    for controls, payload in re.findall(rb"\x1b_G([^;\x1b]*f=100[^;\x1b]*);([^\x1b]*)\x1b\\", written):
        data += payload
        if b"m=0" in controls:
            pictures.append(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
            data = b""
    return pictures


def test_a_terminal_of_kittys_protocol_gets_the_picture_as_large_as_its_screen_and_moves_it(start: Start) -> None:
    terminal = start(KITTY)
    written = terminal.wait_for(b"m=0", b"\x1b_Ga=p", "\U0010eeee".encode())
    picture = kitty_pictures(written)[-1]
    assert picture.size == (COLUMNS * CELL[0], (ROWS - 2) * CELL[1])
    colours = picture.getcolors(1 << 20)
    assert colours is not None and len(colours) > 50
    assert max(colours)[1] == picture.getpixel((0, 0)), "the page's own background"

    place = len(terminal.written)
    terminal.type("+")
    nearer = kitty_pictures(terminal.wait_for(b"m=0", b"\x1b_Ga=p", since=place))[-1]
    place = len(terminal.written)
    terminal.type("j")
    moved = kitty_pictures(terminal.wait_for(b"m=0", b"\x1b_Ga=p", since=place))[-1]
    width, height = nearer.size
    by = height // 4
    assert moved.crop((0, 0, width, height - by)).tobytes() == nearer.crop((0, by, width, height)).tobytes()

    place = len(terminal.written)
    terminal.type("\x1b")
    terminal.wait_for(b"Quit", since=place)
    assert terminal.leave() == 0


@pytest.mark.slow
def test_a_terminal_of_sixels_gets_sixels(start: Start) -> None:
    terminal = start(SIXEL)
    written = terminal.wait_for(b"\x1bP", b"\x1b\\")
    sizes = re.findall(rb'"1;1;(\d+);(\d+)', written)
    assert sizes and (int(sizes[-1][0]), int(sizes[-1][1])) == (COLUMNS * CELL[0], (ROWS - 2) * CELL[1])
    assert terminal.leave() == 0
