"""Lanes from packed columns: those of the walk from the first row on, at any window of rows."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from graphlab.layout.lanes import LaneRow, Lanes, newest_first
from graphlab.layout.packed import PackedLanes, pack_newest_first

Edges = list[tuple[int, int]]

LARGE = 20_000


@some.composite
def graphs(draw: some.DrawFn) -> tuple[int, Edges]:
    """Draw a graph: nodes in the order in which they ran, edges in the order of target and slot."""
    count = draw(some.integers(1, 40))
    edges = []
    for target in range(1, count):
        edges += [(source, target) for source in draw(some.lists(some.integers(0, target - 1), max_size=4))]
    return count, edges


def both(count: int, edges: Edges) -> tuple[Lanes, PackedLanes]:
    """Return the lanes of a graph, made in either way."""
    sources, targets = [source for source, _ in edges], [target for _, target in edges]
    order = newest_first(range(count), sources, targets)
    packed_sources, packed_targets = numpy.array(sources, "i8"), numpy.array(targets, "i8")
    packed = pack_newest_first(count, packed_sources, packed_targets)
    assert packed.tolist() == order
    rows = numpy.empty(count, "i4")
    rows[packed] = numpy.arange(count, dtype="i4")
    # Nodes have numbers of their own, so that none is taken for a row.
    numbers = [node + 1000 for node in order]
    walked = Lanes(numbers, [source + 1000 for source in sources], [target + 1000 for target in targets])
    return walked, PackedLanes(packed + 1000, rows[packed_sources], rows[packed_targets])


def without_hidden(row: LaneRow, limit: int) -> LaneRow:
    """Leave out of a row what leads to lanes that are not drawn, as packed lanes do."""
    joins = tuple(join for join in row.joins if join.lane < limit)
    return replace(row, joins=joins, hidden_joins=0)


@settings(max_examples=200, deadline=None)
@given(graphs(), some.integers(1, 6))
@example((1, []), 1)
@example((5, [(0, 4), (0, 4), (1, 4), (2, 4), (3, 4)]), 2)
def test_packed_lanes_are_those_of_the_walk(graph: tuple[int, Edges], limit: int) -> None:
    walked, packed = both(*graph)
    count = len(packed)
    assert packed.rows(0, count) == walked.rows(0, count)
    assert packed.width == walked.width
    found = packed.rows(0, count, limit)
    assert [replace(row, hidden_joins=0) for row in found] == [
        without_hidden(row, limit) for row in walked.rows(0, count, limit)
    ]
    for row, whole in zip(found, walked.rows(0, count), strict=True):
        assert row.hidden == len(whole.passing) - len(row.passing)
        is_cut = row.hidden_joins > 0
        assert is_cut == any(join.lane >= limit for join in whole.joins)


@cache
def large(kind: str) -> tuple[Lanes, PackedLanes]:
    """Return both for a chain with connections that skip ops, or a graph that uses two of the ops before it."""
    chance = random.Random(kind)
    edges: Edges = []
    for node in range(1, LARGE):
        if node % 5 == 0:
            continue  # a parameter, which the next op uses
        near = [node - 1, node - 2] if kind == "chain" else [chance.randrange(max(node - 40, 0), node) for _ in "ab"]
        far = [chance.randrange(node)] if chance.random() < 0.02 else []
        edges += [(source, node) for source in [*near, *far] if source >= 0]
    return both(LARGE, edges)


@pytest.mark.parametrize("kind", ["chain", "random"])
@settings(max_examples=25, deadline=None)
@given(jumps=some.lists(some.integers(0, LARGE - 1), min_size=1, max_size=4), limit=some.sampled_from([1, 4, 12]))
def test_a_jump_anywhere_shows_what_the_walk_from_the_start_shows(kind: str, jumps: list[int], limit: int) -> None:
    walked, packed = large(kind)
    for start in jumps:
        found = [replace(row, hidden_joins=0) for row in packed.rows(start, start + 30, limit)]
        assert found == [without_hidden(row, limit) for row in walked.rows(start, start + 30, limit)]


def test_lanes_are_made_only_as_far_down_as_somebody_looks() -> None:
    _, packed = both(LARGE, [(max(node - 1 - node % 7, 0), node) for node in range(1, LARGE)])
    packed.rows(0, 50)
    lanes = packed._lanes[packed._path[packed._opener > LARGE // 2]]
    assert not lanes.any()
    packed.finish()
    assert packed._lanes.max() + 1 == packed.width


def test_a_node_with_100_000_leaves_is_drawn_with_few_lanes() -> None:
    count = 100_001
    sources, targets = numpy.arange(count - 1), numpy.full(count - 1, count - 1)
    order = pack_newest_first(count, sources, targets)
    rows = numpy.empty(count, "i4")
    rows[order] = numpy.arange(count, dtype="i4")
    packed = PackedLanes(order, rows[sources], rows[targets])
    top, first, *_ = packed.rows(0, 40, 12)
    assert (len(top.joins), top.hidden_joins) == (11, count - 1 - 12)
    assert (len(first.passing), first.hidden) == (11, count - 2 - 11)
    assert packed.rows(count - 1, count, 12)[0].hidden == 0


def test_an_edge_against_the_order_has_no_lane() -> None:
    packed = PackedLanes(numpy.array([1, 2]), numpy.array([0]), numpy.array([1]))
    assert [(row.joins, row.below) for row in packed.rows(0, 2)] == [((), None)] * 2


def test_no_rows_are_no_lanes() -> None:
    nothing = numpy.zeros(0, "i8")
    packed = PackedLanes(pack_newest_first(0, nothing, nothing), nothing, nothing)
    assert (len(packed), packed.width, packed.rows(0, 9)) == (0, 0, [])
