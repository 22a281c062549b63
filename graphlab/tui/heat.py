"""Draws arrays of numbers as cells whose colour, or whose glyph, says sign and size. Pure: no widgets.

Separate from `values`, which decides what is said about a tensor, because the training pane draws its strips with
the same cells. Blue is negative and orange positive, in eleven levels (they survive 256 colours); where there is no
colour a ramp of glyphs carries the sign. NaN and infinities are letters, never only a colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from graphlab.tui.rows import Row, fit, row_width
from graphlab.tui.theme import Look

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

Cells = Literal["half", "ramp", "ascii"]
"""How cells are drawn: two colours a character, or glyphs that show size and sign without any colour."""


def cells_of(look: Look) -> Cells:
    """Return how cells are drawn for a look."""
    if look.is_ascii:
        return "ascii"
    return "half" if look.has_heat else "ramp"


LEVELS = 5
"""Levels on either side of zero."""
INFINITE, NAN = LEVELS + 1, LEVELS + 2
"""Levels that stand for what is no number."""
_LARGEST_CELL = 4
_RAMPS: dict[Cells, str] = {"half": "▀▀▀▀▀▀▀▀▀▀▀∞N", "ramp": "@%%=-·░▒▓▓█∞N", "ascii": "@%%=-.+oO8#IN"}
"""A glyph for each level from -5 on; where signs of different weight run out, two neighbouring levels share one."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One matrix to draw, and what stands above it where there are several."""

    label: str
    grid: Array


@dataclass(frozen=True, slots=True)
class Drawing:
    """Tiles as rows."""

    rows: list[Row]
    shown: int
    """How many of the tiles there was room for."""
    crowd: tuple[int, int]
    """How many rows and columns of entries the most crowded cell stands for."""


def largest(array: Array) -> float:
    """Return the largest finite magnitude, by which cells are scaled; 0 where there is none."""
    import numpy

    magnitudes = numpy.abs(array[numpy.isfinite(array)])
    return float(magnitudes.max()) if magnitudes.size else 0.0


def levels_of(array: Array, scale: float) -> Array:
    """Return the level of each number: -5 to 5, `NAN` or `INFINITE`."""
    import numpy

    with numpy.errstate(all="ignore"):
        # Divided first: five times a number near the largest float would overflow.
        levels = numpy.nan_to_num(numpy.rint(array / (scale or 1.0) * LEVELS), nan=0.0, posinf=LEVELS, neginf=-LEVELS)
    levels = numpy.clip(levels, -LEVELS, LEVELS)
    levels[numpy.isnan(array)] = NAN
    levels[numpy.isinf(array)] = INFINITE
    whole: Array = levels.astype("i8")
    return whole


def pool(array: Array, rows: int, columns: int) -> Array:
    """Shrink a matrix: each cell keeps its entry of the largest magnitude (NaN before infinity before numbers)."""
    import numpy

    def along(values: Array, count: int, axis: int) -> Array:
        length = values.shape[axis]
        if length <= count:
            return values
        starts = (numpy.arange(count) * length) // count
        high = numpy.maximum.reduceat(values, starts, axis=axis)
        low = numpy.minimum.reduceat(values, starts, axis=axis)
        picked: Array = numpy.where(numpy.abs(low) > numpy.abs(high), low, high)
        return picked

    return along(along(array, max(rows, 1), 0), max(columns, 1), 1)


def draw_tiles(tiles: Sequence[Tile], width: int, rows: int, cells: Cells) -> Drawing:
    """Draw matrices of one shape, side by side and beneath each other, in at most so many rows."""
    if width < 1 or rows < 1 or not tiles or tiles[0].grid.size == 0:
        return Drawing([], 0, (1, 1))
    scale = max(largest(tile.grid) for tile in tiles)
    if len(tiles) > 1:
        return _draw_many(tiles, scale, width, rows, cells)
    grid = tiles[0].grid
    if grid.shape[0] == 1:
        return _draw_vector(grid[0], scale, width, rows, cells)
    picture, crowd = _draw_grid(grid, _cell_size(grid, width, rows, cells), scale, width, rows, cells)
    return Drawing(picture, 1, crowd)


