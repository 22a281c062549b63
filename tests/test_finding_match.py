"""What a search finds: the same as a slow look at every node and every moment."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from graphlab.finding import Index, Query, Term, find_matches, parse_query
from graphlab.finding.why import describe
from graphlab.model import LEAF_KINDS, Event, Node, Snapshot
from graphlab.recording import Recording
from tests import builders
from tests.recorded import record_text

SOURCE = """w = zeros(2)
b = zeros(3)
x = data(2)
h = mul(w,
        b)
Tall = add(x, h)
loss.backward()
w -= w.grad
w.grad = None
print("Sum", b)"""
LINES = {"w": 1, "b": 2, "x": 3, "h": 4, "Tall": 6}
ENTRIES = (0.0, 1.0, -3.0, 1e-9, math.nan, math.inf)
TERMS = (
    "w", "mul", "Mul", "Tall", "zeros", "sum", "loss", "-b", "-add", "op:add", "op:Mul", "name:h", "-name:x", "name:W",
    "line:4", "-line:6", "file:toy", "kind:op", "kind:param", "-kind:data", "kind:line", "kind:printed", "shape:[2]",
    "shape:[*]", "shape:[...,3]", "-shape:[3]", "dtype:float32", "nan", "inf", "-nan", "grad:nan", "grad:0",
    "grad:none", "-grad:none", "grad:inf", "-grad:0", "value:nan", "value:0", "-value:0", "|grad|>1", "|grad|<0.5",
    "-|grad|>2", "|value|>=1", "|value|<1e-6", "|grad|=0",
)  # fmt: skip
numbers = some.sampled_from(ENTRIES)
programs = some.lists(
    some.lists(
        some.tuples(some.sampled_from(["h", "Tall"]), some.sampled_from(["mul", "add"]), numbers, some.booleans()),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=3,
)
queries = some.lists(some.sampled_from(TERMS), min_size=1, max_size=3, unique=True).map(" ".join)


@numpy.errstate(all="ignore")
def play(folder: Path, program: list[list[tuple[str, str, float, bool]]], first: float) -> Recording:
    """Return the run of a toy script: a step is ops (of which some lead nowhere), a backward, an update and a print."""
    run = builders.Run(folder / "toy.glab", SOURCE, "toy")
    held = {}
    for name, kind, size in (("w", "parameter", 2), ("b", "leaf", 2), ("x", "data", 3)):
        held[name] = run.leaf(LINES[name], numpy.full(size, first, "f4"), kind=kind)
        run.line(LINES[name], **{name: held[name]})
    for number, step in enumerate(program, 1):
        setup = run.event
        run.operations.clear()
        made = held["w"]
        for name, op, factor, leads_on in step:
            array = (made.array * numpy.float32(factor)).astype("f4")
            value = run.op(
                LINES[name], op, array, (made, partial(numpy.multiply, numpy.float32(factor))), (held["b"], abs)
            )
            run.line(LINES[name], **{name: value})
            made = value if leads_on else made
        forward = run.event
        run.backward(7, made)
        run.line(7)
        backward = run.event
        if number > 1 and held["w"].grad is not None:
            run.update(8, held["w"], 0.5)
        run.line(8)
        run.spans(number, ("setup", setup), ("forward", forward), ("backward", backward), ("update", run.event))
        if number != 2:
            run.zero(9, held["w"])
        run.line(9)
        run.happen("output", 10, text="Sum 3\n", data='{"stream": "stdout"}')
        run.line(10)
    return run.end()


# --- the slow look


class Oracle:
    """Answers the same questions from what the recording says of each moment."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.nodes = recording.reader.nodes("ORDER BY id")
        self.moments = range(recording.event_count + 1)
        self.tags: dict[int, set[str]] = {}
        for moment in self.moments:
            for node, names in recording.names(moment).items():
                self.tags.setdefault(node, set()).update(names)

    def find(self, query: Query) -> list[tuple[int, int]]:
        """Return events and nodes (0: none)."""
        figures = [term for term in query.wanted if term.asks_figures]
        nodes = [
            node
            for node in self.nodes
            if all(self.says(node, term) != term.is_excluded for term in query.terms if not term.asks_figures)
        ]
        bad = [Term(term.key, term.text, term.number) for term in query.excluded if term.asks_figures]
        found = []
        for node in nodes:
            refused = {step for term in bad for step in self.steps(node, [term])}
            if figures:
                steps = self.steps(node, figures)
                found += [(steps[step], node.id) for step in steps if step not in refused]
            elif not refused:
                found.append((node.event, node.id))
        if not figures:
            found += self.lines(query, [event for event, _ in found])
        return sorted(found)

    def steps(self, node: Node, terms: list[Term]) -> dict[int, int]:
        """Return, by step, the first moment at which terms about figures hold."""
        found: dict[int, int] = {}
        asks_values_alone = all(term.asks_value for term in terms)
        for moment in self.moments:
            has_come = not asks_values_alone and self.has_come(node, moment)
            is_value = self.made_value(node, moment) and not any(term.asks_gradient for term in terms)
            for has_gradient in [True] * has_come + [False] * is_value:
                if all(self.holds(node, moment, term, has_gradient=has_gradient) for term in terms):
                    found.setdefault(self.recording.number_at(moment), moment)
            if self.got_none(node, moment) and any(term.text == "none" for term in terms):
                others = [term for term in terms if term.text != "none"]
                if all(self.holds(node, moment, term, has_gradient=False) for term in others):
                    found.setdefault(self.recording.number_at(moment), moment)
        return found

    def has_come(self, node: Node, moment: int) -> bool:
        event = self.recording.event(moment) if moment else None
        if event is None or self.recording.gradient(node.id, moment) is None:
            return False
        is_root = event.kind == "backward_start" and node.id in event.details["roots"]
        return is_root or (event.kind in {"gradient", "accumulate"} and event.node == node.id)

    def made_value(self, node: Node, moment: int) -> bool:
        tensor = self.recording.value_tensor(node.id, moment)
        return tensor is not None and tensor.event == moment

    def got_none(self, node: Node, moment: int) -> bool:
        step = self.recording.step_of(moment)
        ends = [event.id for event in self.recording.events_between(step.first, step.last, ("backward_end",))]
        if not ends or moment != ends[-1] or node.event > moment:
            return False
        if node.kind == "op" and self.recording.number_at(node.event) != step.step:
            return False
        return node.kind in {"op", *LEAF_KINDS} and self.recording.gradient(node.id, moment) is None

    def holds(self, node: Node, moment: int, term: Term, *, has_gradient: bool) -> bool:
        gradient = self.recording.gradient(node.id, moment) if has_gradient else None
        value = self.recording.value(node.id, moment)
        if term.key == "any":
            return is_so(gradient, term) or is_so(value, term)
        return is_so(gradient if term.asks_gradient else value, term)

    def says(self, node: Node, term: Term) -> bool:
        tags = self.tags.get(node.id, set())
        text = statement(node.line)
        words: dict[str, list[str | None]] = {
            "word": [node.op, node.call, node.name, node.module, *tags, text],
            "op": [node.op, node.call],
            "name": [node.name, *tags],
            "file": ["toy.py"],
            "dtype": [node.dtype],
        }
        if term.key == "shape":
            return (node.shape is not None) and {
                "[2]": node.shape == (2,), "[*]": len(node.shape) == 1, "[...,3]": node.shape[-1:] == (3,),
                "[3]": node.shape == (3,),
            }[term.text]  # fmt: skip
        if term.key in {"line", "kind"}:
            return node.line == term.number if term.key == "line" else node.kind == term.text
        return any(has_text(word, term.text) for word in words[term.key])

    def lines(self, query: Query, made: list[int]) -> list[tuple[int, int]]:
        events = [event for event in self.recording.events if event.kind in {"line", "output"}]
        found = []
        for before, event in pairwise([None, *events]):
            assert event is not None
            has_node = any((before.id if before else 0) < moment <= event.id for moment in made)
            is_asked = all(line_says(event, term) != term.is_excluded for term in query.terms)
            if is_asked and not (has_node and event.kind == "line"):
                found.append((event.id, 0))
        return found


