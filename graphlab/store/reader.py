"""Reads a recording, while it grows and after: SQL in, dataclasses out.

While the run goes on every batch of questions opens the file anew and closes it again, so that the recorder can
close its file cleanly the moment it is done; afterwards one connection is kept.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from graphlab.errors import RecordingError
from graphlab.language import _
from graphlab.model import LEAF_KINDS, Change, Edge, Event, Node, Snapshot, SourceFile, Span, Tensor
from graphlab.store.format import (
    APPLICATION_ID,
    FORMAT_VERSION,
    MAGIC,
    Connection,
    decode_real,
    decode_shape,
    describe_cut,
    sqlite_reason,
)
from graphlab.store.light import Block, Blocks, LightStep
from graphlab.store.lock import is_held_here, is_written, read_place

if TYPE_CHECKING:
    import numpy

_EVENT = "SELECT id, kind, time, file, line, frame, node, text, data FROM events"
_NODE = "SELECT id, kind, event, op, call, name, module, file, line, shape, dtype, device FROM nodes"
_EDGE = "SELECT source, target, slot, output, event, label FROM edges"
_TENSOR = "SELECT id, object, event, node, output, label, shape, dtype, device, requires_grad, snapshot FROM tensors"
# What a recording never holds: views, triggers, virtual tables, computed columns. Reading those would run something.
_FOREIGN = (
    "SELECT name FROM sqlite_master WHERE rootpage = 0 OR type NOT IN ('table', 'index') UNION ALL "
    "SELECT m.name FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND c.hidden <> 0"
)
_LONGEST = 1 << 28
"""Bytes in one text or BLOB."""
_TICK = 100_000
_TICKS = 100
_TICKS_PER_BYTE = 16 / _TICK
"""Steps of SQLite's machine that one query may take, for each byte of the file: a damaged tree may lead in circles."""
# A ValueError: text that is no UTF-8, no JSON, no shape. A TypeError: nothing where a number belongs; and so on.
_NONSENSE = (ValueError, ArithmeticError, TypeError, LookupError, AttributeError, RecursionError, MemoryError)
_STORED = re.compile(r"[<>|]?[fiubc](1|2|4|8|16)")
_SNAPSHOT = "SELECT id, shape, dtype, device, stored, stride, data, norm, minimum, maximum FROM snapshots WHERE id"
_CHANGE = "SELECT event, node, what, before, added, after, difference FROM changes"


