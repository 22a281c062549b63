"""The face of a node: which texts and chips stand in its box, how large that makes it, and how it is painted.

A face is first built as rows of runs; its size follows from these, and the same rows are then drawn. So a text can
not be wider than its box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from graphlab.layout.boxes import Box
from graphlab.renderers.drawing import number, path, polygon, rectangle, text_element
from graphlab.renderers.fonts import Face, measure, shorten
from graphlab.renderers.palette import Ink, Theme, readable_on
from graphlab.renderers.reading import MARK_SIGNS, Magnitude, NodeReading, sign

Role = Literal["text", "muted", "tag", "chip", "mark"]

TITLE, SMALL, MONO = 14.0, 10.0, 11.5
PADDING = 12.0
GAP = 18.0
"""Between what stands left and what stands right in a row."""
CHIP_PADDING = 5.0
ROW_HEIGHTS = (19.0, 14.5, 18.5, 15.0)
TOP = 8.0
LONGEST = 250.0
"""A text wider than this is cut; the tooltip has it whole."""
LONGEST_TITLE = 360.0
"""The same for what a node is called: the longest calls of torch go in whole."""
CORNER = 9.0
MARK_BORDERS = {"added": "", "removed": "7 4", "changed": "9 3 2 3", "renamed": "1.5 3"}
"""Dashes of the outline of what differs between two graphs."""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in a row."""

    text: str
    size: float
    face: Face
    role: Role
    magnitude: Magnitude | None = None

    @property
    def width(self) -> float:
        padding = 2 * CHIP_PADDING if self.role in {"tag", "chip", "mark"} else 0.0
        return measure(self.text, self.size, self.face) + padding


@dataclass(frozen=True, slots=True)
class Row:
    """Runs from the left, and runs at the right."""

    left: tuple[Run, ...]
    right: tuple[Run, ...]

    @property
    def width(self) -> float:
        return _width(self.left) + _width(self.right) + (GAP if self.left and self.right else 0.0)


@dataclass(frozen=True, slots=True)
class FaceOfNode:
    """What stands in a node's box."""

    reading: NodeReading
    rows: tuple[Row, ...]
    room: float = 0.0
    """How wide the texts are on a fuller stage, so that they stand where they will stand then."""

    @property
    def padding(self) -> float:
        # The round ends of an output and the bar of a parameter need room.
        return PADDING + {"output": 8.0, "parameter": 3.0}.get(self.reading.kind, 0.0)

    @property
    def width(self) -> float:
        return max(row.width for row in self.rows) + 2 * self.padding

    @property
    def height(self) -> float:
        return sum(ROW_HEIGHTS[: len(self.rows)]) + 2 * TOP


def _width(runs: Sequence[Run]) -> float:
    return sum(run.width for run in runs) + 6.0 * max(0, len(runs) - 1)


def build_face(reading: NodeReading, *, has_numbers: bool) -> FaceOfNode:
    """Return a node's face; `has_numbers` keeps a row for value and gradient, whether or not they are there yet."""
    longest = LONGEST_TITLE if reading.kind == "group" else LONGEST
    title = Run(_fit(reading.title, TITLE, "bold", LONGEST_TITLE), TITLE, "bold", "text")
    tags = tuple(Run(_fit(tag, 11.0, "sans"), 11.0, "sans", "tag") for tag in reading.tags[:3])
    if len(reading.tags) > 3:
        tags += (Run(f"+{len(reading.tags) - 3}", 11.0, "sans", "tag"),)
    shape = (Run(_fit(reading.shape, MONO, "mono"), MONO, "mono", "text"),) if reading.shape else ()
    mark = (Run(MARK_SIGNS[reading.mark], TITLE, "bold", "mark"),) if reading.mark else ()
    rows = [Row((*mark, title, *tags), shape)]
    small = (Run(_fit(reading.detail, SMALL, "sans", longest), SMALL, "sans", "muted"),) if reading.detail else ()
    rows.append(Row(small, (Run(reading.place, SMALL, "sans", "muted"),) if reading.place else ()))
    if has_numbers and reading.kind != "data":
        left = [Run(reading.value, 10.5, "mono", "muted")] if reading.value else []
        left += [Run(words, 10.5, "sans", "chip", magnitude) for words, magnitude in reading.more]
        left += [Run(reading.missing, 10.5, "sans", "muted")] if reading.missing and reading.kind == "group" else []
        right = [Run(sign(reading.gradient), 10.5, "sans", "chip", reading.gradient)] if reading.gradient else []
        right += [Run(reading.missing, 10.5, "sans", "muted")] if reading.is_idle else []
        rows.append(Row(tuple(left), tuple(right)))
    elif reading.value:
        rows.append(Row((Run(reading.value, 10.5, "mono", "muted"),), ()))
    if reading.change:
        rows.append(Row((Run(_fit(reading.change, 10.5, "sans"), 10.5, "sans", "text"),), ()))
    return FaceOfNode(reading, tuple(rows))


