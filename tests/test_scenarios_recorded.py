"""Every scenario, recorded: the bits of the bare run, the published figures, and the events in their order."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.autograd.graph

from graphlab.analysis.findings import check
from graphlab.capture.schedule import is_scheduled
from graphlab.quiz import find_problems
from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.request import RunRequest
from graphlab.scenario import list_scenarios, questions

ROOT = Path(__file__).resolve().parent.parent
GOLDENS = Path(__file__).parent / "goldens" / "timelines"
SCENARIOS = [scenario for scenario in list_scenarios() if scenario.path.parent == ROOT / "scenarios"]
NAMES = [scenario.name for scenario in SCENARIOS]
RAISES = {scenario.name: scenario.raises for scenario in SCENARIOS if scenario.raises}
"""With which exception a scenario ends on purpose; all others end well."""
NOTES: dict[str, list[str]] = {"functional_grad": []}
"""What a scenario makes graphlab say while it is recorded; of all others that is nothing."""
SHOWN = {
    "cross_entropy": ["softmax-before-cross-entropy"],
    "devices": ["grad-of-non-leaf"],
    "learning_rates": ["learning-rate-too-large"],
    "mistake_argmax_wrong": ["gradient-missing"],
    "mistake_backward_twice_wrong": ["second-backward"],
    "mistake_dead_relu_wrong": ["dead-relu"],
    "mistake_detach_wrong": ["gradient-missing"],
    "mistake_item_wrong": ["gradient-missing"],
    "mistake_leaf_in_place_wrong": ["leaf-changed-in-place"],
    "mistake_no_grad_wrong": ["gradient-missing"],
    "mistake_non_leaf_grad_wrong": ["grad-of-non-leaf"],
    "mistake_norm_at_zero_wrong": ["not-finite"],
    "mistake_softmax_twice_wrong": ["softmax-before-cross-entropy"],
    "mistake_where_nan_wrong": ["not-finite"],
    "mistake_zero_grad_wrong": ["gradients-not-zeroed"],
    "normalisation": ["training-in-eval-mode"],
    "rnn_cell": ["saturated"],
    "rnn_initialisation": ["saturated"],
    "zero_initialisation": ["identical-units"],
}
"""What `graphlab check` finds in those that do something wrong on purpose; all others are healthy."""
FAMILIES = ("interfaces", "linear_regression", "logistic_regression", "mlp")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@cache
def record(name: str, folder: Path, detail: str = "full") -> Recording:
    path = ROOT / "scenarios" / f"{name}.py"
    request = RunRequest(script=path, text=path.read_text(encoding="utf-8"), name=name, detail=detail)
    target = folder / f"{name}-{detail}.glab"
    tell = NOTES[name].append if name in NOTES else pytest.fail
    with contextlib.redirect_stdout(io.StringIO()):
        outcome = run_script(request, target, tell=tell)
    raised = type(outcome.error).__name__ if outcome.error is not None else None
    assert raised == RAISES.get(name), outcome.error
    return open_recording(target)


@pytest.fixture
def engine_losses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect what each backward of a bare run begins at."""
    losses: list[float] = []
    engine: Any = torch.autograd.graph._engine_run_backward

    def run(outputs: Any, *args: Any, **kwargs: Any) -> Any:
        # What requires no gradient the engine refuses: no backward has begun.
        losses.extend(float(output.detach()) for output in outputs if output.requires_grad and _is_number(output))
        return engine(outputs, *args, **kwargs)

    monkeypatch.setattr(torch.autograd.graph, "_engine_run_backward", run)
    monkeypatch.setattr(torch.autograd, "_engine_run_backward", run)
    return losses


def _is_number(output: torch.Tensor) -> bool:
    return output.numel() == 1 and not torch._C._functorch.is_functorch_wrapped_tensor(output)


@pytest.mark.parametrize("name", NAMES)
def test_recorded_losses_are_those_of_the_bare_script_bit_for_bit(
    name: str, folder: Path, engine_losses: list[float]
) -> None:
    ending: Any = pytest.raises(RuntimeError) if name in RAISES else contextlib.nullcontext()
    with contextlib.redirect_stdout(io.StringIO()), ending:
        runpy.run_path(str(ROOT / "scenarios" / f"{name}.py"), run_name="__main__")
    bare = [loss.hex() for loss in engine_losses]
    assert bare or name == "vector_jacobian"
    recorded = [loss for step in record(name, folder).steps for loss in step.losses]
    assert [loss.hex() for loss in recorded] == bare


