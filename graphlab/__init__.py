"""graphlab: a time-travel explorer for PyTorch computational graphs.

The package root holds the version and three lazy names, so that `import graphlab` costs milliseconds and does not
bring torch along.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing: under `python -m graphlab` that may still be a file of the current folder's

if TYPE_CHECKING:
    from typing import Any

    from graphlab.recording import open_recording as open
    from graphlab.renderers import render
    from graphlab.with_block import record

__all__ = ["__version__", "open", "record", "render"]
__version__ = "0.1.0"

_HOMES = {
    "record": ("graphlab.with_block", "record"),
    "open": ("graphlab.recording", "open_recording"),
    "render": ("graphlab.renderers", "render"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'graphlab' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__
