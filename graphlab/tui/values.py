"""Shows a tensor that was kept: its figures, and its numbers as a heat map, as numbers, or as a histogram. Pure.

Separate from the panes, because the inspector, the training pane and the exports of text all show values, each in a
space of its own, and none of them may ever show a NaN as a colour among colours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from graphlab.tui import messages
from graphlab.tui.heat import Cells, Tile, cells_of, draw_tiles, largest, scale_legend
from graphlab.tui.rows import Row, fit, row_width
from graphlab.tui.theme import Look

if TYPE_CHECKING:
    import numpy

    from graphlab.model import Snapshot

    Array = numpy.ndarray[Any, Any]

Mode = Literal["heat", "numbers", "histogram"]
MODES: tuple[Mode, ...] = ("heat", "numbers", "histogram")

_PLAIN = Look()
_DIGITS = 4
"""Significant digits of a number that stands for itself; in a table, of the largest."""
_MOST_ROWS, _MOST_COLUMNS = 5, 4
"""Of a tensor that is read at once: what a pane of 38 cells shows whole, with its figures."""
_EXPONENT = re.compile(r"e\+?(-?)0*(?=\d)")
"""What Python writes between a number and its power of ten, more than is needed."""
_MAXIMUM_BINS = 16
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def value_rows(snapshot: Snapshot | None, width: int, height: int, mode: Mode, look: Look = _PLAIN) -> list[Row]:
    """Show a tensor in at most `height` rows, each exactly `width` cells wide."""
    if width < 1 or height < 1:
        return []
    if snapshot is None:
        return [fit([(messages.NOT_KEPT, "quiet")], width)]
    array = snapshot.array
    rows: list[Row] = []
    if array is None:
        rows += [[(messages.NOT_KEPT, "quiet")], *_statistics_rows(snapshot, width, height - 1)]
    elif array.size == 0:
        rows.append([(messages.NO_ELEMENTS, "quiet")])
    elif snapshot.size == 1:
        rows.append(_scalar_row(snapshot, array))
    else:
        rows += _array_rows(snapshot, array, width, height, mode, cells_of(look))
    return [fit(row, width) for row in rows[:height]]


def is_read_at_once(snapshot: Snapshot) -> bool:
    """Whether a tensor is so small that its numbers say more than colours, and fit where values are shown."""
    # A single row or column is folded into lines, as a vector is.
    if len(snapshot.shape) == 2 and 1 not in snapshot.shape:
        rows, columns = snapshot.shape
        return rows <= _MOST_ROWS and columns <= _MOST_COLUMNS
    return len(snapshot.shape) <= 2 and snapshot.size <= _MOST_ROWS * _MOST_COLUMNS


def format_value(value: Any, digits: int = _DIGITS) -> str:
    """Write one number as briefly as its significant digits allow: `-2.451`, `1.2e-07`, `True`, `nan`."""
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, complex):
        sign = "-" if value.imag < 0 or (value.imag == 0 and math.copysign(1, value.imag) < 0) else "+"
        return f"{format_value(value.real, digits)}{sign}{format_value(abs(value.imag), digits)}j"
    if not math.isfinite(value):
        return str(value)
    return _EXPONENT.sub(r"e\1", f"{value:.{digits}g}")


def write_right(text: str, width: int, names: str) -> Row:
    """Put a text at the right of its room; the room before it has no style of its own."""
    return [(" " * max(width - len(text), 0), ""), (text, names)]


def _scalar_row(snapshot: Snapshot, array: Array) -> Row:
    value = array.reshape(-1)[0].item()
    is_strange = not isinstance(value, bool | int) and not _is_finite(value)
    return [(format_value(value, 7), "nan" if is_strange else "number"), (f"  {snapshot.dtype}", "quiet")]


def _is_finite(value: Any) -> bool:
    return math.isfinite(abs(value))


def _array_rows(snapshot: Snapshot, array: Array, width: int, height: int, mode: Mode, cells: Cells) -> list[Row]:
    """Lay out figures, notes and body: with little room the body gets what there is, and the figures give way."""
    if mode == "numbers" and is_read_at_once(snapshot) and snapshot.is_complete:
        # The numbers themselves say more than figures about them.
        body = _number_rows(array, width, height, cells)
        return [*_statistics_rows(snapshot, width, height - len(body)), *body]
    head = _statistics_rows(snapshot, width, max(height // 3, 1) if height > 1 else 0)
    if not snapshot.is_complete:
        head = [*head[: max(height - 2, 0)], _sample_row(snapshot, array)][: max(height - 1, 0)]
    room = height - len(head)
    real = _real(array)
    draw: Callable[[Array, int, int, Cells], list[Row]] = {
        "heat": _heat_rows,
        "numbers": _number_rows,
        "histogram": _histogram_rows,
    }[mode]
    # Numbers show what was recorded; cells and bars show magnitudes of complex numbers.
    rows = head + draw(array if mode == "numbers" else real, width, room, cells)
    if array.dtype.kind == "c" and mode != "numbers":
        rows[-1] = [*rows[-1], (f"  {messages.MAGNITUDES}", "quiet")]
    return rows


def _real(array: Array) -> Array:
    """Return the numbers to draw, in float64: magnitudes of complex ones, 0 and 1 for False and True."""
    import numpy

    with numpy.errstate(all="ignore"):
        return (numpy.abs(array) if array.dtype.kind == "c" else array).astype("f8")


# -- figures -----------------------------------------------------------------------------------------------------


def statistics_pieces(snapshot: Snapshot) -> list[Row]:
    """Return the figures that describe a tensor, each as a row of its own: a caller joins those it has room for."""
    figures = snapshot.statistics
    low, high = figures.minimum, figures.maximum
    array = snapshot.array
    if array is not None and snapshot.is_complete and (figures.nans or figures.infinities):
        low, high = _finite_range(array)
    pieces: list[Row] = []
    for name, value in (
        (messages.MINIMUM, low), (messages.MAXIMUM, high), (messages.MEAN, figures.mean), (messages.NORM, figures.norm),
    ):  # fmt: skip
        if value is not None:
            pieces.append(
                [(f"{name} ", "quiet"), (format_value(float(value)), "number" if math.isfinite(value) else "nan")]
            )
    count = array.size if array is not None else 0
    if figures.zeros is not None and count:
        pieces.append([(f"{messages.ZEROS} ", "quiet"), (_share(figures.zeros, count), "number")])
    for name, found in ((messages.NANS, figures.nans), (messages.INFINITIES, figures.infinities)):
        if found is not None:
            pieces.append([(f"{name} {found:,}", "nan" if found else "quiet")])
    return pieces


def _finite_range(array: Array) -> tuple[float | None, float | None]:
    import numpy

    real = _real(array)
    finite = real[numpy.isfinite(real)]
    return (float(finite.min()), float(finite.max())) if finite.size else (None, None)


def _share(part: int, whole: int) -> str:
    """Write a share in per cent, so that neither "none" nor "all" is ever rounded to."""
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "<1%"
    if 99 < percent < 100:
        return ">99%"
    return f"{percent:.0f}%"


def _statistics_rows(snapshot: Snapshot, width: int, height: int) -> list[Row]:
    """Fold the figures into lines."""
    rows: list[Row] = [[]]
    for piece in statistics_pieces(snapshot):
        if rows[-1] and row_width(rows[-1]) + 2 + row_width(piece) > width:
            rows.append([])
        rows[-1] += ([("  ", "")] if rows[-1] else []) + piece
    return rows[: max(height, 0)]


def _sample_row(snapshot: Snapshot, array: Array) -> Row:
    return [(messages.SAMPLE.format(kept=f"{array.size:,}", size=f"{snapshot.size:,}"), "quiet")]


# -- heat map ----------------------------------------------------------------------------------------------------


def _tiles(array: Array) -> tuple[list[Tile], str]:
    """Cut an array into matrices, and say how they lie. Columns of numbers are laid on their side."""
    if array.ndim <= 1:
        return [Tile("", array.reshape(1, -1))], ""
    if array.ndim == 2:
        if array.shape[1] == 1:
            return [Tile("", array.reshape(1, -1))], messages.AS_ROW
        return [Tile("", array)], ""
    outer = array.shape[:-2]
    flat = array.reshape(-1, *array.shape[-2:])
    if flat.shape[0] > 1 and flat.shape[1] == flat.shape[2] == 1:
        return [Tile("", flat.reshape(1, -1))], messages.AS_ROW
    import numpy

    indices = list(numpy.ndindex(*outer)) if len(flat) <= 512 else [numpy.unravel_index(i, outer) for i in range(512)]
    labels = ["[" + ",".join(str(int(part)) for part in index) + "]" for index in indices]
    return [Tile(label, grid) for label, grid in zip(labels, flat, strict=False)], ""


def _heat_rows(array: Array, width: int, height: int, cells: Cells) -> list[Row]:
    if height < 1:
        return []
    scale = largest(array)
    tiles, note = _tiles(array)
    count = math.prod(array.shape[:-2]) if array.ndim > 2 and not note else 1
    has_legend = height >= 3
    drawing = draw_tiles(tiles, width, height - has_legend, cells)
    if not has_legend:
        return drawing.rows
    legend = scale_legend(format_value(scale, 3), cells, is_signed=bool((array < 0).any()))
    notes = [note] if note else []
    if drawing.crowd != (1, 1):
        notes.append(_crowd_words(*drawing.crowd))
    if drawing.shown < count:
        notes.append(messages.MORE_SLICES.format(count=f"{count - drawing.shown:,}"))
    return [*drawing.rows, [*legend, *((f"  {text}", "quiet") for text in notes)]]


def _crowd_words(rows: int, columns: int) -> str:
    """Say how many entries a cell stands for: what is seen of them is the largest."""
    words = messages.CROWDED_COLUMNS if rows == 1 else messages.CROWDED_ROWS if columns == 1 else messages.CROWDED
    return words.format(rows=rows, columns=columns)


# -- numbers -----------------------------------------------------------------------------------------------------


def number_format(array: Array, digits: int = _DIGITS) -> Callable[[Any], str]:
    """Choose how to write the numbers of a table: one format for all, so that their points stand under each other."""
    import numpy

    if array.dtype.kind in "biu":
        return str
    if array.dtype.kind == "c":
        return lambda value: format_value(value, 3)
    scale = largest(array.astype("f8"))
    if scale == 0:
        return lambda value: "0" if value == 0 else str(value)
    power = math.floor(math.log10(scale))
    decimals = digits - 1 - power
    if not 0 <= decimals <= digits + 2:
        return _scientific
    finite = numpy.abs(array[numpy.isfinite(array)].astype("f8"))
    if (finite % 1 == 0).all():
        decimals = 0

    def write(value: Any) -> str:
        if not math.isfinite(value):
            return str(value)
        if value != 0 and abs(value) < 0.5 * 10**-decimals:
            return _EXPONENT.sub(r"e\1", f"{value:.0e}")  # never a 0 that is none
        return f"{value:.{decimals}f}"

    return write


def _scientific(value: Any) -> str:
    if not math.isfinite(value):
        return str(value)
    return "0" if value == 0 else _EXPONENT.sub(r"e\1", f"{value:.{_DIGITS - 1}e}")


def _number_rows(array: Array, width: int, height: int, cells: Cells) -> list[Row]:
    if height < 1:
        return []
    write = number_format(array)
    tiles, _ = _tiles(array)
    if len(tiles) == 1:
        grid = tiles[0].grid
        rows = _folded_rows(grid[0], write, width, height) if grid.shape[0] == 1 else []
        return rows or _table_rows(grid, write, width, height)
    rows = []
    for index, tile in enumerate(tiles):
        room = height - len(rows)
        if room < min(len(tile.grid) + 2, 4) and rows:
            more = messages.MORE_SLICES.format(count=f"{math.prod(array.shape[:-2]) - index:,}")
            return [*rows[: height - 1], [(more, "quiet")]]
        rows.append([(tile.label, "quiet")])
        rows += _table_rows(tile.grid, write, width, min(room - 1, len(tile.grid) + 1))
    return rows[:height]


def _name_of(value: Any) -> str:
    """Return the style name of a number in a table."""
    if isinstance(value, bool | int):
        return "quiet" if value == 0 else "number"
    if not _is_finite(value):
        return "nan"
    return "quiet" if value == 0 else "number"


def _folded_rows(vector: Array, write: Callable[[Any], str], width: int, height: int) -> list[Row]:
    """Write a vector in lines, each begun by the index of its first number."""
    total = len(vector)
    shown = vector[: height * max(width // 2, 1)].tolist()
    texts = [write(value) for value in shown]
    index_size = len(str(total - 1)) + 2
    size = max(map(len, texts)) + 1
    per_line = max((width - index_size) // size, 1)
    rows: list[Row] = []
    for start in range(0, len(texts), per_line):
        if len(rows) == height:
            break
        row: Row = [(f"[{start}]".rjust(index_size), "quiet")]
        for value, text in zip(shown[start : start + per_line], texts[start : start + per_line], strict=True):
            row += write_right(text, size, _name_of(value))
        rows.append(row)
    if len(rows) * per_line < total:
        left = total - (len(rows) - 1) * per_line
        rows[-1] = (
            [(messages.MORE_NUMBERS.format(count=f"{left:,}"), "quiet")]
            if len(rows) > 1
            else [*rows[-1][:-1], (" ⋯", "quiet")]
        )
    return rows


def _table_rows(grid: Array, write: Callable[[Any], str], width: int, height: int) -> list[Row]:
    """Write a matrix with its indices; what there is no room for is an ellipsis before the last row and column."""
    row_indices = _shown_indices(len(grid), max(height - (height > 2), 1))
    index_size = len(str(len(grid) - 1)) + 1
    column_indices: list[int | None] = list(range(min(grid.shape[1], width)))
    for _ in range(2):  # the numbers that are shown decide the width, and the width how many are shown
        texts = [
            [write(grid[r, c].item()) for c in column_indices if c is not None] for r in row_indices if r is not None
        ]
        size = max(*(len(text) for line in texts for text in line), len(str(grid.shape[1] - 1))) + 1
        column_indices = _shown_indices(grid.shape[1], max((width - index_size) // size, 1))
    rows: list[Row] = []
    if height > 2:
        head = "".join("⋯".rjust(size) if c is None else str(c).rjust(size) for c in column_indices)
        rows.append([(" " * index_size + head, "quiet")])
    for r in row_indices:
        row: Row = [(("⋮" if r is None else str(r)).rjust(index_size - 1) + " ", "quiet")]
        for c in column_indices:
            if r is None or c is None:
                row.append((("⋮" if c is not None else "⋱" if r is None else "⋯").rjust(size), "quiet"))
            else:
                value = grid[r, c].item()
                row += write_right(write(value), size, _name_of(value))
        rows.append(row)
    return rows[:height]


def _shown_indices(count: int, room: int) -> list[int | None]:
    """Return which rows or columns to show: all, or the first ones, a gap (None), and the last."""
    if count <= room:
        return list(range(count))
    if room < 3:
        return list(range(room))
    return [*range(room - 2), None, count - 1]


# -- histogram ---------------------------------------------------------------------------------------------------


def _histogram_rows(array: Array, width: int, height: int, cells: Cells) -> list[Row]:
    """Draw how often values occur: a bar a bin, and one each for NaN and the infinities."""
    import numpy

    if height < 1:
        return []
    flat = array.reshape(-1)
    finite = flat[numpy.isfinite(flat)]
    strange = [
        (text, int(mask.sum()), "nan")
        for text, mask in (("nan", numpy.isnan(flat)), ("-inf", numpy.isneginf(flat)), ("inf", numpy.isposinf(flat)))
        if mask.any()
    ]
    room = min(max(height - len(strange) - (height > 3), 1), _MAXIMUM_BINS)
    bars, are_ranges = _bins(finite, room)
    edges = [str(int(edge)) if edge % 1 == 0 and abs(edge) < 1e6 else format_value(edge, 3) for edge, _ in bars]
    lines = [(text, count, "curve") for text, (_, count) in zip(edges, bars, strict=True)] + strange
    label = max((len(text) for text, _, _ in lines), default=0)
    largest_count = max((count for _, count, _ in lines), default=1)
    number = len(f"{largest_count:,}")
    length = max(width - label - number - 3, 1)
    rows: list[Row] = []
    for text, count, names in lines[:height]:
        bar = bar_text(count / largest_count, length, cells) if largest_count else ""
        rows.append(
            [
                (f"{text:>{label}} ", "quiet"),
                ("│", "rule"),
                (bar, names),
                (f" {count:,}", "number" if count else "quiet"),
            ]
        )
    if len(rows) < height and are_ranges:
        rows.append([(messages.BINS, "quiet")])
    return rows


def _bins(finite: Array, room: int) -> tuple[list[tuple[float, int]], bool]:
    """Return the lower edge of each bin and how many numbers lie in it, and whether a bin is a range.

    Few different numbers get a bin each; whole numbers get bins of a whole width.
    """
    import numpy

    if finite.size == 0:
        return [], False
    values, counts = numpy.unique(finite, return_counts=True)
    are_whole = bool((values % 1 == 0).all())
    low, high = float(values[0]), float(values[-1])
    scale = max(abs(low), abs(high))
    is_dense = are_whole and high - low < room
    if len(values) <= min(room, 8) and not is_dense:
        return [(float(value), int(count)) for value, count in zip(values, counts, strict=True)], False
    if are_whole and scale < 2**52:
        step = math.ceil((high - low + 1) / room)
        marks = low + step * numpy.arange(math.ceil((high - low + 1) / step) + 1)
        scale = 1.0
    else:
        # In units of the largest magnitude: a range across the largest floats would overflow.
        marks = numpy.linspace(low / scale, high / scale, room + 1)
    if not (numpy.diff(marks) > 0).all():
        return [(low, int(finite.size))], False
    found = numpy.histogram(finite / scale, bins=marks)[0]
    return [(float(mark) * scale, int(count)) for mark, count in zip(marks, found, strict=False)], not is_dense


def bar_text(share: float, length: int, cells: Cells) -> str:
    """Draw a horizontal bar, in eighths of a character where the terminal has them; never nothing for something."""
    if share <= 0:
        return ""
    if cells == "ascii":
        return "#" * max(round(share * length), 1)
    eighths = max(round(share * length * 8), 1)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
