"""What the backwards of a step have reached is told as a dict of all of it would tell it, in far less memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlab.capture import counted_nodes, reached, schedule
from graphlab.capture.counted_nodes import CountedNodes
from graphlab.capture.reached import NO_NUMBER, Reached
from graphlab.capture.structures import Structure
from tests.recorded import record_text

WALKS = st.lists(
    st.tuples(st.sets(st.integers(0, 40), max_size=12), st.integers(0, 60), st.booleans(), st.booleans()), max_size=12
)


@given(WALKS, st.integers(1, 4))
def test_numbers_are_found_again_with_the_node_that_was_written_last(
    walks: list[tuple[set[int], int, bool, bool]], most: int
) -> None:
    kept, reached._MOST = reached._MOST, most  # so few that parts are put together, too
    try:
        told = Reached()
        expected: dict[int, int] = {}
        for place, (distances, first, is_written, has_leaf) in enumerate(walks):
            numbers = [first + each for each in distances] + [NO_NUMBER] * has_leaf
            assert told.find(numbers) == {each: expected[each] for each in numbers if each in expected}
            nodes = [
                expected.get(each) or 100 * (place + 1) + index if is_written else 0
                for index, each in enumerate(numbers)
            ]
            slots: list[tuple[int, ...]] = [(0,) for _ in nodes] if is_written else []
            found = Structure(1 + place % 3, nodes if is_written else [], slots, [])
            told.add(numbers, [], found)
            told.settle()
            for number, node in zip(numbers, nodes, strict=True):
                if number != NO_NUMBER and not expected.get(number):
                    expected[number] = node
        assert told.find(list(expected)) == expected
    finally:
        reached._MOST = kept


@given(st.lists(st.dictionaries(st.integers(1, 60), st.integers(0, 5), max_size=20), max_size=12), st.integers(1, 9))
def test_each_node_of_a_step_counts_once_however_many_backwards_reach_it(
    walks: list[dict[int, int]], most: int
) -> None:
    kept, counted_nodes._MANY = counted_nodes._MANY, most
    try:
        counted, expected = CountedNodes(), dict[int, int]()
        for walk in walks:
            new = {node: edges for node, edges in walk.items() if node not in expected}
            assert counted.add(walk) == sum(new.values())
            expected |= new
            assert len(counted) == len(expected)
            assert len(counted._late) <= most
        starts, ends = counted._starts.tolist(), counted._ends.tolist()
        assert all(end < start for end, start in zip(ends, starts[1:], strict=False)), "runs that meet are one"
    finally:
        counted_nodes._MANY = kept


def test_a_script_without_updates_takes_no_memory_for_each_node_of_each_backward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one step, however long it runs."""
    monkeypatch.setattr(schedule, "_MANY_BACKWARDS", 10)
    text = """
    import gc
    import sys

    import torch

    NODES = 1000
    w = torch.full((4,), 0.5, requires_grad=True)
    blocks = []
    for number in range(40):
        x = w
        for _ in range(NODES // 2):
            x = (x * w).sin()
        x.sum().backward()
        if number % 20 == 19:
            gc.collect()
            blocks.append(sys.getallocatedblocks())
    grown = (blocks[1] - blocks[0]) / 20
    assert grown < NODES, grown
    """
    run = record_text(tmp_path, text, detail="light")
    [step] = run.steps
    assert step.nodes == 40 * 1001 + 1
    assert step.edges == 40 * 1501
    assert run.reader.number("SELECT COUNT(*) FROM edge_norms") == 13, "of the first ten, then of ever fewer"
