"""Colours and what they mean: one scale for kinds of node, another for the size of gradients, in light and in dark.

Gradients run from blue (vanishing) over grey (about 1) to orange (exploding), one step a decade: ColorBrewer's blues
and oranges, which stay apart for the colour-blind and, with the numbers beside them, in black and white. Kinds of
node use neither hue, and differ in outline too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Ink:
    """How one kind of node is painted."""

    fill: str
    border: str
    text: str
    muted: str


@dataclass(frozen=True, slots=True)
class Theme:
    """Every colour of a picture."""

    background: str
    text: str
    muted: str
    faint: str
    line: str
    halo: str
    """Behind the node that just ran."""
    kinds: Mapping[str, Ink]
    chips: tuple[str, ...]
    """Fills for gradients from 1e-5 to 1e5, one a decade."""
    lines: tuple[str, ...]
    """The same for lines, which must be seen on the background."""
    alarm: str
    """NaN and infinity: this on the text's colour."""
    marks: Mapping[str, str]
    """What differs between two graphs, beside a sign and a border of its own."""


LIGHT = Theme(
    background="#ffffff",
    text="#1b1f24",
    muted="#59626e",
    faint="#cfd5dc",
    line="#87909d",
    halo="#ffd84d",
    kinds={
        "op": Ink("#f2f5f9", "#56657b", "#1b1f24", "#59626e"),
        "parameter": Ink("#f1e6f8", "#7a3e9d", "#2a1338", "#5f4470"),
        "leaf": Ink("#dff3ea", "#0b7f5d", "#0c2f24", "#37604f"),
        "data": Ink("#f6f2e8", "#857550", "#2e2818", "#6a5f45"),
        "output": Ink("#28313d", "#28313d", "#ffffff", "#c3ccd6"),
        "group": Ink("#e6ebf2", "#3f4d61", "#1b1f24", "#59626e"),
    },
    chips=(
        "#08519c",
        "#2171b5",
        "#4292c6",
        "#9ecae1",
        "#d3e5f2",
        "#dcdfe4",
        "#fde3c8",
        "#fdbe85",
        "#fd8d3c",
        "#d95f0e",
        "#993404",
    ),
    lines=(
        "#08519c",
        "#2171b5",
        "#4292c6",
        "#6aaad6",
        "#86a9c4",
        "#87909d",
        "#c4a27c",
        "#eda04e",
        "#e6761b",
        "#c9540a",
        "#993404",
    ),
    alarm="#ffe34d",
    marks={"added": "#0060b8", "removed": "#b8410a", "changed": "#6f5a00", "renamed": "#59626e"},
)

DARK = Theme(
    background="#14181d",
    text="#e9edf2",
    muted="#a0abb8",
    faint="#3b444f",
    line="#7d8896",
    halo="#c79a10",
    kinds={
        "op": Ink("#232b35", "#8b9ab0", "#eef2f6", "#a9b4c1"),
        "parameter": Ink("#38244a", "#c592ea", "#f6ecfd", "#cbb0dd"),
        "leaf": Ink("#123a2f", "#4dc89d", "#e6fbf2", "#9fcdbb"),
        "data": Ink("#37322a", "#c2ab7b", "#f8f3e6", "#c9bc9d"),
        "output": Ink("#e9edf2", "#e9edf2", "#14181d", "#4b5663"),
        "group": Ink("#2d3743", "#aab8cb", "#eef2f6", "#a9b4c1"),
    },
    chips=(
        "#9fd3ff",
        "#63b0ee",
        "#3d8ccb",
        "#2f6896",
        "#2f4c66",
        "#424a54",
        "#664d33",
        "#94622b",
        "#c77a2b",
        "#f09a44",
        "#ffc98f",
    ),
    lines=(
        "#9fd3ff",
        "#63b0ee",
        "#4a97d3",
        "#4a86b4",
        "#5f8099",
        "#7d8896",
        "#98806a",
        "#b87f45",
        "#d68834",
        "#f09a44",
        "#ffc98f",
    ),
    alarm="#ffe34d",
    marks={"added": "#6db8ff", "removed": "#ff9a5c", "changed": "#e5c94a", "renamed": "#a0abb8"},
)

THEMES: Mapping[str, Theme] = {"light": LIGHT, "dark": DARK}


def readable_on(fill: str) -> str:
    """Return black or white, whichever is read more easily on a colour."""
    red, green, blue = (int(fill[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#14181d" if (luminance + 0.05) / 0.058 > 1.05 / (luminance + 0.05) else "#ffffff"
