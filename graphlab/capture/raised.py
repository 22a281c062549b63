"""What a recording says of the exception that ended the script."""

from __future__ import annotations

import traceback
from typing import Any

from graphlab.capture.own_files import OwnFiles


def describe_error(error: BaseException, files: OwnFiles, *, has_values: bool) -> dict[str, Any]:
    """Return type, message and traceback of an exception, and the innermost line of the script's own in it.

    Args:
        has_values: whether the message may be kept, which is free to name values.
    """
    file, line = None, None
    if isinstance(error, SyntaxError) and error.filename:
        file, line = files.shorten(error.filename), error.lineno
    for frame, number in traceback.walk_tb(error.__traceback__):
        own = files.file_of(frame.f_code)
        if own is not None:
            file, line = own.path, number
    is_exit = isinstance(error, SystemExit)
    message = f"exit {error.code}" if isinstance(error, SystemExit) else files.shorten(str(error))
    lines = traceback.format_exception(error) if has_values else traceback.format_tb(error.__traceback__)
    return {
        "type": type(error).__name__,
        "message": message if has_values else "",
        "file": file,
        "line": line,
        "traceback": "" if is_exit else files.shorten("".join(lines)),
    }
