"""The shipped fonts and the widths of their glyphs, so that a box is as wide as the text that it holds.

The widths are read from the very files that png export hands to its rasteriser: the tables `cmap` (which glyph a
character has) and `hmtx` (how far a glyph advances) are a few kilobytes of big-endian numbers, so a reader of our own
is shorter than a dependency on fontTools.
"""

from __future__ import annotations

import struct
import unicodedata
from functools import cache
from pathlib import Path
from typing import Literal

Face = Literal["sans", "bold", "mono"]

FOLDER = Path(__file__).resolve().parent.parent / "fonts"
FILES: dict[Face, str] = {"sans": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf", "mono": "DejaVuSansMono.ttf"}
SANS_FAMILY = "DejaVu Sans"
MONO_FAMILY = "DejaVu Sans Mono"


def font_paths() -> list[str]:
    """Return the paths of the shipped font files."""
    return [str(FOLDER / name) for name in FILES.values()]


def measure(text: str, size: float, face: Face = "sans") -> float:
    """Return the width of a line of text, in the unit of `size`."""
    widths = _advances(face)
    return sum(widths.of(character) for character in text) * size / widths.units


def shorten(text: str, width: float, size: float, face: Face = "sans") -> str:
    """Return the text, cut and ended with an ellipsis where it is wider than `width`."""
    if measure(text, size, face) <= width:
        return text
    room = width - measure("…", size, face)
    kept = []
    for character in text:
        room -= measure(character, size, face)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def wrap(text: str, width: float, size: float, face: Face = "sans") -> list[str]:
    """Return the text as lines no wider than `width`; a word too long for a line is cut."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        candidate = f"{line} {word}" if line else word
        if measure(candidate, size, face) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        line = shorten(word, width, size, face)
    return [*lines, line] if line else lines


class Advances:
    """How far each character of one font advances, in the font's own units."""

    def __init__(self, data: bytes) -> None:
        tables = _tables(data)
        self.units: int = struct.unpack_from(">H", data, tables["head"] + 18)[0]
        (measured,) = struct.unpack_from(">H", data, tables["hhea"] + 34)
        pairs: tuple[int, ...] = struct.unpack_from(f">{measured * 2}H", data, tables["hmtx"])
        self._of_glyph = pairs[::2]
        self._glyph_of = _glyphs(data, tables["cmap"])
        self._known: dict[str, int] = {}

    def of(self, character: str) -> int:
        """Return the advance of a character; one that the font lacks counts as a viewer's own font would draw it."""
        known = self._known.get(character)
        if known is None:
            known = self._known[character] = self._look_up(character)
        return known

    def _look_up(self, character: str) -> int:
        glyph = self._glyph_of.get(ord(character))
        if glyph is not None:
            # Glyphs beyond the table share its last advance.
            return self._of_glyph[min(glyph, len(self._of_glyph) - 1)]
        if unicodedata.combining(character):
            return 0
        is_wide = unicodedata.east_asian_width(character) in {"W", "F"}
        return self.units if is_wide else self._of_glyph[0]


@cache
def _advances(face: Face) -> Advances:
    return Advances((FOLDER / FILES[face]).read_bytes())


def _tables(data: bytes) -> dict[str, int]:
    """Return where each table of a TrueType file begins."""
    (count,) = struct.unpack_from(">H", data, 4)
    entries = (struct.unpack_from(">4sLLL", data, 12 + 16 * index) for index in range(count))
    return {tag.decode("ascii"): offset for tag, _, offset, _ in entries}


def _glyphs(data: bytes, cmap: int) -> dict[int, int]:
    """Return the glyph of every code point, from the format 12 table that DejaVu carries for Unicode."""
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    for index in range(count):
        platform, encoding, offset = struct.unpack_from(">HHL", data, cmap + 4 + 8 * index)
        start = cmap + offset
        (form,) = struct.unpack_from(">H", data, start)
        if (platform, encoding, form) != (3, 10, 12):
            continue
        (groups,) = struct.unpack_from(">L", data, start + 12)
        glyphs: dict[int, int] = {}
        for group in range(groups):
            first, last, glyph = struct.unpack_from(">LLL", data, start + 16 + 12 * group)
            glyphs.update(zip(range(first, last + 1), range(glyph, glyph + last - first + 1), strict=True))
        return glyphs
    raise ValueError("the font has no Unicode table of format 12")
