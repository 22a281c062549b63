"""Where recordings and pictures go by default, and how nothing is overwritten."""

from __future__ import annotations

import os
from pathlib import Path

ENDING = ".glab"
FOLDER = Path("outputs")


def can_write(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it is not there yet."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK) or not folder.is_dir()  # what is no folder, whoever opens it tells


def free_path(folder: Path, name: str, ending: str = ENDING) -> Path:
    """Return the first of `NAME.glab`, `NAME-2.glab`, … that is not there yet."""
    path = folder / f"{name}{ending}"
    number = 2
    while path.exists():
        path = folder / f"{name}-{number}{ending}"
        number += 1
    return path
