"""What stands in a box, and how large that makes it: in full, on one line, or as a single sign.

Sizes depend on the step alone: the norm of a gradient finds room before it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from graphlab.counted import op_words
from graphlab.layout.grid import CellSize
from graphlab.model import LEAF_KINDS, Node
from graphlab.sentences import format_shape
from graphlab.tui import messages
from graphlab.tui.lane_columns import short_number
from graphlab.tui.lanes import count_signs, node_mark
from graphlab.tui.rows import Row, fit, row_width, shorten, spread

if TYPE_CHECKING:
    from graphlab.tui.state import ExplorerState

Zoom = Literal["full", "line", "dot"]
ZOOMS: tuple[Zoom, ...] = ("full", "line", "dot")
"""From near to far."""

_BOX_HEIGHT = 4
_LEAST_INNER = 14
_MOST_INNER = 30
_MOST_GROUP = 40
"""Cells inside of a folded box: of `7 × rnn_tanh_cell, 21–27` the end says which they are."""
_MOST_TEXT = 26
"""Cells of a leaf or of data, which stand beside the ops."""
_GRADIENT = 10
"""Cells that the norm of a gradient takes, with the space before it."""


@dataclass(frozen=True, slots=True)
class BoxGroup:
    """Nodes that are drawn as one folded box."""

    key: str
    """What names it in every step that is alike."""
    name: str
    nodes: tuple[int, ...]
    stands: int
    """The node that stands for it: its result."""
    parameters: int
    numbers: int
    """The elements of its parameters together."""
    first: int
    """The event that made the first of its ops."""
    last: int
    is_minor: bool = False
    """Whether it is a parameter with its transpose, which stands beside the ops as a parameter does."""


@dataclass(frozen=True, slots=True)
class BoxItem:
    """What a box shows: a node, or a folded group and the node that stands for it."""

    node: int
    group: BoxGroup | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """How a box looks at the cursor."""

    mark: str
    """Its sign: made, now, to come."""
    names: str
    """The style of its frame and sign."""
    frame: Literal["future", "made", "now", "group"]
    number: str = ""
    """`1` or `2` on a node that a person has marked; else `+`, `~` or `=` where it differs from what is compared."""

    @property
    def is_future(self) -> bool:
        return self.names == "future"


def is_framed(node: Node, group: BoxGroup | None, zoom: Zoom) -> bool:
    """Whether a box has a border."""
    return zoom == "full" and not is_minor(node, group)


def is_minor(node: Node, group: BoxGroup | None) -> bool:
    """Whether a box is a parameter or data: text beside the ops."""
    return group.is_minor if group is not None else node.kind not in {"op", "output"}


def op_word(node: Node) -> str:
    """Return what an op's box is headed with."""
    return op_words(node.op or "") if node.kind == "op" else messages.LANE_KINDS[node.kind]


# -- sizes ---------------------------------------------------------------------------------------------------------


def size_of_item(node: Node, group: BoxGroup | None, names: list[str], zoom: Zoom) -> CellSize:
    """Return the room that a box needs; `names` are those that sit on its node at the end of the step."""
    is_beside = is_minor(node, group)
    if zoom == "dot":
        return CellSize(1, 1, is_beside)
    name = node.name or next(iter(names), "")
    shape = format_shape(node.shape)
    if is_beside:
        word = group_name(group) if group is not None else _leaf_name(node, name)
        width = min(len(word) + 1 + len(shape), _MOST_TEXT)
        if zoom == "line":
            return CellSize(width + 2, 1, is_minor=True)
        # A leaf has a second line for the norm of the gradient that will come.
        has_gradient = node.kind in LEAF_KINDS or node.kind == "op"
        return CellSize(max(width, _GRADIENT), 2, is_minor=True) if has_gradient else CellSize(width, 1, is_minor=True)
    if group is not None:
        lines = group_lines(group, node)
        if zoom == "line":
            return CellSize(min(len(lines[0][0]) + _GRADIENT, _MOST_INNER) + 4, 1)
        widest = max(len(left) + 1 + len(right) for left, right in lines)
        return CellSize(min(max(widest, _LEAST_INNER), _MOST_GROUP) + 4, len(lines) + 2)
    word = op_word(node)
    if zoom == "line":
        return CellSize(min(len(" ".join(filter(None, (word, name, shape)))), _MOST_INNER) + 4, 1)
    inner = max(len(word) + _GRADIENT, len(name) + 1 + len(shape), _LEAST_INNER)
    return CellSize(min(inner, _MOST_INNER) + 4, _BOX_HEIGHT)