@pytest.mark.parametrize("family", FAMILIES)
def test_the_levels_of_a_family_have_the_same_steps_and_update_norms(family: str, folder: Path) -> None:
    low, mid, high = (record(f"{family}_{level}", folder) for level in ("low", "mid", "high"))
    assert len(low.steps) == len(mid.steps) == len(high.steps) > 1
    for other in (mid, high):
        assert other.losses == pytest.approx(low.losses, abs=1e-6)
        for step in low.steps[:: max(1, len(low.steps) // 8)]:
            wanted, found = (sorted(_update_norms(run, step.step)) for run in (low, other))
            assert found == pytest.approx(wanted, abs=1e-5)
            assert min(wanted) > 0


def _update_norms(run: Recording, step: int) -> list[float]:
    return [parameter.update_norm or 0.0 for parameter in run.step_parameters(step)]


# Its parameters are let go after their last update by hand, which light does not see then; NaN is no number to compare.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "learning_rates" and "mistake" not in name])
def test_light_detail_finds_the_same_steps_graphs_and_gradients(name: str, folder: Path) -> None:
    full, light = record(name, folder), record(name, folder, "light")
    assert light.event_count < full.event_count
    assert light.losses == full.losses
    assert [(step.nodes, step.edges) for step in light.steps] == [(step.nodes, step.edges) for step in full.steps]
    for number in (1, len(full.steps)):
        # Light follows no lines: a leaf that only a variable has named is called by its number there.
        gradients = [
            sorted(leaf.gradient.statistics.norm or 0.0 for leaf in run.step_gradients(number) if leaf.gradient)
            for run in (light, full)
        ]
        assert gradients[0] == pytest.approx(gradients[1], rel=1e-5)
        if is_scheduled(number, None):
            updates = [sorted(_update_norms(run, number)) for run in (light, full)]
            assert updates[0] == pytest.approx(updates[1], rel=1e-6)


def test_the_rnn_cell_has_its_published_figures_and_order(folder: Path) -> None:
    run = record("rnn_cell", folder)
    (step,) = run.steps
    assert step.loss == pytest.approx(-2.451504, abs=1e-6)
    assert (step.nodes, step.edges) == (7, 6)
    norms = {leaf.name: leaf.gradient.statistics.norm for leaf in run.step_gradients(1) if leaf.gradient is not None}
    assert norms == pytest.approx({"W_h": 3.849550, "W_x": 3.207100}, abs=5e-6)
    order = [event for event in run.events if event.kind in {"gradient", "accumulate"}]
    nodes = [run.node(event.node) for event in order if event.node is not None]
    names = [run.names(run.event_count).get(node.id, [""])[0] for node in nodes]
    ops = [node.op for node in nodes]
    assert ops == ["SumBackward0", "TanhBackward0", "AddBackward0", "MmBackward0", None, "MmBackward0", None]
    assert names == ["loss", "next_h", "", "h2h", "W_h", "i2h", "W_x"]


def test_export_by_line_gives_the_four_pictures_of_the_slides(folder: Path) -> None:
    run = record("rnn_cell", folder)
    text = run.files[0].text.splitlines()
    lines = [next(i for i, line in enumerate(text, 1) if line.startswith(start))
             for start in ("W_x =", "h2h =", "next_h = i2h", "next_h = next_h")]  # fmt: skip
    pictures = [run.graph(line=line) for line in lines]
    tensors = {"x", "prev_h", "W_h", "W_x"}
    assert {data["name"] for _, data in pictures[0].nodes(data=True)} == tensors
    assert pictures[0].number_of_edges() == 0
    tags = [
        {data["op"]: data["names"] for _, data in graph.nodes(data=True) if data["kind"] == "op"} for graph in pictures
    ]
    assert tags[0] == {}
    products = {
        data["name"]: {pictures[1].nodes[source]["name"] for source in pictures[1].predecessors(node)}
        for node, data in pictures[1].nodes(data=True)
        if data["kind"] == "op"
    }
    assert products == {"i2h": {"W_x", "x"}, "h2h": {"W_h", "prev_h"}}
    assert tags[2]["AddBackward0"] == ["next_h"]
    assert "TanhBackward0" not in tags[2]
    assert tags[3]["AddBackward0"] == []
    assert tags[3]["TanhBackward0"] == ["next_h"]
    labels = {data["label"] for _, _, data in pictures[3].edges(data=True)}
    assert labels == {"", ".t()"}


# By the script's names: what each has come to, and the gradient that it received.
PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    "survey_function": {
        "x1": (2, 5.5), "x2": (5, 1.716338), "v1": (0.693147, 1), "v2": (10, 1), "v3": (-0.958924, -1),
        "v4": (10.693147, 1), "v5": (11.652071, 1),
    },
    "circuit_neuron": {
        "weighted": (4, 0.196612), "z": (1, 0.196612), "negative": (-1, -0.196612), "power": (0.367879, -0.534447),
        "above_one": (1.367879, -0.534447), "sigma": (0.731059, 1),
    },
    "forward_and_reverse": {"a": (2, 2), "b": (1, 5), "c": (3, 2), "d": (2, 3), "e": (6, 1)},
    "micrograd_neuron": {
        "a": (2, 6), "b": (-3, -4), "c": (10, -2), "f": (-2, 4), "e": (-6, -2), "d": (4, -2), "L": (-8, 1),
        "x1": (2, -1.5), "x2": (0, 0.5), "w1": (-3, 1), "w2": (1, 0), "o": (0.707107, 1),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_value_of_a_worked_example_is_the_published_one(name: str, folder: Path) -> None:
    run = record(name, folder)
    found: dict[str, tuple[float, float]] = {}
    for node, names in run.names(run.event_count).items():
        value, gradient = (read(node, run.event_count) for read in (run.value, run.gradient))
        if value is not None and gradient is not None and value.array is not None and gradient.array is not None:
            found.update({own: (float(value.array), float(gradient.array)) for own in names if value.array.size == 1})
    assert {own: found[own] for own in PUBLISHED[name]} == {
        own: pytest.approx(pair, abs=6e-7) for own, pair in PUBLISHED[name].items()
    }


def test_the_survey_s_gradients_are_sums_over_two_paths(folder: Path) -> None:
    graph = record("survey_function", folder).graph()
    shares: dict[str, dict[str, float]] = {"x1": {}, "x2": {}}
    for source, target, data in graph.edges(data=True):
        if graph.nodes[source]["name"] in shares:
            share = float(data["gradient"].array)
            shares[graph.nodes[source]["name"]][graph.nodes[target]["op"]] = round(share, 6)
    assert shares == {
        "x1": {"LogBackward0": 0.5, "MulBackward0": 5},
        "x2": {"MulBackward0": 2, "SinBackward0": -0.283662},
    }


def test_the_notebook_s_line_begins_where_its_seed_put_it(folder: Path) -> None:
    run = record("logistic_regression_low", folder)
    first = run.next_event(0, ("backward_start",))
    assert first is not None
    names = {own: node for node, owned in run.names(run.event_count).items() for own in owned}
    start = [run.value(names[own], first) for own in ("w", "b")]
    assert [value.array.item() for value in start if value is not None and value.array is not None] == pytest.approx(
        [-0.185021, 0.563792], abs=6e-7
    )


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS if questions(scenario.text)])
def test_what_the_author_asks_is_answered_by_the_run_as_the_author_says(name: str, folder: Path) -> None:
    assert find_problems(record(name, folder)) == []


def test_every_mistake_is_found_in_the_wrong_script_and_a_right_one_stands_beside_it() -> None:
    mistakes = [name for name in NAMES if name.startswith("mistake_")]
    assert [name.removesuffix("_wrong") for name in mistakes[::2]] == [
        name.removesuffix("_right") for name in mistakes[1::2]
    ]
    assert all(SHOWN[name] for name in mistakes[::2])


@pytest.mark.parametrize("name", NAMES)
def test_check_finds_nothing_but_what_is_shown_on_purpose(name: str, folder: Path) -> None:
    found = [finding.finding for finding in check(record(name, folder)) if finding.severity != "note"]
    assert found == SHOWN.get(name, [])


@pytest.mark.parametrize("name", NAMES)
def test_the_events_of_the_first_two_steps_are_those_of_the_golden_timeline(name: str, folder: Path) -> None:
    """GRAPHLAB_WRITE_GOLDENS=1 writes the timelines anew; a failing run leaves what it found beside the golden."""
    run = record(name, folder)
    last = run.steps[min(1, len(run.steps) - 1)].last
    rows = []
    for event in run.events[:last]:
        node = run.node(event.node) if event.node is not None else None
        what = (node.op or node.name or node.kind) if node is not None else ""
        said = event.text if event.kind == "op" else ""
        rows.append(f"e{event.id} {event.step} {event.phase} L{event.line} {event.kind} {said} {what}".rstrip())
    found = "\n".join(rows) + "\n"
    golden = GOLDENS / f"{name}.txt"
    if os.environ.get("GRAPHLAB_WRITE_GOLDENS"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    if golden.read_text(encoding="utf-8") != found:
        golden.with_suffix(".found").write_text(found, encoding="utf-8")
        pytest.fail(f"the timeline of {name} has changed: compare {golden} with {golden.with_suffix('.found').name}")