def _fit(text: str, size: float, face: Face, longest: float = LONGEST) -> str:
    """Cut a text that is too wide: a dotted name at its beginning, since its end says more."""
    if measure(text, size, face) <= longest:
        return text
    if "." not in text or " " in text:
        return shorten(text, longest, size, face)
    room = longest - measure("…", size, face)
    start = len(text)
    while start and measure(text[start - 1], size, face) <= room:
        start -= 1
        room -= measure(text[start], size, face)
    return "…" + text[start:]


def draw_face(face: FaceOfNode, box: Box, theme: Theme) -> list[str]:
    """Return the elements of a node: its outline and what stands in it."""
    reading = face.reading
    ink = theme.kinds.get(reading.kind, theme.kinds["op"])
    elements = draw_outline(
        reading.kind, box, ink, theme, state=reading.state, is_idle=reading.is_idle, mark=reading.mark
    )
    # A box that was widened for its lines keeps its texts together in the middle.
    inner = max(face.room, *(row.width for row in face.rows))
    spare = max(0.0, box.width - 2 * face.padding - inner)
    left = box.x + face.padding + spare / 2 + (3.0 if reading.kind == "parameter" else 0.0) / 2
    right = left + inner
    y = box.y + (box.height - face.height) / 2 + TOP
    for row, height in zip(face.rows, ROW_HEIGHTS, strict=False):
        x = left
        for run in row.left:
            if run.role == "mark":
                elements += draw_mark(reading.mark, x, y + height / 2, theme)
            else:
                elements += _draw_run(run, x, y, height, ink, theme)
            x += run.width + 6.0
        x = right - _width(row.right)
        for run in row.right:
            elements += _draw_run(run, x, y, height, ink, theme)
            x += run.width + 6.0
        y += height
    return elements


def _draw_run(run: Run, x: float, y: float, height: float, ink: Ink, theme: Theme) -> list[str]:
    baseline = y + height / 2 + run.size * 0.36
    if run.role == "chip" and run.magnitude is not None:
        return draw_chip(run.magnitude, run.text, x, y + height / 2, run.size, theme)
    if run.role == "tag":
        room = run.size + 5.0
        return [
            rectangle(x, y + (height - room) / 2, run.width, room, 3.5, fill=ink.border),
            text_element(x + CHIP_PADDING, baseline, run.text, run.size, readable_on(ink.border), run.face),
        ]
    color = ink.text if run.role == "text" else ink.muted
    return [text_element(x, baseline, run.text, run.size, color, run.face)]


def draw_mark(mark: str, x: float, middle: float, theme: Theme) -> list[str]:
    """Return the sign of what differs between two graphs, on its colour."""
    sign_run = Run(MARK_SIGNS[mark], TITLE, "bold", "mark")
    fill = theme.marks[mark]
    return [
        rectangle(x, middle - 8.5, sign_run.width, 17.0, 3.5, fill=fill),
        text_element(x + CHIP_PADDING, middle + TITLE * 0.36, sign_run.text, TITLE, readable_on(fill), "bold"),
    ]


