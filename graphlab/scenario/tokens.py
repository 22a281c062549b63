"""Cuts the text of a script into tokens, as far as it is Python."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator


def tokens_of(text: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the tokens of a text; where it is no Python, or Python newer than ours, what came before it."""
    # From Python 3.12 on a NUL is a SystemError beyond the first line, and half a surrogate pair a UnicodeEncodeError.
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError, SystemError, UnicodeEncodeError):
        return
