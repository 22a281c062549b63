"""Rows of text with named styles: what every pane is made of before it is painted.

Panes are pure functions from a state to rows, free of textual, so that tests read them as text; names become colours
only when a row is painted (`theme.Palette`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

Row = list[tuple[str, str]]
"""Pieces of text, each with the names of its styles (`"dim"`, `"heat.7"`, `"op selected"`)."""


def clean(text: str) -> str:
    """Make text safe to paint: tabs become spaces, other control characters a replacement sign."""
    if text.isprintable():
        return text
    text = text.expandtabs(4)
    return "".join(
        sign
        if sign.isprintable()
        else " "
        if sign == "\n" or unicodedata.category(sign) == "Zs"
        else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def row_text(row: Row) -> str:
    """Return a row's text without its styles."""
    return "".join(text for text, _ in row)


def row_width(row: Row) -> int:
    """Return how many cells a row takes."""
    return sum(cell_len(text) for text, _ in row)


def fit(row: Row, width: int, style: str = "", *, start: int = 0, is_picture: bool = False) -> Row:
    """Cut or fill a row to exactly so many cells, from a cell on; what is cut ends in `…`, but for a picture."""
    if not start and _fits(row, width):
        return list(row)
    pieces = [(clean(text), names) for text, names in (_drop(row, start) if start else row) if text]
    fitted: Row = []
    room = width
    for index, (text, names) in enumerate(pieces):
        size = cell_len(text)
        if size > room:
            rest = text[room:] if text.isascii() else text
            has_more = bool(rest.strip()) or any(later.strip() for later, _ in pieces[index + 1 :])
            has_more = has_more and not is_picture
            if room > 0:
                fitted.append((shorten(text, room) if has_more else set_cell_size(text, room), names))
            elif fitted and has_more:
                last, last_names = fitted[-1]
                fitted[-1] = (shorten(last + "…", cell_len(last)), last_names)
            return fitted or [("", style)]
        fitted.append((text, names))
        room -= size
    if room > 0:
        fitted.append((" " * room, style))
    return fitted or [("", style)]


def _fits(row: Row, width: int) -> bool:
    """Whether a row is as it would be after `fit`: who makes it and who paints it both ask."""
    room = width
    for text, _ in row:
        if not text or not text.isprintable():
            return False
        room -= len(text) if text.isascii() else cell_len(text)
    return room == 0 and bool(row)


def _drop(row: Row, cells: int) -> Row:
    """Leave out the first cells of a row; half a wide sign becomes a space."""
    kept: Row = []
    for piece, names in row:
        text = clean(piece)
        size = cell_len(text)
        if cells >= size:
            cells -= size
            continue
        index = 0
        while cells > 0:
            cells -= cell_len(text[index])
            index += 1
        kept.append((" " * -cells + text[index:], names))
        cells = 0
    return kept


def shorten(text: str, width: int) -> str:
    """Cut a text to so many cells at most, ending in `…` where something is missing."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…"


def spread(left: Row, right: Row, width: int, style: str = "") -> Row:
    """Put one row at the left and one at the right edge; the left gives way."""
    needed = row_width(right)
    if needed >= width:
        return fit(right, width, style)
    return fit(left, width - needed, style) + right


def rule(label: str, width: int) -> Row:
    """Return a thin line with a label in it, to part sections of a pane."""
    if not label:
        return fit([("─" * width, "rule")], width)
    head = f"─ {shorten(label, max(width - 4, 1))} "
    return fit([(head, "rule"), ("─" * max(width - cell_len(head), 0), "rule")], width)


def over(row: Row, names: str) -> Row:
    """Lay more style names over a whole row."""
    return [(text, f"{old} {names}" if old else names) for text, old in row]


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most so many cells, between words where that works."""
    lines: list[str] = []
    line = ""
    for word in clean(text).split():
        for part in _chop(word, max(width, 2)):
            joined = f"{line} {part}" if line else part
            if line and cell_len(joined) > width:
                lines.append(line)
                line = part
            else:
                line = joined
    return [*lines, line] if line else lines


def _chop(word: str, width: int) -> list[str]:
    """Cut a word that is longer than a line."""
    parts = [""]
    for sign in word:
        if cell_len(parts[-1] + sign) > width:
            parts.append("")
        parts[-1] += sign
    return parts


def fill(rows: Sequence[Row], width: int, height: int) -> list[Row]:
    """Fit every row to the width and add blank ones up to the height."""
    fitted = [fit(row, width) for row in rows]
    return fitted + [fit([], width) for _ in range(height - len(fitted))]


def join_text(rows: Iterable[Row]) -> str:
    """Return rows as lines of text, for tests and for copying."""
    return "\n".join(row_text(row).rstrip() for row in rows)


_ASCII = str.maketrans(
    {
        **dict.fromkeys("─╌╍┄┅┈┉╴╶╸╺╼╾", "-"),
        **dict.fromkeys("━═", "="),
        **dict.fromkeys("│┃╎╏┆┇┊┋║╵╷╹╻╽╿▏▕", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛┣┫┳┻╋┝┥┯┷┿╔╗╚╝╠╣╦╩╬┍┑┕┙┎┒┖┚┞┟┠┡┢┦┧┨┩┪┭┮┰┱┲┵┶┸┹┺┽┾╀╁╂", "+"),
        **dict.fromkeys("╃╄╅╆╇╈╉╊╟╢╤╧", "+"),
        **dict.fromkeys("·•⋅◌˙…⋯", "."),
        **dict.fromkeys("●◆■", "*"),
        **dict.fromkeys("○◇□", "o"),
        "◐": "c",
        "◉": "@", "▷": ">", "▶": "}", "◀": "<", "◁": "{", "✓": "v", "✗": "x", "✕": "x", "±": "~", "∇": "^", "∂": "d",
        "‖": "|", "→": ">", "←": "<", "↑": "^", "↓": "v", "▲": "^", "▼": "v", "▸": ">", "▾": "v", "−": "-", "×": "x",
        "␣": "_", "█": "#", "▓": "%", "▒": "=", "░": "-", "▀": "#", "▄": "#", "▁": "_", "▂": "_", "▃": "=", "▅": "=",
        "▆": "%", "▇": "#", "▌": "|", "▐": "|", "∑": "S", "Σ": "S", "Δ": "D", "√": "V", "≤": "<", "≥": ">", "≈": "~",
        "∞": "8", "“": '"', "”": '"', "’": "'", "–": "-", "—": "-", "²": "2", "³": "3", "½": "h", "⟲": "@",
        "⏵": ">", "⏸": "|",
    }
)  # fmt: skip


def to_ascii(text: str) -> str:
    """Write a text with ASCII signs of the same width."""
    if text.isascii():
        return text
    text = "".join(" .:#"[min((ord(sign) - 0x2800).bit_count(), 3)] if "⠀" <= sign <= "⣿" else sign for sign in text)
    text = text.translate(_ASCII)
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    if len(plain) == cell_len(text) and plain.isascii():
        return plain
    return "".join(sign if sign.isascii() else "?" * cell_len(sign) for sign in text)
