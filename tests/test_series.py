"""Curves over all steps say what `Recording` says step by step, in instalments, and go on while a run does."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from graphlab.series import Series
from tests import builders


def test_curves_agree_with_the_recording_at_every_step(tmp_path: Path) -> None:
    recording = builders.training(tmp_path, steps=7)
    series = Series(recording)
    leaves = series.leaves(7)
    assert [leaf.name for leaf in leaves] == ["w", "b"]
    assert series.read_on(leaves, 10.0)
    for leaf in leaves:
        for step in recording.steps:
            gradient = next(g for g in recording.step_gradients(step.step) if g.node == leaf.node).gradient
            state = next(p for p in recording.step_parameters(step.step) if p.node == leaf.node)
            assert gradient is not None and gradient.array is not None
            assert state.value is not None and state.value.array is not None
            index = step.step - 1
            assert series.curve(leaf, "gradient").numbers[index] == pytest.approx(float(gradient.array[0]))
            assert series.curve(leaf, "value").numbers[index] == pytest.approx(float(state.value.array[0]))
            assert abs(series.curve(leaf, "update").numbers[index]) == pytest.approx(state.update_norm)
            at = series.at(leaf.node, step.step)
            assert (at.gradient, at.value, at.update_norm) == (gradient, state.value, state.update_norm)


def test_losses_are_those_of_the_steps(tmp_path: Path) -> None:
    recording = builders.training(tmp_path)
    assert Series(recording).losses().tolist() == recording.losses


def test_a_leaf_that_is_no_parameter_is_listed_where_it_got_a_gradient(tmp_path: Path) -> None:
    series = Series(builders.rnn_cell(tmp_path))
    leaves = series.leaves(1)
    assert [(leaf.name, leaf.size, leaf.is_parameter) for leaf in leaves] == [("W_h", 400, False), ("W_x", 200, False)]
    assert series.read_on(leaves, 1.0)
    at = series.at(leaves[0].node, 1)
    assert at.gradient is not None
    assert series.curve(leaves[0], "gradient").numbers[0] == pytest.approx(at.gradient.statistics.norm)
    assert not series.curve(leaves[0], "update").is_there[0]


def test_curves_grow_with_the_run(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=2)
    series = Series(recording)
    leaves = series.leaves(1)
    series.read_on(leaves, 1.0)
    known = series.curve(leaves[0], "gradient").known
    assert known < len(recording.steps)
    run.meta(status="ok")
    run.writer.close()
    recording.refresh()
    assert series.read_on(leaves, 1.0)
    assert series.curve(leaves[0], "gradient").known == len(recording.steps) == 2


def test_an_instalment_ends_in_time_and_the_rest_comes_later(tmp_path: Path) -> None:
    recording = builders.training(tmp_path, steps=600)
    series = Series(recording)
    leaves = series.leaves(1)
    instalments = 1
    while not series.read_on(leaves, 0.0):
        instalments += 1
    assert instalments == 2 * 3  # two leaves, 256 steps at a time
    assert numpy.isfinite(series.curve(leaves[0], "gradient").numbers).all()


def test_two_thousand_steps_are_read_in_few_queries(tmp_path: Path) -> None:
    recording = builders.training(tmp_path, steps=2000)
    series = Series(recording)
    leaves = series.leaves(1)
    asked: list[str] = []
    with recording.reader.session() as connection:  # which all queries inside share
        connection.set_trace_callback(asked.append)
        assert series.read_on(leaves, 600.0)
        connection.set_trace_callback(None)
    assert 2 <= len(asked) < 2000 / 20
