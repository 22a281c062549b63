"""Writes a recording: rows are gathered and committed together, so that every commit is whole.

Separate from the recorder, which knows what the rows mean; the writer knows only tables and transactions.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from graphlab.errors import RecordingError
from graphlab.language import _
from graphlab.store.format import APPLICATION_ID, FORMAT_VERSION, Connection, describe_cut, read_schema, sqlite_reason
from graphlab.store.light import OpenBlock
from graphlab.store.lock import Place, RunLock
from graphlab.store.pieces import PieceTable, PieceTables

_COLUMNS = {
    "files": 3,
    "frames": 6,
    "events": 9,
    "spans": 4,
    "steps": 8,
    "outlines": 2,
    "step_threads": 2,
    "backwards": 4,
    "graphs": 6,
    "edge_norms": 3,
    "nodes": 12,
    "gone": 2,
    "remarks": 8,
    "edges": 6,
    "saved": 4,
    "arguments": 3,
    "tensors": 11,
    "uses": 3,
    "bindings": 8,
    "gradients": 4,
    "changes": 7,
    "optimizer_states": 4,
    "snapshots": 10,
}
_TOGETHER = 64
"""Rows that one statement adds, where there are as many: beginning and ending it costs as much as some rows do."""
# Of the rows that come most often, those without what is the same in all of them: Python's sqlite3 asks around for an
# adapter of each None, which takes as long as writing five columns.
_SHORT = {
    "op_nodes": ("nodes", "?, 'op', ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?"),
    "op_events": ("events", "?, 'op', ?, ?, ?, ?, ?, ?, ?"),
    "bare_events": ("events", "?, ?, ?, ?, ?, ?, ?, '', NULL"),
    "line_events": ("events", "?, 'line', ?, ?, ?, ?, NULL, '', NULL"),
    "plain_edges": ("edges", "?, ?, ?, ?, ?, ''"),
    "text_bindings": ("bindings", "?, ?, ?, ?, ?, NULL, ?, ?"),
    "first_gradients": ("changes", "?, ?, 'grad', NULL, ?, ?, NULL"),
    "given_gradients": ("changes", "?, ?, 'grad', NULL, NULL, ?, NULL"),
    "moved_values": ("changes", "?, ?, 'value', ?, NULL, ?, ?"),
    "values": ("snapshots", "?, ?, ?, 'cpu', ?, 1, ?, NULL, NULL, NULL"),
    "open_events": ("events", "?, 'op', ?, NULL, NULL, NULL, NULL, ?, NULL"),
}
_ROW = {table: (table, ", ".join("?" * columns)) for table, columns in _COLUMNS.items()} | _SHORT
"""By kind of row: its table, and how it is written."""
_WIDTH = {kind: row.count("?") for kind, (_, row) in _ROW.items()}
_INSERT = {kind: f"INSERT INTO {table} VALUES ({row})" for kind, (table, row) in _ROW.items()}
# One more row for the same backward edge (an op that is entered twice by retain_graph's second pass) is no error.
for _kind in ("edges", "plain_edges"):
    _INSERT[_kind] = _INSERT[_kind].replace("INSERT", "INSERT OR IGNORE")
# An event that was never ended, unless its row is there after all.
_INSERT["open_events"] = _INSERT["open_events"].replace("INSERT", "INSERT OR IGNORE")
# A leaf that was let go may come back, and be let go again.
_INSERT["gone"] = _INSERT["gone"].replace("INSERT", "INSERT OR REPLACE")
# A thread may add to a step several times.
_INSERT["step_threads"] = _INSERT["step_threads"].replace("INSERT", "INSERT OR IGNORE")

_PUT_BLOCK = "INSERT OR REPLACE INTO light_steps VALUES (?, ?, ?, ?, ?)"
# What was not committed is lost when the process is killed, or waits for the end of a statement that takes long. So a
# commit comes as soon as it is cheap: what commits cost beyond their rows is kept to a share of the run's time.
_PATIENCE_SECONDS = 5.0
"""How long the end of a run waits for readers."""
_COMMIT_SECONDS = 0.1
_COMMIT_SHARE = 0.01
_COMMIT_CREDIT = 0.01
_BESIDE = ("-wal", "-shm", "-journal", "-new")
"""What may lie beside a recording, by the ends of the names."""


class Writer:
    """The one process that adds to a recording.

    Rows may be added by several threads at once, also while one of them commits.

    Args:
        path: where the recording goes, or None to keep it in memory. An existing recording there is replaced.

    Raises:
        RecordingError: the file cannot be made, what is there is no recording, or another run is writing it.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock: RunLock | None = None
        self._failed = ""
        self.rows: dict[str, list[Any]] = {kind: [] for kind in _ROW}
        """By kind of row, the values of its new rows one after the other: tuples would keep the collector busy."""
        self._updates: list[tuple[str, tuple[Any, ...]]] = []
        self._blocks: dict[int, OpenBlock] = {}
        self._pieces: list[tuple[int, PieceTable, bytes]] = []
        self._piece_tables = PieceTables()
        self._process = os.getpid()
        self._lock_of_threads = threading.RLock()
        self._is_made = False
        self.connection = _connect(":memory:")
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = RunLock(path)
                _make_room(path)
                _make_empty(path)
                self._is_made = True
                self.connection = _connect(path)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            self.discard()
            raise RecordingError(
                _("cannot write {path}: {reason}").format(path=path, reason=sqlite_reason(error))
            ) from error
        except BaseException:
            self.discard()
            raise
        self._page_size = int(self.connection.execute("PRAGMA page_size").fetchone()[0])
        self._size = 0
        self._began = self._committed_at = time.perf_counter()
        self._spent = 0.0

    def _prepare(self) -> None:
        execute = self.connection.execute
        if self.path is None:
            _fill(self.connection)
        # WAL: readers follow while we write, and a killed process leaves the last commit whole without an fsync each.
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute("PRAGMA temp_store = MEMORY")  # what is only ours needs no file
        # Each checkpoint waits for the disk, and writes anew what changes again in the next step.
        execute("PRAGMA wal_autocheckpoint = 4000")

    def discard(self) -> None:
        """Leave nothing behind: the run did not even begin."""
        self.connection.close()
        if self._is_made:
            for ending in ("", *_BESIDE):
                Path(f"{self.path}{ending}").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.release()

    def insert(self, kind: str, row: tuple[Any, ...]) -> None:
        """Add a row to a table, in the order of the schema's columns; or one of `_SHORT`, without what goes unsaid."""
        self.rows[kind] += row

    def insert_pieces(self, first: int, table: PieceTable, data: bytes) -> None:
        """Add rows of snapshots, numbered from the first on, with values that lie in one run of bytes."""
        self._pieces.append((first, table, data))

    def put_block(self, block: OpenBlock) -> None:
        """Write a block of light steps with the next commit, in place of what it was before."""
        with self._lock_of_threads:
            self._blocks[block.first] = block

    def drop_spans(self) -> None:
        """Forget the spans of a step that has ended: its row has them."""
        with self._lock_of_threads:
            self.rows["spans"].clear()
            self._updates.append(("DELETE FROM spans", ()))

    def set_meta(self, key: str, value: Any) -> None:
        """Set a fact about the run as a whole."""
        self._updates.append(("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value))))

    def set_node(self, node: int, kind: str, name: str | None) -> None:
        """Say anew what kind of leaf a node is, and what it is called."""
        self._updates.append(("UPDATE nodes SET kind = ?, name = ? WHERE id = ?", (kind, name, node)))

    def set_node_module(self, node: int, module: str) -> None:
        """Say after all which module's forward made a node."""
        self._updates.append(("UPDATE nodes SET module = ? WHERE id = ?", (module, node)))

    def set_tensor_node(self, tensor: int, node: int, *, requires_grad: bool) -> None:
        """Say that a tensor, recorded before it took part in a graph, is a node of it, and no view of one."""
        statement = "UPDATE tensors SET node = ?, label = '', requires_grad = ? WHERE id = ?"
        self._updates.append((statement, (node, int(requires_grad), tensor)))

    def end_frame(self, frame: int, event: int) -> None:
        """Say at which event a call of a function returned."""
        self._updates.append(("UPDATE frames SET last = ? WHERE id = ?", (event, frame)))

    @property
    def is_due(self) -> bool:
        """Whether a commit is cheap by now, or so much time has passed that it is due."""
        now = time.perf_counter()
        return now - self._committed_at > _COMMIT_SECONDS or self._spent < _COMMIT_CREDIT + _COMMIT_SHARE * (
            now - self._began
        )

    def say_place(self, file: int, line: int, step: int) -> None:
        """Note where the script is, for whoever opens the recording after a crash."""
        lock = self._lock
        if lock is not None and not self._failed:
            known = lock.place
            if known.line != line or known.file != file or known.step != step or known.has_failed:
                lock.say(Place(file, line, step))

    def commit(self) -> None:
        """Write what has gathered, as one transaction.

        Raises:
            RecordingError: the disk is full, or the file is gone. What was committed before stays readable, and
                nothing more is written: facts with a hole in them would be none.
        """
        self._committed_at = time.perf_counter()
        if os.getpid() != self._process or not (
            self._updates or self._blocks or self._pieces or any(self.rows.values())
        ):
            return  # a forked child (a DataLoader's worker) writes nothing
        with self._lock_of_threads:
            self._commit()

    def _commit(self) -> None:
        if self._failed:
            self._drop_pending()
            return
        try:
            if self.path is not None:
                self.path.stat()  # SQLite goes on writing into a file that was removed, and says nothing
            try:
                self._write()
            except sqlite3.OperationalError:
                # The disk may be full of the log alone: what it holds moves into the recording, and there is room.
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._write()
        except (OSError, sqlite3.Error) as error:
            self._failed = sqlite_reason(error)
            self._drop_pending()
            if self._lock is not None:
                self._lock.say(self._lock.place._replace(has_failed=1))
            raise RecordingError(
                _("cannot write {path}: {reason}").format(path=self.path, reason=self._failed)
            ) from error

    def _write(self) -> None:
        """Write what has gathered; whatever goes wrong, it is written once or still there."""
        began = time.perf_counter()
        is_ending = False
        rows = {kind: values.copy() for kind, values in self.rows.items() if values}
        pieces = self._pieces.copy()
        updates = self._updates.copy()
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            began -= time.perf_counter()
            for first, table, data in pieces:
                self._piece_tables.insert(self.connection, first, table, data)
            for kind, values in rows.items():
                self._insert_rows(kind, values)
            began += time.perf_counter()
            self.connection.executemany(_PUT_BLOCK, [block.row() for block in self._blocks.values()])
            for statement, row in updates:
                self.connection.execute(statement, row)
            is_ending = True
            self.connection.execute("COMMIT")
            self._drop(rows, len(pieces), len(updates))
        except BaseException as error:
            # A Ctrl-C may come before the COMMIT or after it; one that failed has left no transaction either.
            if is_ending and not self.connection.in_transaction and not isinstance(error, sqlite3.Error):
                self._drop(rows, len(pieces), len(updates))
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            self._piece_tables.forget()
            raise
        self._size = self._page_size * int(self.connection.execute("PRAGMA page_count").fetchone()[0])
        self._spent += time.perf_counter() - began

    def _insert_rows(self, kind: str, values: list[Any]) -> None:
        """Add rows of a kind, from their values one after the other."""
        columns = _WIDTH[kind]
        block = columns * _TOGETHER
        whole = len(values) // block * block
        if whole:
            one = f"({_ROW[kind][1]})"
            statement = f"{_INSERT[kind]}{f', {one}' * (_TOGETHER - 1)}"
            self.connection.executemany(statement, (values[at : at + block] for at in range(0, whole, block)))
        rest = zip(*[iter(values[whole:])] * columns, strict=True)
        self.connection.executemany(_INSERT[kind], rest)

    def _drop(self, rows: dict[str, list[Any]], pieces: int, updates: int) -> None:
        """Forget what is written; what other threads have added meanwhile comes next."""
        del self._updates[:updates]
        del self._pieces[:pieces]
        self._blocks.clear()
        for kind, values in rows.items():
            del self.rows[kind][: len(values)]

    def _drop_pending(self) -> None:
        self._updates.clear()
        self._pieces.clear()
        self._blocks.clear()
        for values in self.rows.values():
            values.clear()

    @property
    def size(self) -> int:
        """How large the committed recording is, in bytes."""
        return self._size

    def close(self) -> None:
        """Commit, and bring the recording back to one file that can be copied and opened from anywhere.

        Raises:
            RecordingError: the last rows could not be written.
        """
        if os.getpid() != self._process:
            return
        try:
            self.commit()
        except RecordingError:
            self._end()
            raise
        self._end()  # not after a Ctrl-C: then it is closed once more, and says so

    def _end(self) -> None:
        if self.path is not None:
            self._try("PRAGMA busy_timeout = 1000")
            self._try("PRAGMA wal_checkpoint(TRUNCATE)")
            is_told = not self._failed or self._tell_failure()
            self._leave_wal()
            self.connection.close()
            if self._lock is not None:
                self._lock.release(keep=not is_told)

    def _leave_wal(self) -> None:
        """Go back to one file; readers that look just now keep us from it, each for a moment: wait a little."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(sqlite3.Error):
                if self.connection.execute("PRAGMA journal_mode = DELETE").fetchone() != ("wal",):
                    return
            time.sleep(0.01)

    def _try(self, statement: str) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute(statement)

    def _tell_failure(self) -> bool:
        """Say in the recording why it ends before the run did, if the disk has room for that; return whether."""
        place = self._lock.place if self._lock is not None else Place()
        try:
            row = self.connection.execute("SELECT path FROM files WHERE id = ?", (place.file,)).fetchone()
            error = describe_cut(row[0] if row else None, place.line, place.step, self._failed)
            facts = "status", json.dumps("cut_off"), "error", json.dumps(error)  # there may be room for one of them
            self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?), (?, ?)", facts)
        except sqlite3.Error:
            return False
        return True


def _connect(place: str | Path) -> Connection:
    return sqlite3.connect(place, isolation_level=None, check_same_thread=False, factory=Connection)


def _make_room(path: Path) -> None:
    """Take an older recording out of the way; anything else there is left alone."""
    if path.is_dir():
        raise RecordingError(_("{path} is a folder: name a file in it").format(path=path))
    if path.exists():
        with path.open("rb") as file:
            head = file.read(72)
        if head and head[68:72] != APPLICATION_ID.to_bytes(4, "big"):
            raise RecordingError(
                _("{path} is no recording, so it is not overwritten: choose another name").format(path=path)
            )
        path.unlink()
    for ending in _BESIDE:
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _make_empty(path: Path) -> None:
    """Put an empty recording in place, whole from the first moment at which it can be seen."""
    fresh = Path(f"{path}-new")
    fresh.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        _fill(connection)
    fresh.replace(path)


def _fill(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    connection.executescript(f"BEGIN;{read_schema()}\nCOMMIT;")