def statement(line: int | None) -> str:
    return {4: "h = mul(w,\n        b)"}.get(line or 0, SOURCE.split("\n")[(line or 1) - 1])


def has_text(word: str | None, text: str) -> bool:
    return word is not None and (text in word or (text == text.lower() and text in word.lower()))


def line_says(event: Event, term: Term) -> bool:
    if term.key == "kind":
        return term.text == {"line": "line", "output": "printed"}[event.kind]
    if term.key == "line":
        return event.line == term.number
    text = statement(event.line) if event.kind == "line" else event.text
    return (term.key == "file" and has_text("toy.py", term.text)) or (term.key == "word" and has_text(text, term.text))


def is_so(snapshot: Snapshot | None, term: Term) -> bool:
    if snapshot is None:
        return False
    statistics = snapshot.statistics
    norm = statistics.norm
    assert norm is not None
    if term.key.startswith("|"):
        signs = {">": norm > term.number, "<": norm < term.number, ">=": norm >= term.number, "=": norm == term.number}
        return signs[term.text]
    counts: dict[str, Any] = {"nan": statistics.nans, "inf": statistics.infinities, "0": norm == 0, "none": 0}
    return bool(counts[term.text])


@given(program=programs, first=numbers, text=queries)
@settings(max_examples=60, deadline=None)
def test_the_same_is_found_as_by_looking_at_every_moment(program: Any, first: float, text: str) -> None:
    query = parse_query(text)
    assert isinstance(query, Query)
    with TemporaryDirectory() as folder:
        recording = play(Path(folder), program, first)
        index = Index(recording)
        index.feed(has_figures=query.asks_figures)
        found = find_matches(index, query)
        pairs = list(zip(found.rows.events.tolist(), found.rows.nodes.tolist(), strict=True))
        assert pairs == Oracle(recording).find(query)
        said = [describe(index, query, found, place) for place in range(len(found))]
        assert [(each.event, each.node or 0) for each in said] == pairs
        assert all(each.why for each in said if query.wanted)
        recording.close()


