"""Draws the lines of a screen as a self-contained SVG: no font is fetched, and lines meet whatever font there is.

Text stands in a generic monospace font with its length fixed; box drawing and block elements are drawn as shapes,
because a font whose line is not exactly a cell high leaves gaps between them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from rich.cells import cell_len

if TYPE_CHECKING:
    from rich.color import Color
    from rich.style import Style
    from textual.strip import Strip

WIDTH, HEIGHT, SIZE = 8.4, 17.0, 14
_FONTS = "'DejaVu Sans Mono', 'Menlo', 'Consolas', 'Liberation Mono', monospace"
_BASELINE = 12.9
_BLOCKS = {"▁": 1, "▂": 2, "▃": 3, "▄": 4, "▅": 5, "▆": 6, "▇": 7, "█": 8}
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
_COLUMNS = {"▏": 1, "▎": 2, "▍": 3, "▌": 4, "▋": 5, "▊": 6, "▉": 7}


def screen_svg(strips: list[Strip], size: tuple[int, int], foreground: str, background: str) -> str:
    """Return the screen as SVG text."""
    width, height = size[0] * WIDTH, size[1] * HEIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 16:g} {height + 16:g}" '
        f'width="{width + 16:g}" height="{height + 16:g}" font-family="{_FONTS}" font-size="{SIZE}" '
        f'xml:space="preserve">\n<rect width="100%" height="100%" rx="8" fill="{background}"/>\n'
        '<g transform="translate(8 8)">\n'
    )
    parts = [head]
    for row, strip in enumerate(strips):
        parts += _line(strip, row, foreground, background)
    parts.append("</g>\n</svg>\n")
    return "".join(parts)


def _line(strip: Strip, row: int, foreground: str, background: str) -> Iterable[str]:
    y = row * HEIGHT
    cell = 0
    texts = []
    for text, style, control in strip:
        if control:
            continue
        ink, paper = _colours(style, foreground, background)
        size = cell_len(text)
        if paper != background and size:
            place = f'x="{cell * WIDTH:g}" y="{y:g}" width="{size * WIDTH:g}"'
            yield f'<rect {place} height="{HEIGHT:g}" fill="{paper}"/>\n'
        texts += list(_text(text, cell, y, ink, style))
        cell += size
    yield from texts


def _text(text: str, cell: int, y: float, ink: str, style: Style | None) -> Iterable[str]:
    """Draw a piece of text: words as text, everything that must meet its neighbours as shapes."""
    word, start = "", cell
    for sign, run in groupby(text):
        count = len(list(run))
        shape = _shape(sign)
        if shape is None and sign != " ":
            word, start = (word + sign * count, start) if word else (sign * count, cell)
        elif shape is None and word:
            word += " " * count
        else:
            if word:
                yield _word(word, start, y, ink, style)
                word = ""
            if shape:
                # A run of one sign is one shape, drawn as wide as the run: all that repeat are lines and blocks.
                stretch = f" scale({count} 1)" if count > 1 else ""
                place = f'transform="translate({cell * WIDTH:g} {y:g}){stretch}"'
                yield f"<g {place} {_paint(sign, ink)}>{shape}</g>\n"
        cell += cell_len(sign) * count
    if word:
        yield _word(word, start, y, ink, style)


def _word(word: str, cell: int, y: float, ink: str, style: Style | None) -> str:
    word = word.rstrip()
    looks = f'fill="{ink}"'
    if style is not None and style.bold:
        looks += ' font-weight="bold"'
    if style is not None and style.italic:
        looks += ' font-style="italic"'
    if style is not None and style.underline:
        looks += ' text-decoration="underline"'
    length = cell_len(word) * WIDTH
    return (
        f'<text x="{cell * WIDTH:g}" y="{y + _BASELINE:g}" textLength="{length:g}" '
        f'lengthAdjust="spacingAndGlyphs" {looks}>{escape(word)}</text>\n'
    )


def _paint(sign: str, ink: str) -> str:
    if sign in _SHADES:
        return f'fill="{ink}" fill-opacity="{_SHADES[sign]}"'
    if unicodedata.name(sign, "").startswith("BOX"):
        return f'stroke="{ink}" fill="none" stroke-width="1.2"'
    return f'fill="{ink}"'


@lru_cache(512)
def _shape(sign: str) -> str | None:
    """Return the shape of a sign that must fill its cell, or None for ordinary text."""
    if sign in _BLOCKS:
        tall = HEIGHT * _BLOCKS[sign] / 8
        return f'<rect y="{HEIGHT - tall:g}" width="{WIDTH + 0.1:g}" height="{tall + 0.1:g}"/>'
    if sign in _COLUMNS:
        return f'<rect width="{WIDTH * _COLUMNS[sign] / 8:g}" height="{HEIGHT:g}"/>'
    if sign in _SHADES:
        return f'<rect width="{WIDTH:g}" height="{HEIGHT:g}"/>'
    if sign == "▀":
        return f'<rect width="{WIDTH + 0.1:g}" height="{HEIGHT / 2:g}"/>'
    if sign == "▐":
        return f'<rect x="{WIDTH / 2:g}" width="{WIDTH / 2:g}" height="{HEIGHT:g}"/>'
    if "─" <= sign <= "╿":
        return _box(unicodedata.name(sign))
    return None


def _box(name: str) -> str | None:
    """Draw a box drawing character from its Unicode name: `BOX DRAWINGS LIGHT DOWN AND HORIZONTAL`."""
    words = name.removeprefix("BOX DRAWINGS ").split()
    if "DIAGONAL" in words or "DOUBLE" in words:
        return None
    x, y = WIDTH / 2, HEIGHT / 2
    ends = {"UP": (x, 0.0), "DOWN": (x, HEIGHT), "LEFT": (0.0, y), "RIGHT": (WIDTH, y)}
    arms: dict[str, str] = {}
    weight = "LIGHT"
    waiting: list[str] = []
    for word in words:
        if word in {"LIGHT", "HEAVY", "SINGLE"}:
            # `DOWN HEAVY AND RIGHT LIGHT` names the weight after the arm, `HEAVY DOWN` before it.
            arms.update(dict.fromkeys(waiting, word))
            waiting, weight = [], word
        elif word in {"HORIZONTAL", "VERTICAL"}:
            waiting += ["LEFT", "RIGHT"] if word == "HORIZONTAL" else ["UP", "DOWN"]
        elif word in ends:
            waiting.append(word)
    arms.update(dict.fromkeys(waiting, weight))
    if "ARC" in words:
        first, last = (ends[arm] for arm in arms)
        return f'<path d="M{first[0]:g} {first[1]:g}Q{x:g} {y:g} {last[0]:g} {last[1]:g}"/>'
    dash = ' stroke-dasharray="2.2 2"' if "DASH" in words else ""
    lines = []
    for arm, heaviness in arms.items():
        heavy = ' stroke-width="2.6"' if heaviness == "HEAVY" else ""
        lines.append(f'<path d="M{x:g} {y:g}L{ends[arm][0]:g} {ends[arm][1]:g}"{heavy}{dash}/>')
    return "".join(lines)


def _colours(style: Style | None, foreground: str, background: str) -> tuple[str, str]:
    if style is None:
        return foreground, background
    ink = _hex(style.color, foreground)
    paper = _hex(style.bgcolor, background)
    if style.reverse:
        ink, paper = paper, ink
    if style.dim:
        ink = _mix(ink, paper)
    return ink, paper


def _hex(colour: Color | None, default: str) -> str:
    if colour is None or colour.is_default:
        return default
    return colour.get_truecolor().hex


def _mix(first: str, second: str) -> str:
    pairs = zip(*([int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (first, second)), strict=True)
    return "#" + "".join(f"{round(a * 0.6 + b * 0.4):02x}" for a, b in pairs)
