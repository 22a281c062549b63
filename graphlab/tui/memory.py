"""What the explorer remembers between runs, in the user's state folder: the theme, and the cursor of each recording."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

_MOST_CURSORS = 200


def memory_path() -> Path | None:
    """Return the file of the memory, or None where the user has no home."""
    from platformdirs import user_state_path

    try:
        return user_state_path("graphlab", appauthor=False) / "explorer.json"
    except RuntimeError:
        return None


class Memory:
    """Read at the start, written at the end; whatever goes wrong with the file is no reason to stop."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._facts: dict[str, Any] = {}
        if path is not None:
            with contextlib.suppress(OSError, ValueError):
                facts = json.loads(path.read_text(encoding="utf-8"))
                self._facts = facts if isinstance(facts, dict) else {}

    @property
    def theme(self) -> str | None:
        """The theme used last."""
        theme = self._facts.get("theme")
        return theme if isinstance(theme, str) else None

    @theme.setter
    def theme(self, name: str) -> None:
        self._facts["theme"] = name

    def cursor_of(self, recording: Path) -> int:
        """Return where the cursor of a recording stood, if it is still the same file; else 0."""
        cursor = self._cursors().get(os.path.abspath(recording))
        if isinstance(cursor, list) and cursor[:1] == [_stamp(recording)] and isinstance(cursor[-1], int):
            return cursor[-1]
        return 0

    def set_cursor(self, recording: Path, moment: int) -> None:
        """Remember where the cursor of a recording stands."""
        cursors = self._cursors()
        name = os.path.abspath(recording)
        cursors.pop(name, None)
        cursors[name] = [_stamp(recording), moment]
        for old in list(cursors)[:-_MOST_CURSORS]:
            del cursors[old]

    def _cursors(self) -> dict[str, Any]:
        cursors = self._facts.setdefault("cursors", {})
        if not isinstance(cursors, dict):
            cursors = self._facts["cursors"] = {}
        return cursors

    def save(self) -> None:
        """Write it down."""
        if self.path is None:
            return
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(self._facts), encoding="utf-8")


def _stamp(recording: Path) -> int:
    """Return what tells a recording from a later one of the same name."""
    try:
        return recording.stat().st_mtime_ns
    except OSError:
        return 0