def group_name(group: BoxGroup) -> str:
    """Return what a folded box is headed with."""
    return f"▸ {group.name}"


def group_lines(group: BoxGroup, node: Node) -> list[tuple[str, str]]:
    """Return what a folded box says at every moment, left and right; the first has room for the gradient."""
    count = len(group.nodes)
    nodes = messages.GROUP_NODES(count).format(count=f"{count:,}")
    lines = [(group_name(group), " " * (_GRADIENT - 1)), (nodes, format_shape(node.shape))]
    if group.parameters:
        size = count_signs(group.numbers)
        words = messages.GROUP_LEAVES(group.parameters)
        lines.append((words.format(count=f"{group.parameters:,}", size=size), ""))
    return lines


def _leaf_name(node: Node, name: str) -> str:
    kind = messages.LANE_KINDS[node.kind]
    # Light detail sees no leaf come: it is known by its number, in the table of gradients too.
    return name or (f"{kind} {node.id}" if node.kind in LEAF_KINDS else kind)


# -- looks and text ------------------------------------------------------------------------------------------------


def looks_of(state: ExplorerState, node: Node, group: BoxGroup | None, members: frozenset[int]) -> Looks:
    """Return how a box looks at the cursor."""
    inside = group.nodes if group is not None else (node.id,)
    number = next((str(index + 1) for index, mark in enumerate(state.marks) if mark in inside), "")
    number = number or next((sign for each in inside if (sign := state.comparing.sign_of(each))), "")
    if group is None:
        mark, names = node_mark(state, node)
        return Looks(mark, names, "future" if names == "future" else "now" if mark == "◉" else "made", number)
    if group.first > state.moment:
        return Looks("□", "future", "future", number)
    recent = state.recent
    reached = state.event.node if state.event is not None else None
    is_now = reached in members or (bool(recent) and group.first < recent.stop and recent.start <= group.last)
    return Looks("▣" if is_now else "■", "cursor" if is_now else "bold", "now" if is_now else "group", number)


def text_line(state: ExplorerState, item: BoxItem, looks: Looks, zoom: Zoom, line: int, width: int) -> Row:
    """Return a line of what stands inside of a box."""
    node = state.node(item.node)
    if is_minor(node, item.group):
        return _leaf_line(state, item, node, looks, zoom, line, width)
    if item.group is not None:
        return _group_line(state, item.group, node, looks, zoom, line, width)
    if zoom == "line":
        return _op_line(state, node, looks, width)
    if line == 0:
        return spread(_head(state, node, looks, width), _gradient_or_event(state, node, looks), width)
    tag = shorten(state.tag_of(node), width)
    return spread([(tag, "future" if looks.is_future else "bold")], _shape(node, looks), width)


def _head(state: ExplorerState, node: Node, looks: Looks, width: int) -> Row:
    names = "match" if state.search.is_found(state, node.id) else "future" if looks.is_future else node.kind
    return [(shorten(op_word(node), width), names)]


def _sign(looks: Looks) -> tuple[str, str]:
    """Return the sign of a box on one line: its state, or the number of the mark on it."""
    return (looks.number, "mark") if looks.number else (looks.mark, looks.names)


def _shape(node: Node, looks: Looks) -> Row:
    return [(f" {format_shape(node.shape)}", "future" if looks.is_future else "shapes")]