class Reader:
    """Answers questions about one recording.

    Args:
        path: the recording's file.
        connection: an open database instead of a file (a recording kept in memory).

    Raises:
        RecordingError: there is no such file, it is no recording, it is damaged, or of a newer format.
    """

    def __init__(self, path: Path | None, connection: sqlite3.Connection | None = None) -> None:
        self.path = path
        self._kept = connection
        self._keep = connection is not None
        self._was_written: bool | None = None
        self._is_checked = False
        self._ticks = self._most_ticks = 0
        if connection is None:
            self._check()

    def _check(self) -> None:
        assert self.path is not None
        if is_held_here(self.path):
            return  # it is ours; and closing a file takes away the locks that SQLite holds on it in this process
        try:
            with self.path.open("rb") as file:
                head = file.read(100)
        except FileNotFoundError:
            raise RecordingError(_("there is no recording {path}").format(path=self.path)) from None
        except IsADirectoryError:
            raise RecordingError(_("{path} is a folder: name a recording in it").format(path=self.path)) from None
        except OSError as error:
            raise RecordingError(
                _("cannot read {path}: {reason}").format(path=self.path, reason=error.strerror)
            ) from None
        if not head.startswith(MAGIC) or head[68:72] != APPLICATION_ID.to_bytes(4, "big"):
            raise RecordingError(_("{path} is not a graphlab recording").format(path=self.path))
        version = int.from_bytes(head[60:64], "big")
        if version > FORMAT_VERSION:
            raise RecordingError(
                _(
                    "{path} has format {version}, which a newer graphlab wrote (this one reads up to "
                    "{newest}): upgrade graphlab to open it"
                ).format(path=self.path, version=version, newest=FORMAT_VERSION)
            )

    def keep_open(self) -> None:
        """Stop reopening the file for every question: the run has ended."""
        self._keep = True

    def close(self) -> None:
        """Let go of the file."""
        if self._kept is not None and self.path is not None:
            self._kept.close()
            self._kept = None

    @contextlib.contextmanager
    def session(self) -> Iterator[sqlite3.Connection]:
        """Answer several questions from one connection and one state of the file."""
        if self._kept is not None:
            with self._errors_named():
                yield self._kept
            return
        with self._errors_named():
            if self.path is not None:
                self._was_written = is_written(self.path)  # before the first look at the file: see `meta`
            connection = self._connect()
            # Without it a commit of the run between two questions would show in the second alone: a step without
            # the losses that it is made of.
            connection.execute("BEGIN")
            self._kept = connection
            try:
                yield connection
            finally:
                if self._keep:
                    connection.rollback()
                else:
                    connection.close()
                    self._kept = None

    @contextlib.contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, *_NONSENSE) as error:
            if self.path is not None and not self.path.exists():
                raise RecordingError(
                    _("{path} is gone: it was deleted or moved while it was read").format(path=self.path)
                ) from error
            raise RecordingError(
                _("{path} is damaged: {reason}").format(path=self.path, reason=sqlite_reason(error))
            ) from error

    def _connect(self) -> sqlite3.Connection:
        assert self.path is not None
        address = "file:" + quote(str(self.path.absolute()).replace("\\", "/"))
        try:
            return self._connect_to(f"{address}?mode=ro")
        except sqlite3.OperationalError as error:
            # WAL asks for a file beside the recording: in a read-only folder there can be none.
            if "unable to open" not in str(error) and "readonly" not in str(error):
                raise
        return self._connect_to(f"{address}?mode=ro&immutable=1")

    def _connect_to(self, address: str) -> sqlite3.Connection:
        """Open the file so that nothing in it is run, and nothing in it can take all memory or time."""
        connection = sqlite3.connect(address, uri=True, timeout=5, check_same_thread=False, factory=Connection)
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.set_progress_handler(self._tick, _TICK)
            self._start_query(connection)
            if not self._is_checked:
                self._check_schema(connection)
            connection.execute("SELECT 1 FROM meta LIMIT 1").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_schema(self, connection: sqlite3.Connection) -> None:
        foreign = connection.execute(_FOREIGN).fetchone()
        if foreign is not None:
            raise RecordingError(
                _("{path} is damaged: it holds {foreign!r}, which no recording does").format(
                    path=self.path, foreign=foreign[0]
                )
            )
        self._is_checked = True

    def _tick(self) -> bool:
        self._ticks += 1
        return self._ticks > self._most_ticks

    def _start_query(self, connection: sqlite3.Connection) -> None:
        self._ticks = 0
        if not self._most_ticks or self._was_written:
            pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            self._most_ticks = _TICKS + int(pages * size * _TICKS_PER_BYTE)

    def rows(self, statement: str, *values: Any, **named: Any) -> list[Any]:
        """Return all rows of a query, for `?` in it values in this order, for `:name` those with a name.

        Raises:
            RecordingError: the file is damaged or gone.
        """
        with self.session() as connection:
            self._ticks = 0
            return connection.execute(statement, named or values).fetchall()

    def row(self, statement: str, *values: Any) -> Any:
        """Return the first row of a query, or None."""
        with self.session() as connection:
            self._ticks = 0
            return connection.execute(statement, values).fetchone()

    def number(self, statement: str, *values: Any) -> int | None:
        """Return the one number that a query asks for, or None."""
        row = self.row(statement, *values)
        return None if row is None or row[0] is None else int(row[0])

    def columns(self, names: Sequence[str], rest: str, *values: Any) -> list[numpy.ndarray[Any, Any]]:
        """Return whole numbers of many rows (none of them NULL) as columns, without an object a row.

        SQLite puts each column into one text, which numpy reads: four times as quick as rows.
        """
        import numpy

        joined = ", ".join(f"group_concat(CAST({name} AS INTEGER))" for name in names)
        with self.session():
            texts = self.row(f"SELECT {joined} FROM {rest}", *values)
            found = [numpy.fromstring(text or "", dtype="i8", sep=",") for text in texts]
            if len({len(column) for column in found}) > 1:
                raise ValueError(_("a number is missing"))
        return found

    def meta(self) -> dict[str, Any]:
        """Return the facts about the run as a whole."""
        with self.session():
            facts = {key: json.loads(value) for key, value in self.rows("SELECT key, value FROM meta")}
            if facts.get("status", "running") == "running" and self._is_cut_off():
                facts.update(status="cut_off", error=self._describe_cut())
            return facts

    def _is_cut_off(self) -> bool:
        """Whether nobody writes what is not closed.

        The recorder lets go of its lock after its last commit: so only who looked at the lock first, and at the file
        then, may believe both.
        """
        return self.path is not None and self._was_written is False and is_written(self.path) is False

    def _describe_cut(self) -> dict[str, Any]:
        assert self.path is not None
        place = read_place(self.path)
        file = self.row("SELECT path FROM files WHERE id = ?", place.file)
        step = place.step or 1 + (self.number("SELECT MAX(id) FROM steps") or 0)
        failed = "it could not be written any more" if place.has_failed else ""
        return describe_cut(file[0] if file else None, place.line, step, failed)

    def files(self) -> list[SourceFile]:
        """Return the script's own files; the first is the script."""
        return [SourceFile(*row) for row in self.rows("SELECT id, path, text FROM files ORDER BY id")]

    def spans(self) -> list[Span]:
        """Return the spans of the step that is under way."""
        return [Span(*row) for row in self.rows("SELECT first, last, step, phase FROM spans ORDER BY first")]

    def light_blocks(self, known: Blocks) -> list[Block]:
        """Return the blocks of light steps that are new, or have grown, since they were read last."""
        with self.session():
            outlines = self.rows("SELECT id, data FROM outlines WHERE id > ? ORDER BY id", known.known_outlines)
            query = "SELECT first, count, event, outline, data FROM light_steps WHERE first >= ? ORDER BY first"
            return known.read(outlines, self.rows(query, known.read_from))

    def last_light_step(self) -> LightStep | None:
        """Return the last step in light detail, or None."""
        with self.session():
            blocks = Blocks()
            rows = self.rows("SELECT first, count, event, outline, data FROM light_steps ORDER BY first DESC LIMIT 1")
            outlines = self.rows("SELECT id, data FROM outlines WHERE id = ?", rows[0][3] if rows else 0)
            return next((block.step(block.first + block.count - 1) for block in blocks.read(outlines, rows)), None)

    def events(self, where: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return rows of events (id, kind, time, file, line, frame, node, text, data as a dict)."""
        with self.session():
            rows = self.rows(f"{_EVENT} {where}", *values)
            return [(*row[:8], json.loads(row[8]) if row[8] else {}) for row in rows]

    def nodes(self, where: str, *values: Any, made: Mapping[int, int] | None = None) -> list[Node]:
        """Return the nodes for which a condition holds; `made` gives the events of what is no leaf."""
        with self.session():
            return [_node(row, made or {}) for row in self.rows(f"{_NODE} {where}", *values)]

    def edges(self, where: str, *values: Any, made: Mapping[int, int] | None = None) -> list[Edge]:
        """Return the edges for which a condition holds; `made` gives the events of their targets."""
        rows = self.rows(f"{_EDGE} {where}", *values)
        events = made or {}
        return [Edge(row[0], row[1], row[2], row[3], events.get(row[1], row[4]), row[5]) for row in rows]

    def tensors(self, where: str, *values: Any) -> list[Tensor]:
        """Return the states of tensors for which a condition holds."""
        with self.session():
            return [_tensor(row) for row in self.rows(f"{_TENSOR} {where}", *values)]

    def tensor(self, number: int) -> Tensor:
        """Return a state of a tensor by its number; a damaged file may name one that it does not hold."""
        with self.session():
            return self.tensors("WHERE id = ?", number)[0]

    def changes(self, where: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return rows of changes (event, node, what, and the ids of the snapshots before, added, after; difference)."""
        rows = self.rows(f"{_CHANGE} {where}", *values)
        return [(*row[:6], decode_real(row[6])) for row in rows]

    def snapshot(self, number: int) -> Snapshot | None:
        """Return what was kept of a tensor."""
        return self.snapshots(number, number).get(number)

    def snapshots(self, first: int, last: int) -> dict[int, Snapshot]:
        """Return what was kept of tensors, by number."""
        with self.session():
            return {row[0]: _snapshot(row[1:]) for row in self.rows(f"{_SNAPSHOT} BETWEEN ? AND ?", first, last)}


def make_event(row: tuple[Any, ...], step: int, phase: Any) -> Event:
    """Join a row of events with the step and phase that the spans give it."""
    number, kind, time, file, line, frame, node, text, details = row
    return Event(number, kind, step, phase, file, line, frame, node, text, time, details)


def _snapshot(row: tuple[Any, ...]) -> Snapshot:
    shape = decode_shape(row[0])
    norm, minimum, maximum = map(decode_real, row[6:9])
    stored = _STORED.fullmatch(row[3])
    if stored is None or min(shape, default=0) < 0:
        raise ValueError(_("the values of a tensor have no known type or shape"))
    size = int(stored[1])  # the bytes of an element
    is_whole = row[4] == 1
    if row[5] is not None and (len(row[5]) % size or (is_whole and len(row[5]) != size * math.prod(shape))):
        raise ValueError(_("the values of a tensor are cut short"))
    return Snapshot(shape, row[1], row[2], row[3], row[4], row[5], norm, minimum, maximum)


def _node(row: tuple[Any, ...], made: Mapping[int, int]) -> Node:
    event = row[2] if row[1] in LEAF_KINDS else made.get(row[0], row[2])
    shape = None if row[9] is None else decode_shape(row[9])
    return Node(row[0], row[1], event, row[3], row[4], row[5], row[6], row[7], row[8], shape, row[10], row[11])


def _tensor(row: tuple[Any, ...]) -> Tensor:
    return Tensor(
        row[0], row[1], row[2], row[3], row[4], row[5], decode_shape(row[6]), row[7], row[8], bool(row[9]), row[10]
    )


def make_change(row: tuple[Any, ...], before: Any, added: Any, after: Any) -> Change:
    """Join a row of changes with the snapshots that it names."""
    return Change(row[0], row[1], row[2], before, added, after, row[6])
