"""Writes a recording: rows are gathered and committed together, so that every commit is whole.

Separate from the recorder, which knows what the rows mean; the writer knows only tables and transactions.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from graphlab.errors import RecordingError
from graphlab.store.format import APPLICATION_ID, FORMAT_VERSION, read_schema, sqlite_reason
from graphlab.store.light import OpenBlock

_COLUMNS = {
    "files": 3,
    "frames": 6,
    "events": 9,
    "spans": 4,
    "steps": 8,
    "outlines": 2,
    "backwards": 4,
    "graphs": 6,
    "edge_norms": 3,
    "nodes": 12,
    "edges": 6,
    "saved": 4,
    "tensors": 11,
    "uses": 3,
    "bindings": 8,
    "gradients": 4,
    "changes": 7,
    "snapshots": 10,
}
_INSERT = {table: f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})" for table, columns in _COLUMNS.items()}
# One more row for the same backward edge (an op that is entered twice by retain_graph's second pass) is no error.
_INSERT["edges"] = _INSERT["edges"].replace("INSERT", "INSERT OR IGNORE")

_PUT_BLOCK = "INSERT OR REPLACE INTO light_steps VALUES (?, ?, ?, ?, ?)"
_COMMIT_SECONDS = 0.1
_ROWS_BEFORE_COMMIT = 20_000


class Writer:
    """The one process that adds to a recording.

    Args:
        path: where the recording goes, or None to keep it in memory. An existing recording there is replaced.

    Raises:
        RecordingError: the file cannot be made, or what is there is no recording.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._pending: dict[str, list[Any]] = {table: [] for table in _COLUMNS}
        """By table, the values of its new rows one after the other: tuples would keep the garbage collector busy."""
        self._count = 0
        self._updates: list[tuple[str, tuple[Any, ...]]] = []
        self._blocks: dict[int, OpenBlock] = {}
        self._process = os.getpid()
        try:
            if path is not None:
                _make_room(path)
            self.connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise RecordingError(f"cannot write {path}: {sqlite_reason(error)}") from error
        self._page_size = int(self.connection.execute("PRAGMA page_size").fetchone()[0])
        self._size = 0
        self._committed_at = time.monotonic()

    def _prepare(self) -> None:
        execute = self.connection.execute
        execute(f"PRAGMA application_id = {APPLICATION_ID}")
        execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        self.connection.executescript(read_schema())
        # WAL: readers follow while we write, and a killed process leaves the last commit whole without an fsync each.
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")

    def insert(self, table: str, row: tuple[Any, ...]) -> None:
        """Add a row, in the order of the schema's columns."""
        self._pending[table] += row
        self._count += 1

    def put_block(self, block: OpenBlock) -> None:
        """Write a block of light steps with the next commit, in place of what it was before."""
        self._blocks[block.first] = block
        self._count += 1

    def drop_spans(self) -> None:
        """Forget the spans of a step that has ended: its row has them."""
        self._pending["spans"].clear()
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
        """Whether so much time has passed, or so many rows have gathered, that a commit is due."""
        return self._count > _ROWS_BEFORE_COMMIT or time.monotonic() - self._committed_at > _COMMIT_SECONDS

    def commit(self) -> None:
        """Write what has gathered, as one transaction.

        Raises:
            RecordingError: the disk is full, or the file is gone. What was committed before stays readable.
        """
        self._committed_at = time.monotonic()
        if os.getpid() != self._process or not (self._count or self._updates):
            return  # a forked child (a DataLoader's worker) writes nothing
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            for table, values in self._pending.items():
                if values:
                    self.connection.executemany(_INSERT[table], zip(*[iter(values)] * _COLUMNS[table], strict=True))
            self.connection.executemany(_PUT_BLOCK, [block.row() for block in self._blocks.values()])
            for statement, row in self._updates:
                self.connection.execute(statement, row)
            self.connection.execute("COMMIT")
            self._size = self._page_size * int(self.connection.execute("PRAGMA page_count").fetchone()[0])
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            raise RecordingError(f"cannot write {self.path}: {sqlite_reason(error)}") from error
        finally:
            self._count = 0
            self._updates.clear()
            self._blocks.clear()
            for values in self._pending.values():
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
        finally:
            if self.path is not None:
                with contextlib.suppress(sqlite3.Error):
                    # A reader that looks just now would keep us from leaving WAL: wait for it a little.
                    self.connection.execute("PRAGMA busy_timeout = 3000")
                    self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    self.connection.execute("PRAGMA journal_mode = DELETE")
                self.connection.close()


def _make_room(path: Path) -> None:
    """Make the folder, and take an older recording out of the way; anything else there is left alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise RecordingError(f"{path} is a folder: name a file in it")
    if path.exists():
        with path.open("rb") as file:
            head = file.read(72)
        if head and head[68:72] != APPLICATION_ID.to_bytes(4, "big"):
            raise RecordingError(f"{path} is no recording, so it is not overwritten: choose another name")
        path.unlink()
    for ending in ("-wal", "-shm", "-journal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
