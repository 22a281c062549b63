"""Lets what the script prints pass through, and keeps a copy of each line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_LONGEST = 10_000


class Printed:
    """Stands in for a stream of `sys`; everything but writing is the stream's own."""

    def __init__(
        self, stream: Any, name: str, take: Callable[[str, str], None], before: Callable[[], None] | None
    ) -> None:
        self._stream = stream
        self._name = name
        self._take = take
        self._before = before
        self._rest = ""

    def write(self, text: str) -> int:
        """Write to the stream, and hand on each line that is complete."""
        if self._before is not None:
            self._before()
        written: int = self._stream.write(text)
        if isinstance(text, str):
            self._rest += text
            if "\n" in text or len(self._rest) > _LONGEST:
                head, newline, tail = self._rest.rpartition("\n")
                self._rest = tail if newline else ""
                self._take(self._name, head + newline if newline else tail)
        return written

    def writelines(self, lines: Any) -> None:
        """Write several lines."""
        for line in lines:
            self.write(line)

    def flush_rest(self) -> None:
        """Hand on what was written without a line's end."""
        if self._rest:
            rest, self._rest = self._rest, ""
            self._take(self._name, rest)

    @property  # type: ignore[misc]  # read-only is what it is here
    def __class__(self) -> Any:
        """The stream's own class: `isinstance` finds no difference."""
        return type(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)


class Streams:
    """Puts the copies in place, and takes them away again."""

    def __init__(self, take: Callable[[str, str], None], before: Callable[[], None] | None = None) -> None:
        self._take = take
        self._before = before
        self._copies: dict[str, tuple[Any, Printed]] = {}

    def start(self) -> None:
        """Begin to copy stdout and stderr."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None:
                copy = Printed(stream, name, self._take, self._before)
                self._copies[name] = stream, copy
                setattr(sys, name, copy)

    def flush_rest(self) -> None:
        """Hand on what was printed without a line's end."""
        for _, copy in self._copies.values():
            copy.flush_rest()

    def stop(self) -> None:
        """Put the streams back where the script has not put others."""
        self.flush_rest()
        for name, (stream, copy) in self._copies.items():
            if getattr(sys, name) is copy:
                setattr(sys, name, stream)
        self._copies.clear()
