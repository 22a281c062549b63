"""Paints boxes and lines on cells, whatever stands in them: the graph of a step, or a static one.

A subclass says what each box shows, which frame it has, and how its lines look; a row is made only when it is painted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from graphlab.layout.grid import DOWN, LEFT, RIGHT, UP, CellBox, border_glyph, glyph, joint, lit_ways
from graphlab.tui.box_plan import LabelText, LineRun
from graphlab.tui.rows import Row, fit, row_text, row_width

if TYPE_CHECKING:
    from graphlab.layout.boxes import EdgeKey
    from graphlab.tui.box_plan import BoxPlan
    from graphlab.tui.box_text import Looks
    from graphlab.tui.camera import Camera

_BORDERS = {"future": "╭╌╮╎╰╯", "made": "╭─╮│╰╯", "now": "┏━┓┃┗┛", "group": "╔═╗║╚╝"}
_WEIGHTS = {"future": "light", "made": "light", "now": "heavy", "group": "double"}
_WIDEST = 200
"""Cells that a box or a label may begin to the left of the pane and still reach into it."""


class BoxPainter:
    """The boxes of a plan; what they show comes from a subclass."""

    def __init__(self, plan: BoxPlan, lit_edges: AbstractSet[EdgeKey] = frozenset(), *, is_lit: bool = False) -> None:
        self.plan = plan
        self.is_lit = is_lit
        """Whether a part of the graph is lit, and everything else dim."""
        self._lit_edges = lit_edges
        self._edge_styles: dict[EdgeKey, str] = {}
        self._line_styles: dict[tuple[EdgeKey, ...], str] = {}
        self._looks: dict[int, Looks] = {}

    # -- what a subclass gives -------------------------------------------------------------------------------------

    def is_framed(self, place: int) -> bool:
        """Whether a box has a border."""
        raise NotImplementedError

    def find_looks(self, place: int) -> Looks:
        """Return the frame and the sign of a box."""
        raise NotImplementedError

    def text(self, place: int, looks: Looks, line: int, width: int) -> Row:
        """Return a line of what stands inside of a box."""
        raise NotImplementedError

    def find_edge_style(self, key: EdgeKey) -> str:
        """Return the style of an edge."""
        raise NotImplementedError

    def finish(self, place: int, row: Row) -> Row:
        """Lay over a row of a box what is selected, and make dim what is not lit."""
        return row

    def callout(self) -> tuple[int, str] | None:
        """Return a box, and what to write beside it where it has no text of its own."""
        return None

    # -- rows ------------------------------------------------------------------------------------------------------

    def rows(self, camera: Camera, width: int, height: int) -> list[Row]:
        """Return what of the picture is in view: as many rows as asked, each as wide as asked."""
        rows = [self.row(camera.y + line, camera.x, width) for line in range(height)]
        return self._with_callout(rows, camera, width)

    def row(self, y: int, x: int, width: int) -> Row:
        """Return a row of the picture from a cell on; outside of the graph it is blank."""
        entries = self.plan.rows[y] if 0 <= y < len(self.plan.rows) else []
        first = bisect_left(entries, x - _WIDEST, key=lambda entry: entry[0])
        row: Row = []
        used = min(x, entries[first][0]) if first < len(entries) else x
        start = x - used
        for at, what in entries[first:]:
            if at >= x + width:
                break
            gap = " " * (at - used)
            if isinstance(what, LineRun):
                text, style = self._line_text(what), self._line_style(what)
                # Blank cells go with the line after them: fewer pieces are painted sooner.
                if row and row[-1][1] == style != "mark":
                    row[-1] = (row[-1][0] + gap + text, style)
                else:
                    row += [(gap, ""), (text, style)] if style == "mark" else [(gap + text, style)]
                used = at + len(text)
                continue
            if gap:
                row.append((gap, ""))
            if isinstance(what, LabelText):
                row.append((what.text, "data" if not self.is_lit or what.edge in self._lit_edges else "faint"))
                used = at + len(what.text)
            else:
                place, line = what
                box = self.plan.layout.boxes[place]
                row += self._box_line(place, box, line, y)
                used = at + box.width
        return fit(row, width, start=start, is_picture=True)

    # -- lines -----------------------------------------------------------------------------------------------------

    def _line_text(self, run: LineRun) -> str:
        """Return the signs of a line, heavy where it is lit."""
        if not self._lit_edges or self._lit_edges.isdisjoint(run.edges):
            return run.text
        return "".join(glyph(cell, lit=self._lit_edges) for cell in run.cells)

    def _line_style(self, run: LineRun) -> str:
        """Return the style of a line: dim before its edge is there, of the gradient's colour once one came back."""
        edges = run.edges
        style = self._line_styles.get(edges)
        if style is None:
            styles = {self._edge_style(key) for key in edges}
            order = ("mark", "gradient bold", "lane bold", "gradient", "lane", "faint")
            style = self._line_styles[edges] = next((each for each in order if each in styles), "future")
        return style

    def _edge_style(self, key: EdgeKey) -> str:
        style = self._edge_styles.get(key)
        if style is None:
            style = self._edge_styles[key] = self.find_edge_style(key)
        return style

    # -- boxes -----------------------------------------------------------------------------------------------------

    def _box_line(self, place: int, box: CellBox, line: int, y: int) -> Row:
        looks = self._looks.get(place)
        if looks is None:
            looks = self._looks[place] = self.find_looks(place)
        # A box that is higher than what it shows has this in its middle.
        inner = line - (box.height - self.plan.heights[place]) // 2
        if self.plan.zoom == "dot":
            row = self._dot(box, looks, y) if self.plan.direction == "down" else self._dot_beside(box, looks, y)
        elif self.is_framed(place):
            row = self._framed_line(place, box, looks, line, inner, y)
        else:
            is_text = 0 <= inner < self.plan.heights[place]
            row = self.text(place, looks, inner, box.width) if is_text else []
            row = self._led_to_border(fit(row, box.width), box, y)
        return self.finish(place, row)

    def _framed_line(self, place: int, box: CellBox, looks: Looks, line: int, inner: int, y: int) -> Row:
        signs = _BORDERS[looks.frame]
        if line in {0, box.height - 1}:
            left, right = (signs[0], signs[2]) if line == 0 else (signs[4], signs[5])
            border = self._border(box, y, signs[1], _WEIGHTS[looks.frame])
            if line == 0 and looks.number:
                return _with_number(left, border, right, looks)
            return [(left + border + right, looks.names)]
        left, right = self._sides(box, y, signs[3], _WEIGHTS[looks.frame])
        text: Row = [(" " * (box.width - 4), "")]
        if 0 < inner < self.plan.heights[place] - 1:
            text = self.text(place, looks, inner - 1, box.width - 4)
        return [(f"{left} ", looks.names), *text, (f" {right}", looks.names)]

    def _sides(self, box: CellBox, y: int, sign: str, weight: str) -> tuple[str, str]:
        """Return the borders at the left and at the right, with the signs where lines pass through them."""
        if self.plan.direction == "down":
            return sign, sign
        ports = self.plan.layout.row(y).ports
        found = [ports.get(x) for x in (box.x, box.x + box.width - 1)]
        left, right = (
            sign if port is None else border_glyph(port, weight, self._lit_edges)  # type: ignore[arg-type]
            for port in found
        )
        return left, right

    def _led_to_border(self, row: Row, box: CellBox, y: int) -> Row:
        """Lead a line that leaves a text to the right on through the blank cells behind its last letter."""
        if self.plan.direction == "down":
            return row
        port = self.plan.layout.row(y).ports.get(box.x + box.width - 1)
        text = row_text(row)
        blank = len(text) - len(text.rstrip()) - 1
        if port is None or not port.directions & RIGHT or blank < 1 or row_width(row) != len(text):
            return row
        is_lit = bool(self._lit_edges) and not self._lit_edges.isdisjoint(port.edges)
        run = LineRun((port,), ("━" if is_lit else "─") * blank, port.edges)
        return [*fit(row, box.width - blank), (run.text, self._line_style(run))]

    def _border(self, box: CellBox, y: int, sign: str, weight: str) -> str:
        """Return a horizontal border, with the signs where lines pass through it."""
        ports = self.plan.layout.row(y).ports
        cells = []
        for x in range(box.x + 1, box.x + box.width - 1):
            port = ports.get(x)
            cells.append(sign if port is None else border_glyph(port, weight, self._lit_edges))  # type: ignore[arg-type]
        return "".join(cells)

    def _dot(self, box: CellBox, looks: Looks, y: int) -> Row:
        """Return a box as a single sign; where more lines reach it than one, between arms that take them."""
        middle = box.x + box.width // 2
        found = self.plan.layout.row(y).ports
        ports = {x: port for x in range(box.x, box.x + box.width) if (port := found.get(x))}
        first, last = min((*ports, middle)), max((*ports, middle))
        row: Row = [(" " * (first - box.x), "")]
        for x in range(first, last + 1):
            if x == middle:
                row.append((looks.number or looks.mark, "mark" if looks.number else looks.names))
                continue
            ways = (RIGHT if x < last else 0) | (LEFT if x > first else 0)
            heavy = 0
            for strand in ports[x].strands if x in ports else ():
                ways |= strand.directions & (UP | DOWN)
                heavy |= lit_ways(strand, self._lit_edges) if self._lit_edges else 0
            row.append((joint(ways, heavy), looks.names))
        return [*row, (" " * (box.x + box.width - 1 - last), "")]

    def _dot_beside(self, box: CellBox, looks: Looks, y: int) -> Row:
        """Return a row of a box as a single sign, where lines come from the left; other rows take further lines."""
        middle = box.y + box.height // 2
        rows = [place for place in range(box.y, box.y + box.height) if box.x in self.plan.layout.row(place).ports]
        first, last = min((*rows, middle)), max((*rows, middle))
        if y == middle:
            return [(looks.number or looks.mark, "mark" if looks.number else looks.names)]
        if not first <= y <= last:
            return [(" ", "")]
        ways = (DOWN if y < last else 0) | (UP if y > first else 0)
        heavy = 0
        port = self.plan.layout.row(y).ports.get(box.x)
        for strand in port.strands if port is not None else ():
            ways |= strand.directions & (LEFT | RIGHT)
            heavy |= lit_ways(strand, self._lit_edges) if self._lit_edges else 0
        return [(joint(ways, heavy), looks.names)]

    def _with_callout(self, rows: list[Row], camera: Camera, width: int) -> list[Row]:
        """Write beside the dot that is looked at what it is: it has no text of its own."""
        found = self.callout() if self.plan.zoom == "dot" else None
        if found is None:
            return rows
        place, text = found
        box = self.plan.layout.boxes[place]
        line, start = box.y - camera.y, box.x + box.width + 1 - camera.x
        if start + len(text) > width:
            start = box.x - camera.x - 1 - len(text)
        if not 0 <= line < len(rows) or not 0 <= start <= width - len(text):
            return rows
        before = fit(rows[line], start, is_picture=True)
        after = fit(rows[line], width - start - len(text), start=start + len(text), is_picture=True)
        rows[line] = fit([*before, (text, "selected bold"), *after], width)
        return rows


def _with_number(left: str, border: str, right: str, looks: Looks) -> Row:
    """Put the number of a mark into the upper border, where no line enters."""
    number = f"({looks.number})"
    plain = border[-1] * len(number)
    at = 0 if border.startswith(plain) else max(len(border) - len(number), 0)
    return [(left + border[:at], looks.names), (number, "mark"), (border[at + len(number) :] + right, looks.names)]