# --- what random toys do not have


def find(recording: Recording, text: str) -> tuple[list[tuple[int, int]], tuple[str, ...]]:
    """Return what is found as events and nodes, and what could not be asked."""
    query = parse_query(text)
    assert isinstance(query, Query)
    index = Index(recording)
    index.feed(has_figures=query.asks_figures)
    found = find_matches(index, query)
    return list(zip(found.rows.events.tolist(), found.rows.nodes.tolist(), strict=True)), found.notes


def names(recording: Recording, text: str) -> set[str | None]:
    """Return the ops or names of the nodes that are found."""
    found = [recording.node(node) for _, node in find(recording, text)[0] if node]
    return {node.op or node.name for node in found}


def node_named(recording: Recording, name: str) -> int:
    """Return a parameter's node."""
    return next(node.id for node in recording.reader.nodes("WHERE name = ?", name))


MODEL = """
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    frozen = torch.nn.Linear(1, 1).requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(4):
        loss = frozen(model(torch.ones(2, 3))).sum() * (float("nan") if step == 2 else 100.0)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    h = torch.ones(3, requires_grad=True) * 2
    h.relu_()
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("full"), MODEL)


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("light"), MODEL, detail="light")


def test_modules_hold_their_ops_and_their_parameters(full: Recording) -> None:
    assert names(full, "module:0") == {"AddmmBackward0", "TBackward0", "0.weight", "0.bias"}
    assert names(full, "module:0 kind:parameter shape:[4,*]") == {"0.weight"}
    assert names(full, "module:1") == {"ReluBackward0"}


def test_a_change_in_place_takes_the_name_to_the_node_that_it_made(full: Recording) -> None:
    assert names(full, "name:h op:relu") == {"ReluBackward0"}


def test_a_parameter_is_found_once_a_step_where_its_gradient_came_not_where_it_was_clipped(full: Recording) -> None:
    found, notes = find(full, "name:2.bias |grad|>0.1")
    assert {full.event(event).kind for event, _ in found} == {"accumulate"}
    assert [full.step_of(event).step for event, _ in found] == [1, 2, 4]
    assert notes == ()
    broken, _ = find(full, "name:2.bias grad:nan")
    assert [full.step_of(event).step for event, _ in broken] == [3]


@pytest.mark.parametrize("text", ["grad:nan kind:parameter", "|grad|>1 kind:parameter"])
def test_light_gradients_are_found_at_the_end_of_the_backward_of_each_step(light: Recording, text: str) -> None:
    query = parse_query(text)
    assert isinstance(query, Query)
    expected = [
        (light.last_backward_end(step), leaf.node)
        for step in light.steps
        for leaf in light.step_gradients(step.step)
        if is_so(leaf.gradient, query.terms[0])
    ]
    found, notes = find(light, text)
    assert found == sorted(expected)
    assert found
    assert notes == ("in light the gradients inside the graph are recorded only at the steps on the schedule",)


def test_light_finds_gradients_inside_the_graph_and_values_where_they_were_kept(light: Recording) -> None:
    inside, _ = find(light, "op:relu grad:nan")
    assert [light.step_of(event).step for event, _ in inside] == [3, 4]
    found, notes = find(light, "value:nan")
    assert {light.node(node).kind for _, node in found} == {"parameter"}
    assert {light.step_of(event).step for event, _ in found} == {3, 4}
    assert "values are not recorded in light" in notes[0]
    both, _ = find(light, "value:nan -grad:nan")
    assert both == [(light.steps[3].last, node_named(light, "2.bias"))]


def test_what_was_frozen_got_no_gradient(full: Recording, light: Recording) -> None:
    found, _ = find(full, "grad:none kind:parameter")
    frozen = {node_named(full, name) for name in ("weight", "bias")}
    assert found == [(full.last_backward_end(step), node) for step in full.steps for node in sorted(frozen)]
    assert names(light, "grad:none") == {"weight", "bias"}


def test_values_that_were_not_kept_are_found_by_their_norms(tmp_path: Path) -> None:
    recording = record_text(tmp_path, MODEL, has_values=False)
    assert names(recording, "value:nan op:mul") == {"MulBackward0"}
    assert names(recording, "|grad|>1 op:relu") == {"ReluBackward0"}


def test_a_run_that_goes_on_is_read_on(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=2)
    index = Index(recording)
    query = parse_query("op:add")
    assert isinstance(query, Query)
    assert index.feed(has_figures=True)
    assert len(find_matches(index, query)) == 2
    run.happen("op", 20, text="add", node=run.number("nodes"))
    number = run.counts["nodes"]
    run.writer.insert(
        "nodes", (number, "op", run.event, "AddBackward0", "add", None, None, 1, 20, "2", "float32", "cpu")
    )
    run.writer.commit()
    assert len(find_matches(index, query)) == 2
    recording.refresh()
    assert index.feed(has_figures=True)
    assert len(find_matches(index, query)) == 3
    run.end()


def test_a_leaf_that_turns_out_to_be_a_parameter_is_found_as_one(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=1)
    index = Index(recording)
    query = parse_query("kind:parameter")
    assert isinstance(query, Query)
    leaf = run.leaf(7, numpy.zeros(2, "f4"))
    run.writer.commit()
    recording.refresh()
    index.feed(has_figures=False)
    before = len(find_matches(index, query))
    run.writer.set_node(leaf.node, "parameter", "scale")
    run.line(7, scale=leaf)
    run.writer.commit()
    recording.refresh()
    index.feed(has_figures=True)
    assert len(find_matches(index, query)) == before + 1
    run.end()


def test_the_word_loss_finds_what_a_backward_begins_at_whatever_the_script_calls_it(tmp_path: Path) -> None:
    run = builders.Run(tmp_path / "cost.glab", "w = ones(2)\nJ = sum(w)\nJ.backward()", "cost")
    w = run.leaf(1, numpy.ones(2, "f4"))
    run.line(1, w=w)
    cost = run.op(2, "sum", numpy.array(2.0, "f4"), (w, lambda gradient: gradient * numpy.ones(2, "f4")))
    run.line(2, J=cost)
    run.backward(3, cost)
    recording = run.end()
    index = Index(recording)
    index.feed(has_figures=False)
    for text, count in {"loss": 1, "Loss": 1, "los": 0, "-loss": None}.items():
        query = parse_query(text)
        assert isinstance(query, Query)
        matches = find_matches(index, query)
        kinds = [recording.node(node).kind for node in matches.rows.nodes.tolist() if node]
        assert kinds == ["output"] * count if count is not None else "output" not in kinds
        if count:
            assert describe(index, query, matches, 0).why == "the loss: a backward begins here"


def test_a_tensor_that_becomes_a_node_later_is_named_then(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=1)
    index = Index(recording)
    query = parse_query("name:late")
    assert isinstance(query, Query)
    value = run.leaf(7, numpy.zeros(2, "f4"), kind="data")
    bare = run.number("tensors")
    run.writer.insert("tensors", (bare, bare, run.event, None, 0, "", "2", "float32", "cpu", 0, None))
    run.line(7, late=builders.Value(value.array, bare, value.node, needs_grad=False))
    run.writer.commit()
    recording.refresh()
    index.feed(has_figures=False)
    assert len(find_matches(index, query)) == 0
    run.writer.set_tensor_node(bare, value.node, requires_grad=False)
    run.line(7)
    run.writer.commit()
    recording.refresh()
    index.feed(has_figures=False)
    assert find_matches(index, query).rows.nodes.tolist() == [value.node]
    run.end()


def test_reading_in_instalments_ends_with_the_same(full: Recording) -> None:
    query = parse_query("|grad|>1")
    assert isinstance(query, Query)
    slow = Index(full)
    instalments = 1
    while not slow.feed(has_figures=True, seconds=0.0):
        instalments += 1
    assert instalments > 3
    found = find_matches(slow, query)
    assert list(zip(found.rows.events.tolist(), found.rows.nodes.tolist(), strict=True)) == find(full, "|grad|>1")[0]
