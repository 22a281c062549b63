"""What a search looks through: the texts and tensors of a recording as columns, read once and then only what is new.

Read in instalments (`feed`), so that who has a screen never waits for the whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.finding.figures import SNAPSHOT, Figures, join_figures, measure, no_figures
from graphlab.finding.texts import Array, Column, Grown
from graphlab.scenario import statements

if TYPE_CHECKING:
    from graphlab.recording import Recording

_CHUNK = 2000
_CHUNK_SNAPSHOTS = 500
_CHUNK_CHANGES = 50
_MOST_WAITING = 1000
_INNER = "SELECT event, graph, norms FROM edge_norms WHERE event > ? ORDER BY event LIMIT ?"
Place = tuple[int | None, int | None]
"""File and line."""

_NODES = (
    "SELECT id, kind, event, op, call, name, module, file, line, shape, dtype FROM nodes "
    "WHERE id > ? ORDER BY id LIMIT ?"
)
# The + leaves the index alone: in the order of the file nothing is to be sorted.
_LINES = (
    "SELECT id, kind, file, line, CASE kind WHEN 'line' THEN NULL ELSE text END FROM events "
    "WHERE +kind IN ('line', 'output', 'error') AND id > ? ORDER BY id LIMIT ?"
)
_TENSORS = "SELECT id, object, event, node, output, label, snapshot FROM tensors WHERE id > ? ORDER BY id LIMIT ?"
_BINDINGS = "SELECT id, event, frame, name, object FROM bindings WHERE event >= ? AND event < ? ORDER BY event, id"
# By the events that brought them: gradients themselves lie in the file by node. An event is never parted.
_GRADIENTS = (
    "SELECT e.id, e.node, g.snapshot FROM (SELECT id, node FROM events WHERE kind = 'gradient' AND id > ? "
    "ORDER BY id LIMIT ?) e LEFT JOIN gradients g ON g.node = e.node AND g.slot < 0 AND g.event = e.id ORDER BY e.id"
)
_OUTPUTS = (
    "SELECT n.id, g.event, g.snapshot FROM (SELECT id FROM nodes WHERE kind = 'output' AND id > ? ORDER BY id LIMIT ?) "
    "n LEFT JOIN gradients g ON g.node = n.id AND g.slot = 0 ORDER BY n.id"
)
_CHANGES = (
    "SELECT c.event, c.node, c.what, c.after, c.added IS NOT NULL, e.id IS NULL FROM changes c LEFT JOIN events e "
    "ON e.id = c.event WHERE c.event IN (SELECT DISTINCT event FROM changes WHERE event > ? ORDER BY event LIMIT ?) "
    "ORDER BY c.event"
)
_KIND_NAMES = {"output": "printed"}
"""What an event is called where its kind is also one of nodes."""


class Nodes:
    """The nodes, a row each, in the order of their numbers."""

    def __init__(self) -> None:
        self.ids = Grown()
        self.events = Grown()
        self.kinds: dict[int, str] = {}
        self.texts: dict[str, Column[str | None]] = {
            key: Column() for key in ("kind", "op", "call", "name", "module", "shape", "dtype")
        }
        self.places: Column[Place] = Column()
        self.tagged = Grown()
        """Nodes that a variable named, beside `tags`, the variable's names."""
        self.tags: Column[str | None] = Column()

    def extend(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows of the file."""
        ids, kinds, events, ops, calls, names, modules, files, lines, shapes, dtypes = zip(*rows, strict=True)
        self.ids.extend(ids)
        self.events.extend(events)
        columns = (kinds, ops, calls, names, modules, shapes, dtypes)
        for column, words in zip(self.texts.values(), columns, strict=True):
            column.extend(words)
        self.places.extend(list(zip(files, lines, strict=True)))

    def rows(self, numbers: Array) -> Array:
        """Return the rows of nodes; -1 where there is none."""
        ids = self.ids.array
        found = numpy.searchsorted(ids, numbers)
        is_there = found < ids.size
        is_there[is_there] = ids[found[is_there]] == numbers[is_there]
        return numpy.where(is_there, found, -1)


class Lines:
    """The events that are found beside nodes: lines that ended, printed texts, errors."""

    def __init__(self) -> None:
        self.events = Grown()
        self.kinds: Column[str | None] = Column()
        self.places: Column[Place] = Column()
        self.texts: Column[str | None] = Column()

    def extend(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows of the file."""
        events, kinds, files, lines, texts = zip(*rows, strict=True)
        self.events.extend(events)
        self.kinds.extend([_KIND_NAMES.get(kind, kind) for kind in kinds])
        self.places.extend(list(zip(files, lines, strict=True)))
        self.texts.extend(texts)


class Tensors:
    """Moments at which a tensor of a node was made, changed or brought: node, event, and the snapshot (-1: None)."""

    def __init__(self) -> None:
        self._columns = [Grown() for _ in range(4)]
        self._sorted: tuple[Array, Array, Array] | None = None

    def extend(self, rows: Sequence[tuple[int, int, int, int]]) -> None:
        """Add rows of node, event, output, snapshot."""
        for column, numbers in zip(self._columns, zip(*rows, strict=True), strict=False):
            column.extend(numbers)
        self._sorted = None

    @property
    def columns(self) -> tuple[Array, Array, Array]:
        """Nodes, events and snapshots, by node and event; of several outputs at once the first last."""
        if self._sorted is None:
            nodes, events, outputs, snapshots = (column.array for column in self._columns)
            order = numpy.lexsort((-outputs, events, nodes))
            self._sorted = nodes[order], events[order], snapshots[order]
        return self._sorted


class Index:
    """One recording's columns; it grows with the recording."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._figures: list[Figures] = []
        self._last: dict[str, int] = {}
        """The last row that was read of each table."""
        self._reading: dict[bool, Iterator[None]] = {}
        self._begin()

    def _begin(self) -> None:
        self.nodes = Nodes()
        self.lines = Lines()
        self.values = Tensors()
        self.gradients = Tensors()
        self.grads = Tensors()
        """Every change of a leaf's `.grad`, also those that took it away or scaled it."""
        self.files: dict[int, tuple[str, list[str], dict[int, int]]] = {}
        """By number: path, lines, and for each line that on which its statement begins."""
        # What snapshots hold never changes.
        self._last = {what: self._last[what] for what in ("snapshots", "figures") if what in self._last}
        self._marks = 0
        """How many kinds, names and modules were read that may be set later."""
        self._waiting: list[int] = []
        self._held: dict[tuple[int, str], int] = {}
        self._names: dict[int, set[str]] = {}
        self._nodes_of: dict[int, int] = {}
        self._tags: dict[int, list[str]] = {}
        self.inner_norms = (Grown(), Grown(), Grown("f8"))
        """Of light steps on the schedule: nodes, events and norms of gradients inside the graph."""
        self._read_to = {False: -1, True: -1}

    # -- reading ---------------------------------------------------------------------------------------------------

    def feed(self, *, has_figures: bool, seconds: float | None = None) -> bool:
        """Read what is not read yet, for so long at most; True when all is there.

        Args:
            has_figures: whether the figures of tensors are asked for, or texts alone.
            seconds: None reads all.
        """
        until = None if seconds is None else time.perf_counter() + seconds
        with self.recording.reading():
            return all(self._feed(is_figures, until) for is_figures in (False, True)[: 1 + has_figures])

    def _feed(self, is_figures: bool, until: float | None) -> bool:
        count = self.recording.event_count
        while self._read_to[is_figures] < count:
            if is_figures not in self._reading:
                self._reading[is_figures] = self._figure_pieces(count) if is_figures else self._text_pieces(count)
            for _ in self._reading[is_figures]:
                if until is not None and time.perf_counter() > until:
                    return False
            del self._reading[is_figures]
        return True

    def _pieces(self, what: str, query: str, size: int = _CHUNK) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query that are new, in pieces; their first column says how far they go."""
        while True:
            rows = self.recording.reader.rows(query, self._last.get(what, -1), size)
            if rows:
                self._last[what] = rows[-1][0]
                yield rows
            if len(rows) < size:
                return

    def _text_pieces(self, count: int) -> Iterator[None]:
        if self._has_changed():
            self._begin()
            self._reading.pop(True, None)
        for file in self.recording.files:
            if file.id not in self.files:
                self.files[file.id] = (file.path, file.text.splitlines(), statements(file.text))
        for rows in self._pieces("nodes", _NODES):
            self.nodes.extend(rows)
            self._marks += sum((row[1] == "parameter") + (row[5] is not None) + (row[6] is not None) for row in rows)
            yield
        for rows in self._pieces("lines", _LINES):
            self.lines.extend(rows)
            yield
        self._take_late_tensors()
        for rows in self._pieces("tensors", _TENSORS):
            self._take_tensors(rows, rows[-1][2])
            yield
        self._take_names([], 1 << 62)
        self._read_to[False] = count

    def _has_changed(self) -> bool:
        """Whether what was read is no longer so: a leaf has turned out to be a parameter, or a node came late."""
        query = "SELECT COUNT(*), TOTAL(kind = 'parameter') + COUNT(name) + COUNT(module) FROM nodes WHERE id <= ?"
        count, marks = map(int, self.recording.reader.row(query, self._last.get("nodes", -1)))
        return (count, marks) != (self.nodes.ids.array.size, self._marks)

    def _take_late_tensors(self) -> None:
        """Look again at the last tensors that were no node when they were read: a run may be between the two."""
        waiting, self._waiting = self._waiting[-_MOST_WAITING:], []
        marks = ", ".join("?" * len(waiting))
        rows = self.recording.reader.rows(_TENSORS.replace("id > ?", f"id IN ({marks}) AND id > ?"), *waiting, 0, -1)
        self._take_tensors(rows, 0)

    def _take_tensors(self, rows: Sequence[tuple[Any, ...]], until: int) -> None:
        self._take_names(rows, until)
        placed = [row for row in rows if row[3] is not None and not row[5]]
        self._waiting += {row[0] for row in rows} - {row[0] for row in placed}
        self.values.extend([(row[3], row[2], row[4], row[6]) for row in placed if row[6] is not None])

    def _take_names(self, states: Sequence[tuple[Any, ...]], until: int) -> None:
        """Follow which variables name which nodes: a line binds an object, a change in place moves it to a node."""
        bindings = self.recording.reader.rows(_BINDINGS, self._last.get("bindings", 0), until)
        self._last["bindings"] = bindings[-1][1] + 1 if bindings else self._last.get("bindings", 0)
        found: list[tuple[int, str]] = []
        for row in sorted([*((row[2], 0, row) for row in states), *((row[1], 1, row) for row in bindings)]):
            if row[1] == 0:
                _, bound, _, node, _, label, _ = row[2]
                node = node if node is not None and not label else 0
                if self._nodes_of.get(bound) != node:
                    self._nodes_of[bound] = node
                    found += [(node, name) for name in self._names.get(bound, ())]
                continue
            _, _, frame, name, bound = row[2]
            self._names.get(self._held.pop((frame, name), 0), set()).discard(name)
            if bound is not None:
                self._held[frame, name] = bound
                self._names.setdefault(bound, set()).add(name)
                found.append((self._nodes_of.get(bound, 0), name))
        new = [(node, name) for node, name in dict.fromkeys(found) if node and name not in self._tags.get(node, ())]
        for node, name in new:
            self._tags.setdefault(node, []).append(name)
        self.nodes.tagged.extend(node for node, _ in new)
        self.nodes.tags.extend([name for _, name in new])

    def _figure_pieces(self, count: int) -> Iterator[None]:
        for rows in self._pieces("gradients", _GRADIENTS):
            self.gradients.extend([(row[1], row[0], 0, row[2]) for row in rows if row[2] is not None])
            yield
        for rows in self._pieces("outputs", _OUTPUTS):
            self.gradients.extend([(row[0], row[1], 0, row[2]) for row in rows if row[2] is not None])
            yield
        for rows in self._pieces("changes", _CHANGES, _CHUNK_CHANGES):
            self._take_changes(rows)
            yield
        for rows in self._pieces("edge_norms", _INNER, _CHUNK_CHANGES):
            self._take_inner_norms(rows)
            yield
        for rows in self._pieces("snapshots", f"{SNAPSHOT} WHERE id > ? ORDER BY id LIMIT ?", _CHUNK_SNAPSHOTS):
            self._take_snapshots(rows)
            yield
        self._read_to[True] = count

    def _take_changes(self, rows: Sequence[tuple[Any, ...]]) -> None:
        grads = [row for row in rows if row[2] == "grad"]
        self.grads.extend([(row[1], row[0], 0, -1 if row[3] is None else row[3]) for row in grads])
        # What only scales or clips a gradient does not bring one; in a light step that is all there is of it.
        came = [row for row in grads if row[3] is not None and (row[4] or row[5])]
        self.gradients.extend([(row[1], row[0], 0, row[3]) for row in came])
        # Of a full step the states of tensors say it already.
        values = [row for row in rows if row[2] == "value" and row[3] is not None and row[5]]
        self.values.extend([(row[1], row[0], 0, row[3]) for row in values])

    def _take_inner_norms(self, rows: Sequence[tuple[int, int, bytes]]) -> None:
        for event, number, packed in rows:
            graph = self.recording.light.graph(number)
            pairs = [(node, place) for (node, slot), place in graph.places.items() if slot < 0] if graph else []
            nodes, places = numpy.array(pairs, "i8").reshape(-1, 2).T
            pieces = (nodes, numpy.full(nodes.size, event), numpy.frombuffer(packed, "<f8")[places])
            for column, piece in zip(self.inner_norms, pieces, strict=True):
                column.append(piece)

    def _take_snapshots(self, rows: Sequence[tuple[Any, ...]]) -> None:
        start = self._last.get("figures", 0)
        self._last["figures"] = rows[-1][0] + 1
        found = no_figures(rows[-1][0] + 1 - start)
        places = numpy.array([row[0] for row in rows]) - start
        measured = measure(rows)
        found.norms[places], found.flags[places] = measured.norms, measured.flags
        self._figures.append(found)

    @property
    def figures(self) -> Figures:
        """The figures of snapshots, by their numbers."""
        if len(self._figures) != 1:
            self._figures = [join_figures(self._figures)]
        return self._figures[0]

    # -- steps -----------------------------------------------------------------------------------------------------

    def steps_of(self, events: Array) -> Array:
        """Return the step that each event lies in."""
        recording = self.recording
        ends = numpy.array(recording.steps.ends, "i8")
        return numpy.clip(numpy.searchsorted(ends, events) + 1, 1, max(len(recording.steps), 1))

    def text_of(self, place: Place) -> str | None:
        """Return the statement at a place of the script's own files."""
        file, line = place
        if file not in self.files or line is None:
            return None
        _, lines, begins = self.files[file]
        first = last = begins.get(line, line)
        while last < len(lines) and begins.get(last + 1) == first:
            last += 1
        return "\n".join(lines[first - 1 : last]).strip() if 1 <= first <= len(lines) else None

    def path_of(self, file: int | None) -> str | None:
        """Return the path of one of the script's own files."""
        return self.files[file][0] if file in self.files else None

    def names_of(self, node: int) -> list[str]:
        """Return the names that variables gave a node, in the order in which they did."""
        return self._tags.get(node, [])
