"""Where recordings and pictures go by default, and how nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

ENDING = ".glab"
FOLDER = Path("outputs")


def free_path(folder: Path, name: str, ending: str = ENDING) -> Path:
    """Return the first of `NAME.glab`, `NAME-2.glab`, … that is not there yet."""
    path = folder / f"{name}{ending}"
    number = 2
    while path.exists():
        path = folder / f"{name}-{number}{ending}"
        number += 1
    return path
