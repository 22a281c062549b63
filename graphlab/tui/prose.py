"""A scenario's description as rows: the Markdown that authors write, without a widget, so that it fits a narrow pane.

Separate from the inspector, which only says where it stands: prose is broken between words, a list keeps its items, a
table its columns (the widest of them gives way), and a formula its line.
"""

from __future__ import annotations

import re

from rich.cells import cell_len

from graphlab.tui.rows import Row, fit, wrap

_EMPHASIS = re.compile(r"`|\*\*|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)")
"""Markdown's signs of emphasis, which say nothing here; a product keeps its `*`."""
_ITEM = re.compile(r"([-*+]|\d+[.)]) +")
_DASHES = re.compile(r"\|[\s:|-]+\|?")
_GAP = 2
_NARROWEST = 6
"""A column is not made narrower than this, so that words stay words."""


def prose_rows(text: str, width: int) -> list[Row]:
    """Return the rows of a Markdown text, an empty one after each paragraph."""
    rows: list[Row] = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        if paragraph.startswith("    "):
            rows += [row for line in lines for row in _formula(line, width)]
        elif paragraph.startswith("|"):
            rows += _table(lines, width)
        elif _ITEM.match(paragraph):
            rows += _items(lines, width)
        else:
            rows += _prose(paragraph, width)
        rows.append([])
    return rows


def sentence(text: str) -> str:
    """Return what is told beside the code without the signs around code words: all else in it may be a formula."""
    return text.replace("`", "")


def plain(text: str) -> str:
    """Return a text without the signs of emphasis."""
    return _EMPHASIS.sub("", text)


def _prose(text: str, width: int) -> list[Row]:
    return [[(line, "text")] for line in wrap(plain(text), width)]


def _formula(line: str, width: int) -> list[Row]:
    """Keep a line as it is where it fits, else part it where its author left a gap."""
    if cell_len(line) <= width:
        return [[(line, "shapes")]]
    parts = re.split(r" {3,}", line.strip())
    broken = [piece for part in parts for piece in wrap(part, max(width - 2, 1))]
    return [fit([(f"  {piece}", "shapes")], width) for piece in broken]


def _items(lines: list[str], width: int) -> list[Row]:
    """Break each item of a list below its own first word."""
    items: list[str] = []
    for line in lines:
        if _ITEM.match(line) or not items:
            items.append(line)
        else:
            items[-1] += f" {line.strip()}"
    rows: list[Row] = []
    for item in items:
        match = _ITEM.match(item)
        sign = f"{match[1]} " if match else ""
        sign = "· " if sign[:1] in {"-", "*", "+"} else sign
        body = wrap(plain(item[match.end() :] if match else item), max(width - len(sign), 1))
        rows += [
            [(sign if place == 0 else " " * len(sign), "quiet"), (line, "text")] for place, line in enumerate(body)
        ]
    return rows


def _table(lines: list[str], width: int) -> list[Row]:
    """Put a table into columns, the first row as their heading; a cell that is too long is broken within its column."""
    cells = [[plain(cell.strip()) for cell in _cells(line)] for line in lines if not _DASHES.fullmatch(line.strip())]
    count = max(map(len, cells), default=0)
    cells = [row + [""] * (count - len(row)) for row in cells]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(count)]
    while sum(widths) + _GAP * (count - 1) > width and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    rows: list[Row] = []
    for place, row in enumerate(cells):
        broken = [wrap(cell, size) or [""] for cell, size in zip(row, widths, strict=True)]
        for depth in range(max(map(len, broken))):
            shown = [part[depth] if depth < len(part) else "" for part in broken]
            padded = [text + " " * (size - cell_len(text)) for text, size in zip(shown, widths, strict=True)]
            rows.append(fit([((" " * _GAP).join(padded), "quiet" if place == 0 else "text")], width))
    return rows


def _cells(line: str) -> list[str]:
    return [cell.replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
