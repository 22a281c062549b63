"""The alignment of two sequences: common, in order, and as long as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from graphlab.graph.diff import alignment
from graphlab.graph.diff.alignment import align, gaps, longest_increasing

TOKENS = st.lists(st.integers(0, 3), max_size=14)


def longest_common(one: Sequence[int], two: Sequence[int]) -> int:
    """Return the length of a longest common subsequence, by the textbook."""
    table = [[0] * (len(two) + 1) for _ in range(len(one) + 1)]
    for i in reversed(range(len(one))):
        for j in reversed(range(len(two))):
            same = one[i] == two[j]
            table[i][j] = table[i + 1][j + 1] + 1 if same else max(table[i + 1][j], table[i][j + 1])
    return table[0][0]


def check(one: Sequence[int], two: Sequence[int], pairs: list[tuple[int, int]]) -> None:
    assert all(one[first] == two[second] for first, second in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))


@given(TOKENS, TOKENS)
def test_as_much_is_aligned_as_can_be(one: list[int], two: list[int]) -> None:
    pairs = align(one, two)
    check(one, two, pairs)
    assert len(pairs) == longest_common(one, two)


def test_sequences_with_too_many_differences_are_aligned_all_the_same() -> None:
    # Each number on the one side lies backwards on the other: the search for the best would take all pairs.
    one = [number % 7 for number in range(6_000)]
    two = [number * 3 % 7 for number in range(9_000)]
    pairs = align(one, two)
    check(one, two, pairs)
    assert len(pairs) > alignment.MOST_EDITS


@given(st.lists(st.integers(0, 9), max_size=8))
def test_an_increasing_subsequence_is_a_longest_one(values: list[int]) -> None:
    found = [values[position] for position in longest_increasing(values)]
    assert all(a < b for a, b in pairwise(found))
    assert len(found) == longest_common(values, sorted(set(values)))


def test_gaps_lie_between_anchors() -> None:
    assert gaps([(1, 0), (4, 3)], 6, 4) == [
        (range(1), range(0)),
        (range(2, 4), range(1, 3)),
        (range(5, 6), range(4, 4)),
    ]
