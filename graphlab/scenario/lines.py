"""What a script's text says line by line: chapters, narration, statements.

Only `ast` and `tokenize` look at it: nothing is run, and lines keep the numbers that they have in the file.
"""

from __future__ import annotations

import ast
import re
import threading
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from graphlab.errors import ScenarioError
from graphlab.language import _
from graphlab.scenario.tokens import tokens_of

_CHAPTER = re.compile(r"#\s*%%+\s*(?:\[\w+\]\s*)?(.*)")
# Comments that speak to tools, not to people.
_DIRECTIVE = re.compile(
    r"#!|#\s*(-\*-|vim?:|coding[:=]|type:|noqa|pragma|fmt:|yapf|nosec|flake8|isort|pylint|pyright|mypy:|ruff:)"
)
# From such a comment on its block is a question of the author's, which `scenario.questions` reads.
QUESTION = re.compile(r"#\s*\?\s*(?=\S)")
_LIST_ITEM = re.compile(r"([-*+]|\d+[.)])\s")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A `# %% Title` marker."""

    line: int
    title: str


def chapters(text: str) -> list[Chapter]:
    """Return the `# %%` markers in order, indented ones too; one without a title is named by its number."""
    found: list[Chapter] = []
    for line, comment in _whole_line_comments(plain_lines(text)):
        match = _CHAPTER.match(comment)
        if match:
            found.append(Chapter(line, match[1].strip() or _("Cell {number}").format(number=len(found) + 1)))
    return found


def narration(text: str) -> dict[int, str]:
    """Return what the comment directly above a line says, by the number of that line.

    Lines of a comment are joined to paragraphs; `#` alone parts two of them and a list keeps its lines. Chapter
    markers, comments to tools (`# noqa`, `# type:`) and questions (`# ?`, to the end of the block) are no narration.
    """
    spoken: dict[int, str] = {}
    for line, comments in comment_blocks(text):
        block: list[str] = []
        for comment in comments:
            if QUESTION.match(comment):
                break
            if not _DIRECTIVE.match(comment):
                block.append(comment.lstrip("#:").strip())
        words = _join_comment(block)
        if words:
            spoken[line] = words
    return spoken


def comment_blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the comments directly above each line, with that line's number; a chapter marker begins a block anew."""
    text = plain_lines(text)
    lines = text.split("\n")
    comments = dict(_whole_line_comments(text))
    block: list[str] = []
    for number, comment in comments.items():
        if number - 1 not in comments or _CHAPTER.match(comment):
            block = []
        if not _CHAPTER.match(comment):
            block.append(comment)
        # lines[number] is the line after this one.
        if number + 1 not in comments and number < len(lines) and lines[number].strip():
            yield number + 1, block


def statements(text: str) -> dict[int, int]:
    """Return, for every line of a statement, the line on which that statement begins.

    A compound statement counts by its header (from the first decorator to the colon); `case` and `except` have headers
    of their own. Strings that stand alone (docstrings) do nothing and are left out, and so is a text that this Python
    cannot parse.
    """
    text = plain_lines(text)
    try:
        tree = parse(text, "")
    except ScenarioError:
        return {}
    lines = text.split("\n")
    found: dict[int, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case) and not _is_string(node):
            first = _first_line(node)
            last, is_header = _last_line(node, first)
            for line in range(first, last + 1):
                # Between a header and its body may lie comments, which belong to neither.
                if not is_header or _is_code(lines[line - 1]):
                    found[line] = first
    return found


def plain_lines(text: str) -> str:
    r"""Give every line a `\n` at its end, and drop a byte order mark, as Python does before it parses."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


_PARSING = threading.Lock()
"""CPython 3.11's parser loses count of its depth when two threads are in it, and warnings' filters are everybody's."""


def parse(text: str, path: str) -> ast.Module:
    """Parse a text without a word on stderr; the path stands in messages.

    Raises:
        ScenarioError: the text is no Python.
    """
    if "\0" in text:
        raise ScenarioError(_("{path} is no Python script: it contains NUL bytes").format(path=path))
    try:
        # The script's own warnings (`"\d"`) are for the run to show, once.
        with _PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise ScenarioError(
            _("{path}, line {line}: {message}").format(path=path, line=error.lineno or 1, message=error.msg)
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ScenarioError(
            _("{path} cannot be parsed: {error}").format(path=path, error=str(error) or type(error).__name__)
        ) from error


def _whole_line_comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments that have a line for themselves; a `#` inside a string is none, which only tokens tell."""
    for token in tokens_of(text):
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip():
            yield token.start[0], token.string


def _join_comment(lines: list[str]) -> str:
    joined = ""
    for line in lines:
        if not line.strip("-=*_~#"):
            joined = joined.rstrip() + "\n\n" if joined else ""
        elif _LIST_ITEM.match(line) and joined:
            joined = joined.rstrip(" ") + ("" if joined.endswith("\n") else "\n") + line + " "
        else:
            joined += line + " "
    return joined.strip()


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _first_line(node: ast.stmt | ast.ExceptHandler | ast.match_case) -> int:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _last_line(node: ast.stmt | ast.ExceptHandler | ast.match_case, first: int) -> tuple[int, bool]:
    """Return the last line of a statement, or of its header, and whether it is a header."""
    body = getattr(node, "cases", None) or getattr(node, "body", None)
    if body:
        return max(first, _first_line(body[0]) - 1), True
    return int(getattr(node, "end_lineno", None) or first), False
