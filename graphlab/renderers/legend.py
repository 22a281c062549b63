"""The legend that every picture carries: only what occurs in this picture is explained."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphlab.counted import KIND_NAMES
from graphlab.language import _
from graphlab.layout.boxes import Box
from graphlab.renderers.drawing import path, rectangle, text_element
from graphlab.renderers.faces import CHIP_PADDING, MARK_BORDERS, draw_chip, draw_circle, draw_mark, draw_outline
from graphlab.renderers.fonts import measure
from graphlab.renderers.palette import Theme
from graphlab.renderers.reading import KIND_WORDS, LEVELS, MARK_WORDS, EdgeReading, Magnitude, NodeReading

SIZE = 10.5
LINE = 24.0
GAP = 22.0
SWATCH = 15.0
Draw = Callable[[float, float], list[str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing explained: how wide it is, and how to draw it with its left end at (x, middle)."""

    width: float
    draw: Draw


def legend_entries(
    readings: Collection[NodeReading],
    edges: Iterable[EdgeReading],
    theme: Theme,
    words: Mapping[str, str] = KIND_WORDS,
    *,
    is_round: bool = False,
) -> list[Entry]:
    """Return what a picture of these nodes and edges needs to be explained.

    Args:
        words: what is said of each kind of node.
        is_round: whether nodes are circles.
    """
    edges = list(edges)
    tones = {magnitude.tone for reading in readings for magnitude in reading.magnitudes}
    tones |= {edge.gradient.tone for edge in edges if edge.gradient is not None}
    kinds = {reading.kind for reading in readings if not reading.is_idle}
    entries = [_kind(kind, words[kind], theme, is_round=is_round) for kind in words if kind in kinds]
    idle = {reading.kind for reading in readings if reading.is_idle}
    entries += [
        _kind(
            kind, _("{kind} that got no gradient").format(kind=KIND_NAMES[kind]), theme, is_round=is_round, is_idle=True
        )
        for kind in KIND_WORDS
        if kind in idle
    ]
    if not is_round and any(reading.tags for reading in readings):
        entries.append(_tag(theme))
    if any(reading.state == "now" for reading in readings):
        entries.append(_now(theme))
    if any(reading.state == "future" for reading in readings):
        entries.append(_future(theme))
    marks = {reading.mark for reading in readings} | {edge.mark for edge in edges}
    entries += [_mark(mark, theme) for mark in MARK_WORDS if mark in marks]
    if tones:
        entries.append(_scale(theme))
    if "zero" in tones:
        entries.append(_chip(Magnitude("0", "zero", -LEVELS, is_norm=True), _("gradient is zero"), theme))
    if "invalid" in tones:
        entries.append(
            _chip(Magnitude("NaN", "invalid", LEVELS, is_norm=True), _("gradient is NaN or infinite"), theme)
        )
    return entries


def legend_height(entries: Sequence[Entry], width: float) -> float:
    """Return how high the legend is when it is that wide."""
    return LINE * len(_lines(entries, width))


def draw_legend(entries: Sequence[Entry], x: float, y: float, width: float) -> list[str]:
    """Return the legend, its top left at (x, y)."""
    elements = []
    for index, line in enumerate(_lines(entries, width)):
        left = x
        for entry in line:
            elements += entry.draw(left, y + LINE * (index + 0.5))
            left += entry.width + GAP
    return elements


