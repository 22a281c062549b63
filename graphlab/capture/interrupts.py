"""Lets no Ctrl-C end in a callback of ours.

Python raises it wherever its main thread is. In a function that is called because a tensor was let go it can only tell
of it and go on: "Exception ignored in". Without us that function would not have been there, so the Ctrl-C comes again.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_OURS = str(Path(__file__).parent) + os.sep
_SOON_SECONDS = 0.001


@contextlib.contextmanager
def keeping_interrupts() -> Iterator[None]:
    """Stand before what Python calls with an exception that nothing can catch; a script's own hook stays."""
    before = sys.unraisablehook

    def look(raised: Any) -> None:
        trace = raised.exc_traceback
        is_ours = trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS)
        if is_ours and issubclass(raised.exc_type, KeyboardInterrupt):
            # From a thread, a moment later: here it would be ignored once more.
            _thread.start_new_thread(_interrupt_again, ())
        else:
            before(raised)

    sys.unraisablehook = look
    try:
        yield
    finally:
        if sys.unraisablehook is look:
            sys.unraisablehook = before


def _interrupt_again() -> None:
    time.sleep(_SOON_SECONDS)
    _thread.interrupt_main()
