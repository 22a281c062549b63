"""What writer and reader agree on: the format's version, and how shapes and numbers are put into columns."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from graphlab.language import _

FORMAT_VERSION = 2
APPLICATION_ID = 0x474C4142  # "GLAB": how `file` and the reader tell a recording from any other SQLite file
MAGIC = b"SQLite format 3\x00"

_OF_AN_OP = {"call", "outputs"}
_OF_OUTPUT = {"stream"}


class Connection(sqlite3.Connection):
    """Closes itself where nobody did: a recording may just go out of scope, and Python 3.13 warns of it."""

    def __del__(self) -> None:
        with contextlib.suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()


def read_schema() -> str:
    """Return the commented SQL that makes an empty recording."""
    return files("graphlab.store").joinpath("schema.sql").read_text(encoding="utf-8")


@cache
def encode_shape(shape: tuple[int, ...] | None) -> str | None:
    """Write a shape as text: `20x10`, empty for a scalar."""
    return None if shape is None else "x".join(map(str, shape))


@cache
def decode_shape(text: str) -> tuple[int, ...]:
    """Read a shape that `encode_shape` wrote."""
    return tuple(map(int, text.split("x"))) if text else ()


def encode_details(details: Mapping[str, Any]) -> str:
    """Write what is known of an event as JSON."""
    if details.keys() == _OF_AN_OP:  # by far the most, and nothing in them is to be escaped
        return f'{{"call": "{details["call"]}", "outputs": {details["outputs"]}}}'
    if details.keys() == _OF_OUTPUT:
        return f'{{"stream": "{details["stream"]}"}}'
    return json.dumps(details)


def encode_real(number: float | None) -> float | str | None:
    """Keep a NaN apart from a NULL: SQLite stores both as NULL, so a NaN becomes text."""
    return "NaN" if number is not None and math.isnan(number) else number


def decode_real(value: float | str | None) -> float | None:
    """Read a number that `encode_real` wrote."""
    return None if value is None else float(value)


def sqlite_reason(error: Exception) -> str:
    """Say an SQLite error in a person's words."""
    text = str(error)
    if isinstance(error, FileNotFoundError):
        return _("it was deleted or moved while it was written")
    if isinstance(error, OSError):
        return error.strerror or _("the system gives no reason")
    if "disk is full" in text or "disk I/O" in text:
        return _("the disk is full or failing")
    if "readonly" in text or "unable to open" in text:
        return _("the folder or file cannot be written")
    if "decode to UTF-8" in text:
        return _("a text in it is no text")
    text = "".join(letter if letter.isprintable() else " " for letter in text)  # it may quote what is in the file
    said = " ".join(text.split())[:200]
    return said if isinstance(error, sqlite3.Error) else _("what it holds makes no sense ({said})").format(said=said)


def describe_cut(file: str | None, line: int, step: int, failed: str = "") -> dict[str, Any]:
    """Return the error that a recording shows whose run did not come to close it.

    Args:
        failed: why it could not be written any more while the run went on; else the process itself ended.
    """
    where = f"at line {line}" + (f" of {file}" if file else "") + f", in step {step}" if line else f"in step {step}"
    where = where if step else "before its first line"
    if failed:
        said = f"the recording ends {where}: {failed}; the run went on"
    else:
        said = f"the run was cut off {where}: its process crashed or was killed"
    return {"type": "CutOff", "message": said, "file": file, "line": line or None, "traceback": ""}
