"""Adds the values of many small tensors as rows of `snapshots`, which SQLite cuts out of one run of bytes itself.

To hand over a row for each of them would cost three times as much. Where the tensors lie in the bytes is the same step
after step, and stands in a table that only the writer's connection has.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from typing import Protocol

from graphlab.store.format import encode_shape

_MAKE = (
    "CREATE TEMP TABLE IF NOT EXISTS pieces (number INTEGER, place INTEGER, shape TEXT, start INTEGER, size INTEGER, "
    "PRIMARY KEY (number, place)) WITHOUT ROWID"
)
_ADD = "INSERT INTO temp.pieces VALUES (?, ?, ?, ?, ?)"
_CUT = (
    "INSERT INTO snapshots SELECT ? + place, shape, 'float32', 'cpu', '<f4', 1, substr(?, start, size), "
    "NULL, NULL, NULL FROM temp.pieces WHERE number = ? ORDER BY place"
)
_MOST = 64
"""Tables that are kept: where the leaves of a run come and go, each is used but once."""


class PieceTable(Protocol):
    """Where many small tensors of float32 lie in one run of bytes."""

    @property
    def shapes(self) -> Sequence[tuple[int, ...]]:
        """Of each its shape."""

    @property
    def starts(self) -> Sequence[int]:
        """Of each, how many numbers lie before it."""

    def __hash__(self) -> int:
        """Tables that say the same are the same."""


class PieceTables:
    """The tables that a connection knows by now."""

    def __init__(self) -> None:
        self._known: dict[PieceTable, int] = {}

    def insert(self, connection: sqlite3.Connection, first: int, table: PieceTable, data: bytes) -> None:
        """Add rows of snapshots, numbered from the first on, within a transaction."""
        number = self._known.get(table)
        if number is None:
            number = self._add(connection, table)
        connection.execute(_CUT, (first, data, number))

    def forget(self) -> None:
        """The transaction was rolled back, and with it what was added of tables."""
        self._known.clear()

    def _add(self, connection: sqlite3.Connection, table: PieceTable) -> int:
        if len(self._known) >= _MOST:
            self._known.clear()
        number = len(self._known)
        connection.execute(_MAKE)
        connection.execute("DELETE FROM temp.pieces WHERE number = ?", (number,))
        pairs = zip(table.shapes, table.starts, strict=True)
        connection.executemany(
            _ADD,  # SQLite counts bytes from 1
            [
                (number, place, encode_shape(shape), 4 * start + 1, 4 * math.prod(shape))
                for place, (shape, start) in enumerate(pairs)
            ],
        )
        self._known[table] = number
        return number