def _lines(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    lines: list[list[Entry]] = []
    room = 0.0
    for entry in entries:
        if lines and entry.width <= room:
            lines[-1].append(entry)
        else:
            lines.append([entry])
            room = width
        room -= entry.width + GAP
    return lines


def _words(x: float, middle: float, words: str, theme: Theme) -> str:
    return text_element(x, middle + SIZE * 0.36, words, SIZE, theme.muted)


def _kind(kind: str, words: str, theme: Theme, *, is_round: bool, is_idle: bool = False) -> Entry:
    def draw(x: float, middle: float) -> list[str]:
        box = Box(x, middle - 7, 24, 14)
        ink = theme.kinds[kind]
        if is_round:
            icon = [draw_circle(x + 12, middle, 7.0, ink, theme, is_idle=is_idle)]
        elif kind in {"op", "group"}:
            icon = [
                rectangle(box.x, box.y, box.width, box.height, 4, fill=ink.fill, stroke=ink.border, stroke_width=1.4)
            ]
        else:
            icon = draw_outline(kind, box, ink, theme, is_idle=is_idle)
        return [*icon, _words(x + 30, middle, words, theme)]

    return Entry(30 + measure(words, SIZE), draw)


def _tag(theme: Theme) -> Entry:
    words = _("variable of the script")

    def draw(x: float, middle: float) -> list[str]:
        tag = rectangle(x, middle - 7.5, 22, 15, 3.5, fill=theme.kinds["op"].border)
        name = text_element(x + 5, middle + 3.5, "ab", 10, theme.background)
        return [tag, name, _words(x + 28, middle, words, theme)]

    return Entry(28 + measure(words, SIZE), draw)


def _now(theme: Theme) -> Entry:
    words = _("just ran")

    def draw(x: float, middle: float) -> list[str]:
        halo = rectangle(x, middle - 9, 28, 18, 6, fill=theme.halo)
        box = rectangle(x + 4, middle - 5, 20, 10, 3, fill=theme.kinds["op"].fill, stroke=theme.text, stroke_width=2.2)
        return [halo, box, _words(x + 34, middle, words, theme)]

    return Entry(34 + measure(words, SIZE), draw)


def _future(theme: Theme) -> Entry:
    words = _("not there yet")

    def draw(x: float, middle: float) -> list[str]:
        ink = theme.kinds["op"]
        box = rectangle(
            x,
            middle - 7,
            24,
            14,
            4,
            fill=ink.fill,
            stroke=ink.border,
            stroke_width=1.4,
            stroke_dasharray="4 3",
            opacity=0.5,
        )
        return [box, _words(x + 30, middle, words, theme)]

    return Entry(30 + measure(words, SIZE), draw)


def _mark(mark: str, theme: Theme) -> Entry:
    words = MARK_WORDS[mark]

    def draw(x: float, middle: float) -> list[str]:
        dashes = {"stroke_dasharray": MARK_BORDERS[mark]} if MARK_BORDERS[mark] else {}
        line = path(f"M{x + 24:.2f} {middle:.2f}h28", stroke=theme.marks[mark], stroke_width=3.0, **dashes)
        return [*draw_mark(mark, x, middle, theme), line, _words(x + 58, middle, words, theme)]

    return Entry(58 + measure(words, SIZE), draw)


def _scale(theme: Theme) -> Entry:
    before, words = _("gradient that flowed back (norm, or the number itself)"), f"1e-{LEVELS}"
    count = len(theme.chips)
    start = measure(before, SIZE) + 8
    bar = start + measure(words, 9) + 4
    end = bar + count * SWATCH + 4

    def draw(x: float, middle: float) -> list[str]:
        elements = [_words(x, middle, before, theme)]
        elements.append(text_element(x + start, middle + 3.2, words, 9, theme.muted))
        for index, fill in enumerate(theme.chips):
            elements.append(rectangle(x + bar + index * SWATCH, middle - 6, SWATCH, 12, fill=fill))
        one = x + bar + (count // 2 + 0.5) * SWATCH
        elements.append(path(f"M{one:.2f} {middle + 6:.2f}v3", stroke=theme.muted, stroke_width=1.0))
        elements.append(text_element(one - measure("1", 8) / 2, middle + 3, "1", 8, theme.muted))
        elements.append(text_element(x + end, middle + 3.2, f"1e{LEVELS}", 9, theme.muted))
        return elements

    return Entry(end + measure(f"1e{LEVELS}", 9), draw)


def _chip(magnitude: Magnitude, words: str, theme: Theme) -> Entry:
    width = measure(magnitude.text, 9.5) + 2 * CHIP_PADDING

    def draw(x: float, middle: float) -> list[str]:
        return [
            *draw_chip(magnitude, magnitude.text, x, middle, 9.5, theme),
            _words(x + width + 6, middle, words, theme),
        ]

    return Entry(width + 6 + measure(words, SIZE), draw)
