"""Reads a recording, while it grows and after: SQL in, dataclasses out.

While the run goes on every batch of questions opens the file anew and closes it again, so that the recorder can
close its file cleanly the moment it is done; afterwards one connection is kept.
"""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graphlab.errors import RecordingError
from graphlab.model import Change, Edge, Event, Node, Snapshot, SourceFile, Span, Tensor
from graphlab.store.format import (
    APPLICATION_ID,
    FORMAT_VERSION,
    MAGIC,
    decode_real,
    decode_shape,
    sqlite_reason,
)
from graphlab.store.light import Block, Blocks, LightStep

_EVENT = "SELECT id, kind, time, file, line, frame, node, text, data FROM events"
_NODE = "SELECT id, kind, event, op, call, name, module, file, line, shape, dtype, device FROM nodes"
_EDGE = "SELECT source, target, slot, output, event, label FROM edges"
_TENSOR = "SELECT id, object, event, node, output, label, shape, dtype, device, requires_grad, snapshot FROM tensors"
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
        if connection is None:
            self._check()

    def _check(self) -> None:
        assert self.path is not None
        try:
            with self.path.open("rb") as file:
                head = file.read(100)
        except FileNotFoundError:
            raise RecordingError(f"there is no recording {self.path}") from None
        except IsADirectoryError:
            raise RecordingError(f"{self.path} is a folder: name a recording in it") from None
        except OSError as error:
            raise RecordingError(f"cannot read {self.path}: {error.strerror}") from None
        if not head.startswith(MAGIC) or head[68:72] != APPLICATION_ID.to_bytes(4, "big"):
            raise RecordingError(f"{self.path} is not a graphlab recording")
        version = int.from_bytes(head[60:64], "big")
        if version > FORMAT_VERSION:
            raise RecordingError(
                f"{self.path} has format {version}, which a newer graphlab wrote (this one reads up to "
                f"{FORMAT_VERSION}): upgrade graphlab to open it"
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
        except (sqlite3.Error, ValueError, OverflowError, TypeError, KeyError) as error:
            # A ValueError: text that is no UTF-8, no JSON, no shape. A TypeError: nothing where a number belongs.
            if self.path is not None and not self.path.exists():
                raise RecordingError(f"{self.path} is gone: it was deleted or moved while it was read") from error
            raise RecordingError(f"{self.path} is damaged: {sqlite_reason(error)}") from error

    def _connect(self) -> sqlite3.Connection:
        assert self.path is not None
        address = "file:" + quote(str(self.path.absolute()).replace("\\", "/"))
        connection = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=5, check_same_thread=False)
        try:
            connection.execute("SELECT 1 FROM meta LIMIT 1").fetchall()
        except (sqlite3.OperationalError, UnicodeDecodeError):
            # WAL asks for a file beside the recording: in a read-only folder there can be none.
            connection.close()
            connection = sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        return connection

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Return all rows of a query.

        Raises:
            RecordingError: the file is damaged or gone.
        """
        with self.session() as connection:
            return connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Any:
        """Return the first row of a query, or None."""
        with self.session() as connection:
            return connection.execute(statement, values).fetchone()

    def number(self, statement: str, *values: Any) -> int | None:
        """Return the one number that a query asks for, or None."""
        row = self.row(statement, *values)
        return None if row is None or row[0] is None else int(row[0])

    def meta(self) -> dict[str, Any]:
        """Return the facts about the run as a whole."""
        with self.session():
            return {key: json.loads(value) for key, value in self.rows("SELECT key, value FROM meta")}

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

    def nodes(self, where: str, *values: Any) -> list[Node]:
        """Return the nodes for which a condition holds."""
        with self.session():
            return [_node(row) for row in self.rows(f"{_NODE} {where}", *values)]

    def edges(self, where: str, *values: Any) -> list[Edge]:
        """Return the edges for which a condition holds."""
        return [Edge(*row) for row in self.rows(f"{_EDGE} {where}", *values)]

    def tensors(self, where: str, *values: Any) -> list[Tensor]:
        """Return the states of tensors for which a condition holds."""
        with self.session():
            return [_tensor(row) for row in self.rows(f"{_TENSOR} {where}", *values)]

    def changes(self, where: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return rows of changes (event, node, what, and the ids of the snapshots before, added, after; difference)."""
        rows = self.rows(f"{_CHANGE} {where}", *values)
        return [(*row[:6], decode_real(row[6])) for row in rows]

    def snapshot(self, number: int) -> Snapshot | None:
        """Return what was kept of a tensor."""
        row = self.row(
            "SELECT shape, dtype, device, stored, stride, data, norm, minimum, maximum FROM snapshots WHERE id = ?",
            number,
        )
        if row is None:
            return None
        shape = decode_shape(row[0])
        norm, minimum, maximum = map(decode_real, row[6:9])
        size = int(row[3][2:])  # the bytes of an element: `<f4`
        is_whole = row[4] == 1
        if row[5] is not None and (len(row[5]) % size or (is_whole and len(row[5]) != size * math.prod(shape))):
            raise RecordingError(f"{self.path} is damaged: the values of a tensor are cut short")
        return Snapshot(shape, row[1], row[2], row[3], row[4], row[5], norm, minimum, maximum)


def make_event(row: tuple[Any, ...], step: int, phase: Any) -> Event:
    """Join a row of events with the step and phase that the spans give it."""
    number, kind, time, file, line, frame, node, text, details = row
    return Event(number, kind, step, phase, file, line, frame, node, text, time, details)


def _node(row: tuple[Any, ...]) -> Node:
    shape = None if row[9] is None else decode_shape(row[9])
    return Node(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], shape, row[10], row[11])


def _tensor(row: tuple[Any, ...]) -> Tensor:
    return Tensor(
        row[0], row[1], row[2], row[3], row[4], row[5], decode_shape(row[6]), row[7], row[8], bool(row[9]), row[10]
    )


def make_change(row: tuple[Any, ...], before: Any, added: Any, after: Any) -> Change:
    """Join a row of changes with the snapshots that it names."""
    return Change(row[0], row[1], row[2], before, added, after, row[6])
