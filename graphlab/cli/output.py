"""Writes results to stdout: text that any terminal's encoding survives, and JSON that any parser reads."""

from __future__ import annotations

import json
import math
import os
import sys
from typing import Any, TextIO


def obeys(stream: TextIO) -> bool:
    """Whether a stream is a terminal that moves its cursor when told to: that of an editor (TERM=dumb) does not."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def write_line(text: str, stream: TextIO | None = None) -> None:
    """Write a line; what the stream's encoding lacks becomes `?` (a Windows console knows no `∇`)."""
    stream = stream or sys.stdout
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def write_json(value: Any, stream: TextIO | None = None) -> None:
    """Write a value as one line of JSON in ASCII; NaN and infinities, which JSON lacks, become strings."""
    write_line(json.dumps(finite(value), allow_nan=False), stream)


def finite(value: Any) -> Any:
    """Return a value with the strings `NaN`, `Infinity`, `-Infinity` for the floats that JSON lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