def _gradient_or_event(state: ExplorerState, node: Node, looks: Looks) -> Row:
    """Return the norm of a node's gradient; before it comes, the event that makes the node."""
    if looks.mark == "◐":
        summands = state.gradients.summands(node.id)
        came = sum(each.has_come for each in summands)
        return [(f" ◐ {messages.CAME_OF.format(came=came, count=len(summands))}", "gradient")]
    if looks.is_future or not state.has_gradient(node.id):
        return [(f" e{node.event}", "future" if looks.is_future else "quiet")]
    gradient = state.gradient(node.id)
    return _norm(None if gradient is None else gradient.statistics.norm, "None" if gradient is None else "?")


def _norm(norm: float | None, otherwise: str = "?") -> Row:
    if norm is None:
        return [(f" ∇{otherwise}", "gradient")]
    # NaN and infinity are what one must not overlook.
    return [(" ", ""), (f"∇{short_number(norm)}", "gradient" if norm - norm == 0 else "nan")]


def _op_line(state: ExplorerState, node: Node, looks: Looks, width: int) -> Row:
    """Return an op on one line: `[✓ mm h2h 20x1]`."""
    inner = width - 4
    words: Row = [*_head(state, node, looks, inner)]
    tag = state.tag_of(node)
    if tag:
        words.append((f" {tag}", "future" if looks.is_future else "bold"))
    shape = _shape(node, looks)
    if row_width(words) + row_width(shape) > inner:
        shape = []
    return [("[", looks.names), _sign(looks), (" ", ""), *spread(words, shape, inner), ("]", looks.names)]


def _leaf_line(state: ExplorerState, item: BoxItem, node: Node, looks: Looks, zoom: Zoom, line: int, width: int) -> Row:
    """Return what stands for data or a leaf: `W_h 20x20`, and for a leaf its gradient once it came."""
    if line == 1:
        number: Row = [(" ", ""), (f"({looks.number})", "mark")] if looks.number else []
        return fit([*_leaf_gradient(state, item, looks), *number], width)
    row: Row = [_sign(looks), (" ", "")] if zoom == "line" else []
    shape = _shape(node, looks)
    name = group_name(item.group) if item.group is not None else _leaf_name(node, state.tag_of(node))
    room = width - row_width(row) - row_width(shape)
    if len(name) > room:
        # The end of a path says most.
        name = f"…{name[len(name) - room + 1 :]}" if room > 1 else ""
    inside = item.group.nodes if item.group is not None else (node.id,)
    is_found = any(state.search.is_found(state, number) for number in inside)
    # A parameter with its transpose stands as the op that this is.
    kind = "parameter" if node.kind == "op" else node.kind
    names = looks.names if looks.is_future or looks.names == "cursor" else kind
    return fit([*row, (name, "match" if is_found else names), *shape], width)


def _leaf_gradient(state: ExplorerState, item: BoxItem, looks: Looks) -> Row:
    if looks.is_future:
        return [("∇", "future")]
    if item.group is not None:
        norm = state.box_book.worst(item.group)
    else:
        gradient = state.gradient(item.node)
        norm = gradient.statistics.norm if gradient is not None else None
    return _norm(norm)[-1:] if norm is not None else [("∇", "leaf")]


def _group_line(
    state: ExplorerState, group: BoxGroup, node: Node, looks: Looks, zoom: Zoom, line: int, width: int
) -> Row:
    """Return a line of a folded box: its name and the worst gradient inside, how much it holds."""
    left, right = group_lines(group, node)[line]
    quiet = "future" if looks.is_future else "quiet"
    if line:
        return spread([(left, quiet)], [(right, "future" if looks.is_future else "shapes")], width)
    worst = None if looks.is_future else state.box_book.worst(group)
    end = _norm(worst) if worst is not None else []
    names = "match" if any(state.search.is_found(state, number) for number in group.nodes) else looks.names
    if zoom == "line":
        head: Row = [(shorten(left, width - 4 - row_width(end)), names)]
        return [("[", looks.names), _sign(looks), (" ", ""), *spread(head, end, width - 4), ("]", looks.names)]
    return spread([(shorten(left, width - row_width(end)), names)], end, width)
