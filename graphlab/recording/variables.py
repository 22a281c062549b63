"""What the script's variables hold, and which names sit on which node, as of a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from graphlab.model import EventKind, Node, Variable

if TYPE_CHECKING:
    from graphlab.recording.run import Recording

_BINDING = "SELECT b.id, b.event, b.frame, b.name, b.kind, b.object, b.text, b.element FROM bindings b"
_LAST_STATE = "SELECT node, label, output FROM tensors WHERE object = ? AND event <= ? ORDER BY id DESC LIMIT 1"
# The engine binds no names: while it runs they stay what they were. One look-up a kind, for a backward may be a million
# events long.
_OF_ENGINE = {"backward_start", "gradient", "accumulate", "backward_end"}
_NAMING = ", ".join(f"('{kind}')" for kind in sorted({*get_args(EventKind)} - _OF_ENGINE))
_LAST_NAMING = (
    f"WITH kinds(kind) AS (VALUES {_NAMING}) SELECT MAX("
    "(SELECT MAX(id) FROM events WHERE kind = kinds.kind AND id BETWEEN ? AND ?)) FROM kinds"
)
# The names of a frame without a scan of all its bindings: two index look-ups a name.
_NAMES_OF_FRAME = (
    "WITH RECURSIVE names(name) AS (SELECT MIN(name) FROM bindings WHERE frame = :frame UNION ALL "
    "SELECT (SELECT MIN(name) FROM bindings WHERE frame = :frame AND name > names.name) FROM names "
    "WHERE names.name IS NOT NULL) "
    "SELECT name, (SELECT MIN(id) FROM bindings WHERE frame = :frame AND name = names.name) AS first "
    "FROM names WHERE name IS NOT NULL ORDER BY first"
)
_LAST_BINDING = " WHERE b.frame = ? AND b.name = ? AND b.event <= ? ORDER BY b.event DESC, b.id DESC LIMIT 1"


def read_variables(recording: Recording, moment: int) -> list[Variable]:
    """Return what the variables of the running function, of its callers and of the script hold, in the order bound."""
    number = (recording.event(moment).frame or 1) if 1 <= moment <= recording.event_count else 1
    found = []
    for frame in callers(recording, number):
        row = recording.reader.row("SELECT function FROM frames WHERE id = ?", frame)
        function = row[0] if row and frame != 1 else ""
        bindings = [row for row in _bindings_of(recording, frame, moment) if row[7] == 0 and row[4] != "gone"]
        found += [_variable(recording, row, function, moment) for row in bindings]
    return found


def callers(recording: Recording, frame: int) -> list[int]:
    """Return a call of a function, those that it runs in, and at last the script itself."""
    chain = [frame]
    while chain[-1] != 1:
        row = recording.reader.row("SELECT parent FROM frames WHERE id = ?", chain[-1])
        # A call whose caller is not known (a hook, another thread) was still made by the script.
        chain.append(row[0] if row and row[0] and row[0] < chain[-1] else 1)
    return chain


def names_of_frame(recording: Recording, frame: int) -> list[str]:
    """Return the names that a frame ever binds, in the order in which they come up."""
    return [name for name, _first in recording.reader.rows(_NAMES_OF_FRAME, frame=frame)]


def bindings_of(recording: Recording, frame: int, moment: int) -> list[tuple[Any, ...]]:
    """Return the last binding of each name of a frame as of a moment, in the order in which the names came up."""
    found = (
        recording.reader.row(_BINDING + _LAST_BINDING, frame, name, moment) for name in recording.names_of_frame(frame)
    )
    return [row for row in found if row is not None]


def _bindings_of(recording: Recording, frame: int, moment: int) -> list[tuple[Any, ...]]:
    """Return the same, as of the last event that bound anything: through a whole backward there is none."""
    settled = recording.reader.number("SELECT MAX(event) FROM bindings WHERE event <= ?", moment)
    return recording.bindings_of(frame, settled) if settled is not None else []


def _variable(recording: Recording, row: tuple[Any, ...], function: str, moment: int) -> Variable:
    tensor = None
    if row[5] is not None:
        query = "WHERE object = ? AND event <= ? ORDER BY id DESC LIMIT 1"
        tensor = next(iter(recording.reader.tensors(query, row[5], moment)), None)
    is_changed = row[1] == moment or (tensor is not None and tensor.event == moment)
    return Variable(row[3], row[2], function, row[1], row[6], tensor, is_changed)


def bindings_before(recording: Recording, first: int) -> list[tuple[Any, ...]]:
    """Return what the variables held that were there when a step began with the event `first`."""
    query = "SELECT id FROM frames WHERE first <= ? AND (last IS NULL OR last >= ?)"
    frames = [row[0] for row in recording.reader.rows(query, first - 1, first)]
    return [row for frame in frames for row in _bindings_of(recording, frame, first - 1)]


def read_names(recording: Recording, moment: int) -> dict[int, list[str]]:
    """Return the names that sit on each node as of a moment: the variables of the step that hold its tensor.

    A name sits where its last binding put it, also after the function that it is local to has returned. A variable
    that holds a view of data names the view, not the data's node.
    """
    if not 1 <= moment <= recording.event_count:
        return {}
    step = recording.step_of(moment)
    settled = recording.reader.number(_LAST_NAMING, step.first, moment)
    if settled is not None and settled < moment:
        return recording.names(settled)
    before = step.first - 1
    rows = list(recording.bindings_before(step.first))
    rows += recording.reader.rows(f"{_BINDING} WHERE b.event BETWEEN ? AND ? ORDER BY b.id", step.first, moment)
    holders: dict[tuple[int, str], tuple[Any, ...]] = {}
    for row in rows:
        holders[row[2], row[3]] = row
    ended = {
        row[0] for row in recording.reader.rows("SELECT id FROM frames WHERE last BETWEEN ? AND ?", before, moment)
    }
    found: dict[int, list[_Tag]] = {}
    for row in holders.values():
        # A change in place moves a tensor to another node, and its names with it.
        node, label, output = recording.reader.row(_LAST_STATE, row[5], moment) or (None, "", 0)
        if node is not None and not label:
            # What an op made is known by its latest name, a leaf or data by its first: a loop over the parameters
            # names none of them anew. The caller's name goes before the callee's; a leaf outlives the callee.
            is_op = recording.node(node).kind == "op"
            is_gone = not is_op and row[2] in ended
            tag = (is_gone, bool(row[7]), output, row[2], -row[0] if is_op else row[0], row[3])
            found.setdefault(node, []).append(tag)
    return {node: _order(tags) for node, tags in found.items()}


_Tag = tuple[bool, bool, int, int, int, str]
"""Is gone with its function, is an element of a container, output of the op, frame, age, name: the least is best."""


def _order(tags: list[_Tag]) -> list[str]:
    """Return the names, the best first; an element of a container names only what no variable does."""
    best = min(tags)
    if best[1]:
        return [best[-1]]
    return list(dict.fromkeys(tag[-1] for tag in sorted(tags) if tag[:2] == best[:2]))


def leaf_name(recording: Recording, node: Node, names: dict[int, list[str]]) -> str:
    """Return a parameter's dotted name, else the variable that holds the leaf, else what made it and where."""
    name = node.name or next(iter(names.get(node.id, ())), None)
    return name or made_name(recording, node) or f"{node.kind} {node.id}"


def made_name(recording: Recording, node: Node) -> str | None:
    """Return what a leaf or data is called that was used where it was made and has no name: `ones@L5`.

    None where nothing saw it come, as in light detail. The same word in every language: it stands in data too.
    """
    if node.kind not in {"parameter", "leaf", "data"} or not 1 <= node.event <= recording.event_count:
        return None
    maker = recording.event(node.event)
    is_refilled = node.kind == "data" and maker.text.endswith("_")  # a batch norm's running mean: no `zero_` made it
    if maker.kind != "op" or not maker.line or is_refilled:
        return None
    path = ""
    if maker.file not in {None, 1}:
        path = next((f"{file.path}:" for file in recording.files if file.id == maker.file), "")
    return f"{maker.text}@{path}L{maker.line}"