def _draw_vector(vector: Array, scale: float, width: int, rows: int, cells: Cells) -> Drawing:
    """Draw a vector as one line of full cells, folded into further lines where it is longer than wide."""
    crowd = 1
    if len(vector) > rows * width:
        crowd = -(-len(vector) // (rows * width))
        vector = pool(vector.reshape(1, -1), 1, rows * width)[0]
    across = max(min(_LARGEST_CELL, width // len(vector)), 1)
    levels = levels_of(vector, scale).repeat(across)
    lines = [levels[start : start + width] for start in range(0, len(levels), width)]
    return Drawing([_paint(line, line, cells) for line in lines], 1, (1, crowd))


def _halves(cells: Cells) -> int:
    """How many cells stand above each other in a character."""
    return 2 if cells == "half" else 1


def _cell_size(grid: Array, width: int, rows: int, cells: Cells) -> int:
    """Return how many columns wide a cell can be (it is as many half rows high), or 0 where not even one fits."""
    height, across = grid.shape
    sizes = (size for size in range(_LARGEST_CELL, 0, -1) if size * across <= width)
    return next((size for size in sizes if _rows_of(height, size, cells) <= rows), 0)


def _rows_of(height: int, size: int, cells: Cells) -> int:
    return -(-height * size // 2) if cells == "half" else height * max(size // 2, 1)


def _draw_grid(
    grid: Array, size: int, scale: float, width: int, rows: int, cells: Cells
) -> tuple[list[Row], tuple[int, int]]:
    """Draw a matrix in cells of a size, or pooled where the size is 0."""
    crowd = (1, 1)
    if size < 1:
        pooled = pool(grid, rows * _halves(cells), width)
        crowd = (-(-grid.shape[0] // pooled.shape[0]), -(-grid.shape[1] // pooled.shape[1]))
        grid, size = pooled, 1
    across = max(min(_LARGEST_CELL, 3 * size, width // grid.shape[1]), 1)
    wide = levels_of(grid, scale).repeat(across, axis=1)
    if cells != "half":
        return [_paint(row, row, cells) for row in wide.repeat(max(size // 2, 1), axis=0)], crowd
    tall = wide.repeat(size, axis=0)
    below = [*tall[1::2], None]  # an odd number of rows leaves the last one without a lower half
    return [_paint(upper, lower, cells) for upper, lower in zip(tall[::2], below, strict=False)], crowd


def _draw_many(tiles: Sequence[Tile], scale: float, width: int, rows: int, cells: Cells) -> Drawing:
    """Draw as many matrices as fit, in lines of tiles, each under its label."""
    height, across = tiles[0].grid.shape
    label = min(max(len(tile.label) for tile in tiles), width)
    size, per_line, lines = 0, 1, 1
    for size in range(_LARGEST_CELL, -1, -1):
        room = max(min(across * max(size, 1), width), label)
        high = min(_rows_of(height, max(size, 1), cells), max(rows - 1, 1))
        per_line, lines = max((width + 1) // (room + 1), 1), max(rows // (high + 1), 1)
        does_fit = size * across <= width and _rows_of(height, size, cells) < rows
        if does_fit and (per_line * lines >= len(tiles) or size == 1):
            break
    shown = tiles[: per_line * lines]
    drawn: list[Row] = []
    crowd = (1, 1)
    for start in range(0, len(shown), per_line):
        line = shown[start : start + per_line]
        pictures = []
        for tile in line:
            picture, crowd = _draw_grid(
                tile.grid, size, scale, min(across * size or width, width), max(rows - 1, 1), cells
            )
            pictures.append(picture)
        room = max(label, row_width(pictures[0][0]))
        drawn.append([(f"{tile.label[:room]:<{room + 1}}", "quiet") for tile in line])
        drawn += _side_by_side(pictures, room)
    return Drawing(drawn[:rows], len(shown), crowd)


def _side_by_side(pictures: list[list[Row]], room: int) -> list[Row]:
    return [
        [piece for picture in pictures for piece in fit(picture[index], room + 1)] for index in range(len(pictures[0]))
    ]


@lru_cache(maxsize=512)
def cell(upper: int, lower: int | None, cells: Cells) -> tuple[str, str]:
    """Return the character and the style names of a cell that shows two levels, the upper and the lower half."""
    strange = max(upper, upper if lower is None else lower)
    level = strange if strange > LEVELS else upper
    glyph = _RAMPS[cells][level + LEVELS]
    if level > LEVELS:
        return glyph, "nan"
    if cells != "half":
        return glyph, heat_name(level)
    return glyph, heat_name(upper) if lower is None else f"{heat_name(upper)} on{heat_name(lower)}"


def heat_name(level: int) -> str:
    """Return the style name of a level; with `on` before it that of the background."""
    return f"heat.{level + LEVELS}"


def _step(level: int, cells: Cells) -> tuple[str, str]:
    glyph, names = cell(level, level, cells)
    # Where neighbouring levels share a glyph, the legend shows it once.
    return (glyph, names) if cells == "half" else (glyph, "number")


def _paint(upper: Array, lower: Array | None, cells: Cells) -> Row:
    """Draw one row of cells, joining equal neighbours into one piece."""
    below: list[int | None] = [None] * len(upper) if lower is None else lower.tolist()
    row: Row = []
    text = names = ""
    for top, bottom in zip(upper.tolist(), below, strict=True):
        glyph, style = cell(top, bottom, cells)
        if style != names and text:
            row.append((text, names))
            text = ""
        text += glyph
        names = style
    row.append((text, names))
    return row


def scale_legend(scale: str, cells: Cells, *, is_signed: bool = True) -> Row:
    """Draw the ramp between the numbers at its ends."""
    first = -LEVELS if is_signed else 0
    ramp = list(dict.fromkeys(_step(level, cells) for level in range(first, LEVELS + 1)))
    return [
        (f"-{scale} " if is_signed else "0 ", "quiet"),
        *ramp,
        (f" +{scale}" if is_signed else f" {scale}", "quiet"),
    ]
