"""Keeps Python's garbage collector out of the way while very many objects are made that all stay.

Separate, because reading a graph and drawing one both do so: the collector would look through all of them again and
again, and find nothing, which takes longer than making them.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Collect no garbage within the block (or the function, as a decorator)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
