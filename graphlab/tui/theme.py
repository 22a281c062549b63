"""Themes, and what the names of styles in rows look like in each.

The only place with colours. No signal rests on red against green, and none on colour alone: every one has a sign too.
A theme has 11 levels of heat, blue below zero and orange above; terminals with 16 colours or none show signs instead.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style

if TYPE_CHECKING:
    from textual.theme import Theme

HEAT_LEVELS = 11
DARK, LIGHT, SAFE, TERMINAL = "graphlab-dark", "graphlab-light", "graphlab-safe", "ansi-dark"
THEME_NAMES = (DARK, LIGHT, SAFE, TERMINAL)


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours that a theme is made of."""

    background: str
    surface: str
    raised: str
    """Behind the current line."""
    chosen: str
    """Behind what is selected."""
    text: str
    quiet: str
    faint: str
    blue: str
    orange: str
    teal: str
    violet: str
    yellow: str
    alarm: str
    heat: tuple[str, str, str]
    """Most negative, zero, most positive."""


_COLOURS = {
    DARK: Colours(
        "#12151c", "#171b24", "#232b3b", "#2e4468", "#dde2ea", "#98a2b3", "#5c6675",
        "#6cb4ff", "#ffa657", "#5fd0c5", "#c8a6ff", "#ffd866", "#ff7a93",
        ("#3d9bff", "#262b36", "#ff9a3c"),
    ),
    LIGHT: Colours(
        "#fbfaf7", "#f3f1ec", "#e6ebf4", "#c9dcf7", "#20252d", "#59626f", "#98a0ab",
        "#0a5cc2", "#a84b00", "#006e66", "#6a35b5", "#805f00", "#b3123c",
        ("#0a5cc2", "#e8e5de", "#c25a00"),
    ),
    # The palette of Okabe and Ito, made for eyes that do not part red from green.
    SAFE: Colours(
        "#000000", "#0c0c0c", "#1c2630", "#00405e", "#ffffff", "#b4b4b4", "#777777",
        "#56b4e9", "#e69f00", "#00c795", "#cc79a7", "#f0e442", "#ff8a3d",
        ("#2fa4e7", "#222222", "#f0a30a"),
    ),
}  # fmt: skip


