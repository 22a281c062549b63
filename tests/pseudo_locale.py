"""Shows what graphlab says, in a language that no text is written in: every letter of a translated text is Cyrillic.

Run in a process of its own: `python -m tests.pseudo_locale RECORDING KEYS`. It writes each surface under a heading; a
Latin letter in it is data (a name, an op), a code word, or a text that nobody gave to the catalogs.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import sys
from pathlib import Path

from graphlab import language

_LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CYRILLIC = "абцдефгхийклмнопярстувшхузАБЦДЕФГХИЙКЛМНОПЯРСТУВШХУЗ"
_TABLE = str.maketrans(_LATIN, _CYRILLIC)
_KEPT = re.compile(r"(\{[^{}]*\}|%\(\w+\)\w|`[^`]*`|--[a-z-]+)")
"""Where values come in, and what is the same in every language."""


def translate(text: str) -> str:
    """Write a text in the letters of no translation."""
    return "".join(part if number % 2 else part.translate(_TABLE) for number, part in enumerate(_KEPT.split(text)))


def speak() -> None:
    """Let every text come out so; before any module is imported that has one."""
    language.choose("es")

    def ngettext(one: str, many: str, count: int) -> str:
        return translate(one if count == 1 else many)

    changed = {"_translate": lambda domain, text: translate(text), "ngettext": ngettext}
    vars(language).update(changed)


def show(heading: str, text: str) -> None:
    """Write a surface."""
    sys.stdout.write(f"\f{heading}\n{text}\n")


def command(*words: str) -> None:
    """Run a command, and print what it says."""
    from graphlab.cli.entry import main

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        main(list(words))
    show("graphlab " + " ".join(words), said.getvalue())


async def walk(recording: Path, keys: str, size: tuple[int, int]) -> None:
    """Press keys in the explorer; after each `!` the screen is printed."""
    from graphlab.tui.app import GraphlabApp
    from graphlab.tui.headless import _settle, screen_strips, screen_text
    from graphlab.tui.keys import key_name

    app = GraphlabApp(recording)
    async with app.run_test(size=size) as pilot:
        await _settle(pilot)
        done = ""
        for key in keys.split():
            if key == "!":
                await _settle(pilot)
                show(f"keys{done}", screen_text(screen_strips(app)))
                continue
            done += f" {key}"
            await pilot.press(key_name(key))
            await pilot.pause()


def main(recording: Path, keys: str) -> None:
    """Show the helps, what commands say, and the screens that the keys lead to."""
    from graphlab.cli.parser import COMMANDS

    command("--help")
    for name in COMMANDS:
        command(name, "--help")
    command("list")
    command("doctor")
    for words in ([], ["--plain"]):
        command("show", str(recording), *words)
    command("check", str(recording))
    command("diff", str(recording), str(recording), "--step", "1", "--step", "2")
    for mistaken in (["run"], ["explore"], ["list", "--bad"], ["run", str(recording)], ["show", "none"]):
        command(*mistaken)
    asyncio.run(walk(recording, keys, (100, 40)))


if __name__ == "__main__":
    speak()
    main(Path(sys.argv[1]), sys.argv[2])
