"""The longest common order of two sequences: what a text diff does for lines, here for ops in the order of a run.

Plain functions of numbers, without any idea of a graph.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Hashable, Sequence

MOST_EDITS = 1_500
"""Differences beyond which two sequences are aligned less carefully, but at once."""


def longest_increasing(values: Sequence[int]) -> list[int]:
    """Return the positions of a longest strictly increasing subsequence."""
    tops: list[int] = []
    heads: list[int] = []
    before = [-1] * len(values)
    for position, value in enumerate(values):
        pile = bisect_left(tops, value)
        before[position] = heads[pile - 1] if pile else -1
        if pile == len(tops):
            tops.append(value)
            heads.append(position)
        else:
            tops[pile] = value
            heads[pile] = position
    found = []
    position = heads[-1] if heads else -1
    while position >= 0:
        found.append(position)
        position = before[position]
    return found[::-1]


def align(one: Sequence[Hashable], two: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return pairs of positions with equal tokens, both increasing, as many as can be found at a bounded cost."""
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    end = 0
    while end < min(len(one), len(two)) - start and one[-1 - end] == two[-1 - end]:
        end += 1
    inner = _align_inner(one[start : len(one) - end], two[start : len(two) - end])
    return [
        *((index, index) for index in range(start)),
        *((start + first, start + second) for first, second in inner),
        *((len(one) - index, len(two) - index) for index in range(end, 0, -1)),
    ]


def _align_inner(one: Sequence[Hashable], two: Sequence[Hashable]) -> list[tuple[int, int]]:
    if not one or not two:
        return []
    common = set(one) & set(two)
    # What occurs on one side alone is in no pair, and would only make the search long.
    firsts = [index for index, token in enumerate(one) if token in common]
    seconds = [index for index, token in enumerate(two) if token in common]
    kept_one, kept_two = [one[index] for index in firsts], [two[index] for index in seconds]
    pairs = _shortest_edit(kept_one, kept_two)
    if pairs is None:
        pairs = _next_occurrence(kept_one, kept_two)
    return [(firsts[first], seconds[second]) for first, second in pairs]


def _shortest_edit(one: Sequence[Hashable], two: Sequence[Hashable]) -> list[tuple[int, int]] | None:
    """Find a longest common subsequence by Myers' greedy search, or None where there are too many differences.

    Its cost is the length times the number of differences. Kept of every round is how far each diagonal reached.
    """
    middle = MOST_EDITS + 1
    reach = [0] * (2 * middle + 1)
    rounds: list[array[int]] = []
    for edits in range(min(len(one) + len(two), MOST_EDITS) + 1):
        rounds.append(array("l", reach[middle - edits - 1 : middle + edits + 2]))
        for diagonal in range(-edits, edits + 1, 2):
            below, above = reach[middle + diagonal - 1], reach[middle + diagonal + 1]
            is_down = diagonal == -edits or (diagonal != edits and below < above)
            first = above if is_down else below + 1
            second = first - diagonal
            while first < len(one) and second < len(two) and one[first] == two[second]:
                first += 1
                second += 1
            reach[middle + diagonal] = first
            if first >= len(one) and second >= len(two):
                return _walk_back(rounds, len(one), len(two))
    return None


def _walk_back(rounds: list[array[int]], first: int, second: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for edits in range(len(rounds) - 1, -1, -1):
        reach, middle = rounds[edits], edits + 1
        diagonal = first - second
        below, above = reach[middle + diagonal - 1], reach[middle + diagonal + 1]
        is_down = diagonal == -edits or (diagonal != edits and below < above)
        start = above if is_down else below + 1
        if not edits:
            start = 0
        while first > start:
            first -= 1
            second -= 1
            pairs.append((first, second))
        first, second = (start, second - 1) if is_down else (start - 1, second)
    return pairs[::-1]


def _next_occurrence(one: Sequence[Hashable], two: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pair the first of each token with the first on the other side, the second with the second, as far as it goes."""
    places: dict[Hashable, list[int]] = {}
    for index, token in enumerate(two):
        places.setdefault(token, []).append(index)
    candidates: list[tuple[int, int]] = []
    used: dict[Hashable, int] = {}
    for index, token in enumerate(one):
        found = places.get(token, [])
        count = used.get(token, 0)
        if count < len(found):
            used[token] = count + 1
            candidates.append((index, found[count]))
    kept = longest_increasing([second for _, second in candidates])
    return [candidates[position] for position in kept]


def gaps(anchors: Sequence[tuple[int, int]], one: int, two: int) -> list[tuple[range, range]]:
    """Return the stretches between anchors that increase on both sides, of sequences of these lengths."""
    found = []
    first = second = 0
    for next_first, next_second in [*anchors, (one, two)]:
        found.append((range(first, next_first), range(second, next_second)))
        first, second = next_first + 1, next_second + 1
    return found