def _blend(first: str, second: str, share: float) -> str:
    pairs = zip(*([int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (first, second)), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def heat_colours(theme: str) -> list[str]:
    """Return the 11 colours of a theme, from most negative to most positive."""
    low, middle, high = _COLOURS[theme].heat
    half = HEAT_LEVELS // 2
    down = [_blend(low, middle, index / half) for index in range(half)]
    return [*down, middle, *(_blend(middle, high, index / half) for index in range(1, half + 1))]


def _full_styles(theme: str) -> dict[str, str]:
    c = _COLOURS[theme]
    styles = {
        "text": c.text, "dim": c.quiet, "quiet": c.quiet, "faint": c.faint, "bold": "bold",
        "title": f"bold {c.text}",
        "heading": f"bold {c.blue}", "rule": c.faint, "number": c.text, "unit": c.quiet,
        "future": c.faint, "narration": f"italic {c.yellow}", "shapes": c.teal,
        "ran": f"bold {c.orange}", "coming": f"bold {c.blue}", "differentiated": f"bold {c.violet}",
        "line": f"on {c.raised}", "selected": f"on {c.chosen}", "match": f"{c.background} on {c.yellow}",
        "made": f"bold {c.orange}", "changed": f"bold {c.orange}", "gradient": c.violet, "mark": f"bold {c.yellow}",
        "alarm": f"bold {c.alarm}", "nan": f"bold {c.background} on {c.alarm}",
        "badge": f"bold {c.background} on {c.yellow}", "good": c.teal,
        "op": c.blue, "parameter": c.orange, "leaf": c.orange, "data": c.teal, "output": f"bold {c.violet}",
        "setup": c.quiet, "forward": c.blue, "backward": c.violet, "update": c.orange,
        "onsetup": f"{c.background} on {c.quiet}", "onforward": f"{c.background} on {c.blue}",
        "onbackward": f"{c.background} on {c.violet}", "onupdate": f"{c.background} on {c.orange}",
        "key": f"bold {c.orange}", "label": c.quiet, "chapter": f"bold {c.teal}", "curve": c.blue, "axis": c.faint,
        "cursor": f"bold {c.orange}", "lane": c.quiet,
        "code.keyword": c.violet, "code.string": c.teal, "code.comment": f"italic {c.quiet}", "code.number": c.orange,
        "code.name": c.text, "code.function": c.blue, "code.builtin": c.blue, "code.operator": c.quiet,
    }  # fmt: skip
    for level, colour in enumerate(heat_colours(theme)):
        styles[f"heat.{level}"] = colour
        styles[f"onheat.{level}"] = f"on {colour}"
    return styles


def _terminal_styles(*, has_colour: bool) -> dict[str, str]:
    """Return styles for the terminal's own 16 colours, or for none: then attributes alone."""
    names = _full_styles(DARK)
    colours = {
        "heading": "blue", "shapes": "cyan", "narration": "yellow", "ran": "yellow", "coming": "bright_blue",
        "differentiated": "magenta", "made": "yellow", "changed": "yellow", "gradient": "magenta", "mark": "yellow",
        "alarm": "bright_red", "op": "bright_blue", "parameter": "yellow", "leaf": "yellow", "data": "cyan",
        "output": "magenta", "forward": "bright_blue", "backward": "magenta", "update": "yellow", "key": "yellow",
        "chapter": "cyan", "curve": "bright_blue", "cursor": "yellow", "good": "cyan", "code.keyword": "magenta",
        "code.string": "cyan", "code.number": "yellow", "code.function": "bright_blue", "code.builtin": "bright_blue",
    }  # fmt: skip
    attributes = {
        "bold": "bold", "title": "bold", "heading": "bold", "ran": "bold", "coming": "bold", "differentiated": "bold",
        "made": "bold", "changed": "bold", "alarm": "bold", "output": "bold", "chapter": "bold", "key": "bold",
        "mark": "bold underline", "cursor": "bold", "narration": "italic", "code.comment": "italic",
        "faint": "dim", "future": "dim", "rule": "dim", "axis": "dim",
        "nan": "bold reverse", "selected": "reverse", "match": "reverse", "badge": "reverse bold", "line": "bold",
        "onsetup": "reverse dim", "onforward": "reverse", "onbackward": "reverse", "onupdate": "reverse bold",
    }  # fmt: skip
    styles = {}
    for name in names:
        parts = [attributes.get(name, "")]
        if has_colour:
            parts.append(colours.get(name, ""))
        styles[name] = " ".join(part for part in parts if part)
    return styles


STYLE_NAMES = frozenset(_full_styles(DARK))


@dataclass(frozen=True)
class Look:
    """What rows must know of how they will be painted."""

    has_heat: bool = True
    """Whether the heat colours can be told apart; else signs stand for values."""
    is_ascii: bool = False


class Palette:
    """Turns the names of styles into rich styles, for one theme."""

    def __init__(self, theme: str = DARK, *, has_colour: bool = True) -> None:
        self.theme = theme
        self.has_heat = theme in _COLOURS and has_colour
        specs = _full_styles(theme) if self.has_heat else _terminal_styles(has_colour=has_colour)
        self._styles = {name: Style.parse(spec) if spec else Style() for name, spec in specs.items()}
        self._styles[""] = Style()
        self.style = lru_cache(4096)(self._style)

    def _style(self, names: str, base: Style) -> Style:
        for name in names.split():
            base += self._styles[name]
        return base


@lru_cache(16)
def palette_of(theme: str, *, has_colour: bool = True) -> Palette:
    """Return the palette of a theme; of an unknown one (a user's own) the terminal's."""
    return Palette(theme, has_colour=has_colour)


def first_theme(saved: str | None = None) -> str:
    """Choose the theme to start in: the terminal's own under NO_COLOR or with 16 colours, else the one used last."""
    if "NO_COLOR" in os.environ or not has_many_colours():
        return TERMINAL
    return saved if saved in THEME_NAMES else DARK


def has_many_colours() -> bool:
    """Whether the terminal shows at least 256 colours, as far as its environment says."""
    term = os.environ.get("TERM", "")
    if "TEXTUAL_DRIVER" in os.environ:  # a page in a browser, whatever the server was started in
        return True
    if os.environ.get("COLORTERM", "") in {"truecolor", "24bit"} or os.name == "nt":
        return True
    return (
        "256" in term or "direct" in term or term not in {"linux", "xterm", "screen", "ansi", "vt100", "vt220", "dumb"}
    )


def make_themes() -> list[Theme]:
    """Return our themes, for textual."""
    from textual.theme import Theme

    themes = []
    for name, c in _COLOURS.items():
        variables = {
            "border": c.faint, "border-blurred": c.faint, "block-cursor-background": c.chosen,
            "block-cursor-foreground": c.text, "block-cursor-text-style": "bold",
            "footer-background": c.surface, "footer-key-foreground": c.orange,
            "footer-description-foreground": c.quiet, "input-selection-background": c.chosen,
            "scrollbar": c.faint, "scrollbar-background": c.background, "scrollbar-hover": c.quiet,
            "scrollbar-active": c.blue, "scrollbar-corner-color": c.background,
            "quiet": c.quiet, "faint": c.faint,
        }  # fmt: skip
        themes.append(
            Theme(
                name=name,
                primary=c.blue,
                secondary=c.teal,
                accent=c.orange,
                warning=c.yellow,
                error=c.alarm,
                success=c.teal,
                foreground=c.text,
                background=c.background,
                surface=c.surface,
                panel=c.raised,
                dark=name != LIGHT,
                variables=variables,
            )
        )
    return themes
