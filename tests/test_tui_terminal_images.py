"""What terminals answer, and who is not asked at all."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from graphlab.tui import image_screen, messages
from graphlab.tui.app import GraphlabApp
from graphlab.tui.terminal_images import Abilities, read_answer, why_not
from tests import builders
from tests.test_tui_explore import explorer, press, text_of


@pytest.mark.parametrize(
    ("answer", "abilities"),
    [
        (b"\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;c", Abilities("kitty", (9, 18))),
        (b"\x1b[6;18;9t\x1b[?62;4;22c", Abilities("sixel", (9, 18))),
        (b"\x1b_Gi=31;OK\x1b\\\x1b[?65;4;6c", Abilities("sixel", (10, 20))),
        (b"\x1b_Gi=31;ENOTSUPPORTED:no\x1b\\\x1b[?64;14c", Abilities(None, (10, 20))),
        (b"\x1b[6;0;0t\x1b[?4;6c", Abilities(None, (10, 20))),
        (b"q\x1b[?1;2c", Abilities(None, (10, 20))),
        (b"", Abilities(None, (10, 20))),
    ],
)
def test_an_answer_says_protocol_and_cell(answer: bytes, abilities: Abilities) -> None:
    assert read_answer(answer) == abilities


class Stream:
    """Stands for a terminal's stream."""

    def isatty(self) -> bool:
        return True


class App:
    """As much of an app as is asked."""

    is_headless = False
    is_web = False


def test_who_cannot_show_a_picture_is_told_why_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stdin__", Stream())
    monkeypatch.setattr(sys, "__stdout__", Stream())
    app = App()
    assert why_not(cast("Any", app), {}) == ""
    assert why_not(cast("Any", app), {"TMUX": "/tmp/tmux-0/default,1,0"}) == messages.IMAGE_MULTIPLEXER
    assert why_not(cast("Any", app), {"NO_COLOR": "1"}) == messages.IMAGE_NO_COLOUR
    monkeypatch.setattr(app, "is_web", True)
    assert why_not(cast("Any", app), {}) == messages.IMAGE_NO_TERMINAL
    monkeypatch.setattr(app, "is_web", False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert why_not(cast("Any", app), {}) == messages.IMAGE_NO_PACKAGE


async def test_without_a_terminal_the_key_says_so_and_asks_nothing(tmp_path: Path) -> None:
    path = builders.rnn_cell(tmp_path).path
    before = set(sys.modules)
    async with GraphlabApp(path).run_test(size=(160, 40)) as pilot:
        await press(pilot, "i")
        assert messages.IMAGE_NO_TERMINAL in text_of(pilot)
        assert pilot.app.screen is explorer(pilot)
    assert not any(name.startswith("textual_image") for name in set(sys.modules) - before)


async def test_a_terminal_that_knows_no_protocol_gets_one_line_and_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def ask(app: object) -> Abilities:
        asked.append(app)
        return read_answer(b"\x1b[?1;2c")

    monkeypatch.setattr(image_screen, "why_not", lambda _app: "")
    monkeypatch.setattr(image_screen, "ask_terminal", ask)
    async with GraphlabApp(builders.rnn_cell(tmp_path).path).run_test(size=(160, 40)) as pilot:
        for _unused in range(2):
            await press(pilot, "i")
            assert messages.IMAGE_NO_PROTOCOL in text_of(pilot)
            assert pilot.app.screen is explorer(pilot)
    assert len(asked) == 1
