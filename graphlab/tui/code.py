"""Colours for Python source by the standard library's tokenizer: no other highlighter weighs on the start."""

from __future__ import annotations

import builtins
import keyword
import token as tokens
import tokenize
from functools import lru_cache

from graphlab.scenario.tokens import tokens_of
from graphlab.tui.rows import Row

_BUILTINS = frozenset(dir(builtins))
_STRINGS = {tokens.STRING, *(getattr(tokens, name) for name in dir(tokens) if name.startswith("FSTRING"))}


@lru_cache(16)
def highlight(text: str) -> list[Row]:
    """Return the lines of a script as rows; what cannot be tokenized stays plain."""
    lines = text.expandtabs(4).splitlines()
    rows: list[Row] = [[] for _ in lines]
    done = [0] * len(lines)

    def put(line: int, start: int, end: int, style: str) -> None:
        if line < len(lines) and end > start:
            if start > done[line]:
                rows[line].append((lines[line][done[line] : start], "code.name"))
            rows[line].append((lines[line][start:end], style))
            done[line] = end

    is_definition = False
    for found in tokens_of("\n".join(lines)):
        style = _style(found, is_definition=is_definition)
        is_definition = found.string in {"def", "class"} and found.type == tokens.NAME
        if not style:
            continue
        (first, start), (last, end) = found.start, found.end
        for index in range(first - 1, last):
            stop = end if index == last - 1 else len(lines[index]) if index < len(lines) else 0
            put(index, start if index == first - 1 else 0, stop, style)
    for number, line in enumerate(lines):
        if done[number] < len(line):
            rows[number].append((line[done[number] :], "code.name"))
    return rows


def _style(found: tokenize.TokenInfo, *, is_definition: bool) -> str:
    if found.type == tokens.COMMENT:
        return "chapter" if found.string.startswith("# %%") else "code.comment"
    if found.type in _STRINGS:
        return "code.string"
    if found.type == tokens.NUMBER:
        return "code.number"
    if found.type == tokens.OP:
        return "code.operator"
    if found.type == tokens.NAME:
        if keyword.iskeyword(found.string):
            return "code.keyword"
        if is_definition:
            return "code.function"
        return "code.builtin" if found.string in _BUILTINS else ""
    return ""
