"""The columns of the lanes: what stands in them, how wide they are, and which find room.

Numbers stand at the right, in columns of a fixed width: a column that finds no room is left out as a whole, so that no
number is ever cut. Op, name and shape flow in what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphlab.counted import op_words
from graphlab.language import _
from graphlab.model import LEAF_KINDS
from graphlab.sentences import format_shape
from graphlab.tui import messages
from graphlab.tui.rows import Row, shorten

if TYPE_CHECKING:
    from collections.abc import Collection

    from graphlab.model import Node
    from graphlab.tui.state import ExplorerState

_LEAST_WORDS = (14, 20, 24, 28)
"""Cells that op, name and shape keep when a first, second, third … column takes of them."""
_LONGEST_OP, _ROOMY = 18, 60
"""Cells that an op may take where op, name and shape have so many: `native_batch_norm`."""
_LEAST_NAME = 10
"""Cells that a name keeps beside a shape."""
_MODULE = 16
_SIZES = {"bool": 1, "int8": 1, "uint8": 1, "complex64": 8, "complex128": 16}


@dataclass(frozen=True, slots=True)
class LaneColumn:
    """One column."""

    name: str
    """What settings and orders call it."""
    title: str
    """What people read: in at most nine cells."""
    help: str
    text: Callable[[ExplorerState, Node], str] | None = None
    """What stands in it at the cursor; None for those that flow."""
    width: Callable[[ExplorerState], int] | None = None
    """The most cells that it takes."""
    style: str = "quiet"


def short_number(number: float | None) -> str:
    """Write a number in at most nine cells."""
    return "?" if number is None else f"{number:.3g}"


def byte_words(count: int) -> str:
    """Write a number of bytes in at most seven cells: `1.2 MB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def time_words(seconds: float) -> str:
    """Write a time in at most seven cells: `12.3 ms`."""
    for unit, factor in (("µs", 1e6), ("ms", 1e3), ("s", 1.0)):
        size = seconds * factor
        if size < 999.5 or unit == "s":
            return f"{size:.0f} {unit}" if unit == "µs" or size >= 99.5 else f"{size:.1f} {unit}"
    return ""


def size_of(dtype: str | None) -> int:
    """Return the bytes of an element."""
    digits = "".join(sign for sign in dtype or "" if sign.isdigit())
    return _SIZES.get(dtype or "", int(digits[:2]) // 8 if digits and not (dtype or "").startswith("float8") else 1)


def _value(state: ExplorerState, node: Node) -> str:
    value = state.value(node.id)
    if value is None:
        return ""
    if value.size == 1 and value.is_complete:
        return f"= {short_number(value.statistics.mean)}"
    return f"‖·‖ {short_number(value.statistics.norm)}"


def _gradient(state: ExplorerState, node: Node) -> str:
    if not state.has_gradient(node.id):
        return ""
    gradient = state.gradient(node.id)
    return "∇ None" if gradient is None else f"∇ {short_number(gradient.statistics.norm)}"


def _module(state: ExplorerState, node: Node) -> str:
    # The end of a path says most.
    path = node.module or ""
    return path if len(path) <= _MODULE else "…" + path[1 - _MODULE :]


def _line(state: ExplorerState, node: Node) -> str:
    line = state.line_of(node)
    return f"L{line}" if line else ""


def _time(state: ExplorerState, node: Node) -> str:
    is_light = state.step is not None and state.step.detail == "light"
    if not 1 < node.event <= state.last or is_light or node.kind != "op":
        return ""
    event = state.recording.event
    return time_words(max(event(node.event).time - event(node.event - 1).time, 0.0))


def _bytes(state: ExplorerState, node: Node) -> str:
    if node.shape is None:
        return ""
    count = size_of(node.dtype)
    for size in node.shape:
        count *= size
    return byte_words(count)


def _event(state: ExplorerState, node: Node) -> str:
    return f"e{node.event}"


def _line_width(state: ExplorerState) -> int:
    return 1 + max((len(str(file.text.count("\n") + 1)) for file in state.recording.files), default=1)


COLUMNS = (
    LaneColumn("op", _("op"), _("what made it")),
    LaneColumn("name", _("name"), _("the variable or the parameter")),
    LaneColumn("shape", _("shape"), _("its shape")),
    LaneColumn("value", _("value"), _("a scalar's value, else the norm"), _value, lambda state: 13, "shapes"),
    LaneColumn("gradient", _("gradient"), _("the norm of the gradient"), _gradient, lambda state: 11, "gradient"),
    LaneColumn("bytes", _("bytes"), _("what the tensor takes"), _bytes, lambda state: 7),
    LaneColumn("time", _("time"), _("since the event before (recording included)"), _time, lambda state: 7),
    LaneColumn("module", _("module"), _("the module whose forward made it"), _module, lambda state: _MODULE),
    LaneColumn("line", _("line"), _("the line of the source"), _line, _line_width),
    LaneColumn("event", _("event"), _("the event that made it"), _event, lambda state: 1 + len(str(state.last))),
)
NAMES = tuple(column.name for column in COLUMNS)
DEFAULT_COLUMNS = frozenset(NAMES) - {"bytes", "time"}
_FIRST = ("gradient", "event", "line", "value", "module", "bytes", "time")
"""Which find room first."""


def column_title(name: str) -> str:
    """Return what people read as a column's name."""
    return next((column.title for column in COLUMNS if column.name == name), name)


def columns_that_fit(state: ExplorerState, chosen: Collection[str], room: int, sort: str = "") -> list[LaneColumn]:
    """Return the columns at the right that find room, from left to right; what rows are sorted by comes first."""
    by_name = {column.name: column for column in COLUMNS}
    wanted = [name for name in _FIRST if name in chosen and name != sort]
    if "module" in wanted and not state.lane_book.has_modules():
        wanted.remove("module")
    kept: list[str] = []
    for name in ([sort] if by_name.get(sort, COLUMNS[0]).width else []) + wanted:
        size = width_of(state, by_name[name]) + 1
        if room - size >= _LEAST_WORDS[min(len(kept), len(_LEAST_WORDS) - 1)]:
            kept.append(name)
            room -= size
    return [column for column in COLUMNS if column.name in kept]


def width_of(state: ExplorerState, column: LaneColumn) -> int:
    """Return the cells of a column at the right."""
    return column.width(state) if column.width is not None else 0


def flowing_words(
    state: ExplorerState, node: Node, chosen: Collection[str], room: int, *, is_future: bool, has_gradient: bool = False
) -> Row:
    """Return op, name and shape as far as they find room; a name is shortened, a shape is there as a whole or not."""
    future = "future" if is_future else ""
    kind = op_words(node.op or "") if node.kind == "op" else messages.LANE_KINDS[node.kind]
    op = shorten(kind, min(_LONGEST_OP if room >= _ROOMY else 12, room)) if "op" in chosen else ""
    name = state.tag_of(node) if "name" in chosen else ""
    shape = format_shape(node.shape) if "shape" in chosen else ""
    leaf = "∇" if node.kind in LEAF_KINDS and not has_gradient else ""
    found = "match" if state.search.is_found(state, node.id) else ""
    padded, parts = _choose_words(op, name, shape, leaf, room)
    styles = (found or future or node.kind, future or ("data" if node.kind == "data" else "bold"), future or "shapes")
    pieces = zip((f"{op:<7}" if padded else op, *parts), (*styles, future or "leaf"), strict=True)
    return [(f"{text} ", names) for text, names in pieces if text]


def _choose_words(op: str, name: str, shape: str, leaf: str, room: int) -> tuple[bool, tuple[str, str, str]]:
    """Return whether the op is padded to a column, and how much of name, shape and leaf's sign finds room."""
    width = max(len(op), 7) if op else 0

    def left(size: int, *words: str) -> int:
        return room - size - sum(1 + len(word) for word in words if word) + (not size)

    if left(width, name, shape, leaf) >= 0:
        return True, (name, shape, leaf)
    if left(len(op), name, shape, leaf) >= 0:
        return False, (name, shape, leaf)
    short = left(width, shape, leaf) - 1
    if name and short >= _LEAST_NAME:
        return True, (shorten(name, short), shape, leaf)
    for padded, size, sign in ((True, width, leaf), (False, len(op), leaf), (False, len(op), "")):
        if left(size, name, sign) >= 0:
            return padded, (name, "", sign)
    return False, (shorten(name, max(left(len(op)) - 1, 0)), "", "")


def short_op(op: str | None) -> str:
    """Return an op as people say it: `Mm` for `MmBackward0`."""
    return (op or "").rstrip("0123456789").removesuffix("Backward") or (op or "")
