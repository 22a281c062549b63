"""The recording file: one SQLite database, its schema, its writer and its reader.

The only package that knows of sqlite3. It stores and returns plain values and the dataclasses of `graphlab.model`.
"""

from graphlab.store.reader import Reader
from graphlab.store.writer import Writer

__all__ = ["Reader", "Writer"]
