"""Which files are the script's own: the script, and what it imports from its own folder."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType

from graphlab.capture.guard import uncollected
from graphlab.capture.sink import Sink
from graphlab.capture.statements import Statements, read_statements

_LIBRARY_PARTS = {"site-packages", "dist-packages"}


@dataclass(slots=True)
class OwnFile:
    """One of the script's own files."""

    number: int
    path: str
    """Relative to the script's folder, with `/`."""
    statements: Statements


class OwnFiles:
    """Knows the script's own files; a file is read when its first line runs.

    Args:
        sink: who is told of each file.
        folder: the script's folder; files below it that belong to no installed library are its own.
        texts: the text of files that are not on disk as they run (a script whose parameters were changed).
    """

    def __init__(self, sink: Sink, folder: Path, texts: dict[str, str]) -> None:
        self._sink = sink
        self._folder = str(folder.resolve()) + os.sep
        self._typed = os.path.abspath(folder) + os.sep
        self._texts = texts
        self._files: dict[str, OwnFile | None] = {}
        paths = sysconfig.get_paths()
        self._libraries = tuple(
            {str(Path(paths[name]).resolve()) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")}
            | {str(Path(__file__).resolve().parent.parent) + os.sep}
        )
        self._shortened = (self._folder, self._typed, *sorted(self._libraries, key=len, reverse=True))

    def file_of(self, code: CodeType) -> OwnFile | None:
        """Return the file of a piece of code, or None if it is a library's."""
        name = code.co_filename
        if name not in self._files:
            self._files[name] = self._open(name)
        return self._files[name]

    def path_of(self, name: str) -> str | None:
        """Return the path, as the recording has it, of a file that code of the script has run from."""
        file = self._files.get(name)
        return file.path if file is not None else None

    def open_all(self) -> None:
        """Add the files whose text was given: the script is the first, whatever of it runs first."""
        for name in self._texts:
            if name not in self._files:
                self._files[name] = self._open(name)

    def shorten(self, text: str) -> str:
        """Write the paths in a traceback or a warning from the script's folder, a library's from where libraries lie.

        What is recorded names no folder of the machine it was recorded on.
        """
        if os.sep not in text:  # as most of what a script prints, line after line
            return text
        for folder in self._shortened:
            text = text.replace(folder, "")
        return text

    def _open(self, name: str) -> OwnFile | None:
        if name in self._texts:
            return self._make(name, self._texts[name])
        if name.startswith("<") or "ipykernel_" in name:
            return self._open_cell(name)
        path = str(Path(name).resolve())
        if not path.startswith(self._folder) or path.startswith(self._libraries):
            return None
        if _LIBRARY_PARTS & set(Path(path).parts):
            return None
        try:
            text = Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None
        return self._make(name, text)

    def _open_cell(self, name: str) -> OwnFile | None:
        """Open the text of a notebook's cell, which lives in linecache only."""
        import linecache

        is_cell = name.startswith("<ipython-input") or "ipykernel_" in name
        if not is_cell or name not in linecache.cache:
            return None
        return self._make(name, "".join(linecache.getlines(name)))

    def _make(self, name: str, text: str) -> OwnFile:
        path = str(Path(name).resolve())
        shown = (
            path.removeprefix(self._folder).replace(os.sep, "/") if path.startswith(self._folder) else Path(name).name
        )
        number = self._sink.add_file(shown, text)
        with uncollected():  # Python 3.11 fails to parse where what is told of collections runs meanwhile
            return OwnFile(number, shown, read_statements(text))


def nearest(frame: FrameType | None, is_own: Callable[[CodeType], OwnFile | None]) -> tuple[FrameType, OwnFile] | None:
    """Return the innermost frame of the script's own code, from a frame outwards."""
    while frame is not None:
        file = is_own(frame.f_code)
        if file is not None:
            return frame, file
        frame = frame.f_back
    return None


def default_folder() -> Path:
    """Return the folder of the running program, or the working directory."""
    main = sys.modules.get("__main__")
    name = getattr(main, "__file__", None)
    return Path(name).resolve().parent if name else Path.cwd()