def draw_chip(magnitude: Magnitude, text: str, x: float, middle: float, size: float, theme: Theme) -> list[str]:
    """Return a gradient's number on its colour; zero is an empty dashed chip, NaN and infinity are an alarm."""
    width = measure(text, size) + 2 * CHIP_PADDING
    height = size + 5.5
    top = middle - height / 2
    paint: dict[str, str | float]
    if magnitude.tone == "zero":
        paint = {"fill": theme.background, "stroke": theme.text, "stroke_width": 1.2, "stroke_dasharray": "2.5 2"}
        color = theme.text
    elif magnitude.tone == "invalid":
        paint = {"fill": theme.alarm, "stroke": "#14181d", "stroke_width": 1.8}
        color = "#14181d"
    else:
        fill = theme.chips[magnitude.level + len(theme.chips) // 2]
        paint = {"fill": fill}
        color = readable_on(fill)
    chip = rectangle(x, top, width, height, height / 2, **paint)
    return [chip, text_element(x + CHIP_PADDING, middle + size * 0.36, text, size, color)]


def draw_outline(
    kind: str, box: Box, ink: Ink, theme: Theme, *, state: str = "done", is_idle: bool = False, mark: str = ""
) -> list[str]:
    """Return a node's outline: kinds differ in shape as well as in colour; a leaf that gets no gradient is hollow."""
    is_now = state == "now"
    paint: dict[str, str | float] = {"fill": ink.fill, "stroke": theme.text if is_now else ink.border}
    paint["stroke_width"] = 3.0 if is_now else 2.0 if kind == "parameter" else 1.4
    if is_idle:
        paint |= {"fill": theme.background, "stroke_dasharray": "3 3"}
    if state == "future":
        paint["stroke_dasharray"] = "6 4"
    if mark:
        paint |= {"stroke": theme.marks[mark], "stroke_width": 3.0}
        paint |= {"stroke_dasharray": MARK_BORDERS[mark]} if MARK_BORDERS[mark] else {}
    elements = []
    if kind == "group":
        elements.append(rectangle(box.x + 4, box.y + 4, box.width, box.height, CORNER, **paint))
    if kind in {"op", "group"}:
        elements.append(rectangle(box.x, box.y, box.width, box.height, CORNER, **paint))
    elif kind == "output":
        elements.append(rectangle(box.x, box.y, box.width, box.height, min(box.height / 2, 24.0), **paint))
    elif kind == "parameter":
        elements.append(rectangle(box.x, box.y, box.width, box.height, **paint))
        if not is_idle:
            elements.append(rectangle(box.x, box.y, min(5.0, box.width / 3), box.height, fill=ink.border))
    else:
        elements += _cut_corners(kind, box, paint)
    return elements


def draw_circle(
    x: float, y: float, radius: float, ink: Ink, theme: Theme, *, is_now: bool = False, is_idle: bool = False
) -> str:
    """Return a node as a circle, for pictures that tell kinds apart by colour alone."""
    dash = ' stroke-dasharray="3 3"' if is_idle else ""
    return (
        f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" '
        f'fill="{theme.background if is_idle else ink.fill}" stroke="{theme.text if is_now else ink.border}" '
        f'stroke-width="1.8"{dash}/>'
    )


def draw_halo(box: Box, theme: Theme) -> str:
    """Return what lies behind the node that just ran."""
    return rectangle(box.x - 6, box.y - 6, box.width + 12, box.height + 12, CORNER + 5, fill=theme.halo)


def _cut_corners(kind: str, box: Box, paint: dict[str, str | float]) -> list[str]:
    """Return the outline of a leaf, an octagon, or of data, a sheet with a folded corner."""
    cut = min(8.0, box.height / 3)
    left, right, top, bottom = box.x, box.right, box.y, box.bottom
    if kind == "leaf":
        corners = [
            (left + cut, top),
            (right - cut, top),
            (right, top + cut),
            (right, bottom - cut),
            (right - cut, bottom),
            (left + cut, bottom),
            (left, bottom - cut),
            (left, top + cut),
        ]
        return [path(polygon(corners), **paint)]
    sheet = [(left, top), (right - cut, top), (right, top + cut), (right, bottom), (left, bottom)]
    fold = polygon([(right - cut, top), (right - cut, top + cut), (right, top + cut)])
    return [path(polygon(sheet), **paint), path(fold, **(paint | {"fill": paint["stroke"], "stroke_width": 1.0}))]
