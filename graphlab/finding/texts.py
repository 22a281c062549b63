"""The texts that are searched, each once: thousands of nodes share few ops, modules, shapes and lines.

A column holds for every row the number of its word, so a test is asked once a word and spread over the rows by numpy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy

from graphlab.counted import op_words

if TYPE_CHECKING:
    from graphlab.finding.query import Term

Array = numpy.ndarray[Any, Any]
_Word = TypeVar("_Word")


class Grown:
    """A column of numbers that grows by pieces, joined when it is asked for."""

    def __init__(self, dtype: str = "i8") -> None:
        self._dtype = dtype
        self._pieces = [numpy.empty(0, dtype)]

    def extend(self, numbers: Iterable[Any]) -> None:
        """Add a piece."""
        self.append(numpy.array(list(numbers), self._dtype))

    def append(self, piece: Array) -> None:
        """Add a piece that is a column already."""
        self._pieces.append(piece)

    @property
    def array(self) -> Array:
        """All of it."""
        if len(self._pieces) > 1:
            self._pieces = [numpy.concatenate(self._pieces)]
        return self._pieces[0]


class Column(Generic[_Word]):
    """A column of words, each kept once."""

    def __init__(self) -> None:
        self._codes: dict[_Word, int] = {}
        self._rows = Grown("i4")

    def extend(self, words: Sequence[_Word]) -> None:
        """Add rows."""
        codes = self._codes
        for word in set(words) - codes.keys():
            codes[word] = len(codes)
        self._rows.extend(codes[word] for word in words)

    def where(self, test: Callable[[_Word], bool]) -> Array:
        """Return for each row whether its word passes a test."""
        passed = numpy.fromiter((test(word) for word in self._codes), bool, len(self._codes))
        return passed[self._rows.array] if passed.size else numpy.empty(0, bool)


def contains(text: str) -> Callable[[str | None], bool]:
    """Return a test for words that hold a text: whatever its case, unless it has a capital itself (as in ripgrep)."""
    if text.lower() == text:
        return lambda word: word is not None and text in word.lower()
    return lambda word: word is not None and text in word


def is_under(path: str) -> Callable[[str | None], bool]:
    """Return a test for dotted paths that are a path or lie below it."""
    path = path.rstrip(".")
    ignores_case = path.lower() == path
    below = path + "."

    def test(word: str | None) -> bool:
        word = word.lower() if word is not None and ignores_case else word
        return word is not None and (word == path or word.startswith(below))

    return test


def has_shape(pattern: str) -> Callable[[str | None], bool]:
    """Return a test for shapes as the file writes them (`20x10`), from a term's text (`[*,10]`)."""
    sizes = [size for size in pattern[1:-1].split(",") if size]
    # Each size ends in an x, so that `...` may stand for none.
    parts = {"*": r"\d+x", "...": r"(?:\d+x)*"}
    expression = re.compile("".join(parts.get(size, f"{size}x") for size in sizes))
    return lambda word: word is not None and expression.fullmatch(word + "x" if word else "") is not None


def text_test(term: Term, column: str = "") -> Callable[[str | None], bool]:
    """Return the test of a term that asks one column; an op is found by what its row says of it too."""
    if column == "op":
        test = contains(term.text)
        return lambda word: test(word) or (word is not None and test(op_words(word)))
    if term.key == "shape":
        return has_shape(term.text)
    if term.key == "kind":
        return lambda word: word == term.text
    if term.key == "dtype":
        wanted = term.text.lower()
        return lambda word: word is not None and word.startswith(wanted)
    return contains(term.text)
