"""The local rules of a recording: their numbers, summed along the graph, are autograd's gradients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from graphlab.analysis.rules.local import LocalRule, find_rule, relative_error
from graphlab.analysis.rules.messages import FORMULAS
from graphlab.analysis.rules.table import RULES
from graphlab.cli import main
from graphlab.cli.rule import find_node, namer
from graphlab.model import LEAF_KINDS
from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.request import RunRequest
from graphlab.scenario import find_scenario
from tests.recorded import record_text

MODEL = """\
import torch
import torch.nn.functional as F
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5),
    nn.Linear(8, 6), nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 3),
)
table = nn.Embedding(5, 3)
scale = torch.ones(3, requires_grad=True)
out = model(torch.randn(4, 1, 4, 4)) * scale + table(torch.tensor([0, 4, 4, 1]))
picked = torch.cat([out, out.exp()], 1)[:, ::2].clamp(min=-1) ** 1.5
both = (picked - 1).abs()
loss = F.cross_entropy(out, torch.tensor([0, 2, 1, 1])) + both.mean() + torch.where(out > 0, out, out * 0.1).std()
loss.backward()
"""


def rules_of(recording: Recording, first: int, last: int) -> list[LocalRule]:
    """Return the rule of every node that ran backwards between two events."""
    found = []
    for event in recording.events_between(first, last, ["gradient"]):
        assert event.node is not None
        found.append(find_rule(recording, recording.node(event.node), event.id, lambda _: "n"))
    return found


def check_sums(recording: Recording, first: int, last: int) -> int:
    """Add up what the rules give along the graph; every sum must be the gradient that autograd came to."""
    sums: dict[tuple[int, int], Any] = {}
    came = {}
    count = 0
    rules = rules_of(recording, first, last)
    for rule in rules:
        for place, snapshot in enumerate(rule.upstream):
            if snapshot is not None and (rule.node.id, place) in sums:
                came[rule.node.id, place] = snapshot.array
        edges = {edge.slot: edge for edge in recording.reader.edges("WHERE target = ?", rule.node.id)}
        for each in rule.inputs:
            if each.recorded is None:
                continue
            assert each.missing == ""
            assert each.computed is not None
            assert each.agrees, (rule.node.op, each.slot, each.error)
            key = each.source, edges[each.slot].output
            sums[key] = sums.get(key, 0.0) + each.computed
            count += 1
    for event in recording.events_between(first, last, ["accumulate"]):
        (change,) = recording.changes(event.id)
        assert change.added is not None
        came[change.node, 0] = change.added.array
    assert came.keys() == {key for key in sums if key in came}
    assert {key for key in sums if recording.node(key[0]).kind in LEAF_KINDS} <= came.keys()
    for key, array in came.items():
        assert array is not None
        numpy.testing.assert_allclose(sums[key], array, rtol=1e-4, atol=1e-6)
    return count


@pytest.mark.parametrize(("name", "least"), [("rnn_cell", 6), ("survey_function", 8), ("mlp_low", 200)])
def test_every_number_of_every_rule_summed_along_the_graph_is_autograds(tmp_path: Path, name: str, least: int) -> None:
    script = find_scenario(name).path
    path = tmp_path / "run.glab"
    text = script.read_text(encoding="utf-8").replace("EPOCHS = 20", "EPOCHS = 3")
    run_script(RunRequest(script, text, name), path, tell=lambda _: None)
    recording = open_recording(path)
    count = 0
    with recording.reading():
        for start in recording.find_events("kind = 'backward_start' ORDER BY id"):
            end = recording.next_event(start.id, ["backward_end"])
            assert end is not None
            count += check_sums(recording, start.id, end)
    assert count >= least


def test_a_model_of_many_layers_is_reckoned_whole(tmp_path: Path) -> None:
    recording = record_text(tmp_path, MODEL)
    assert check_sums(recording, 1, recording.event_count) >= 40


def test_each_rule_is_written_down(tmp_path: Path) -> None:
    assert RULES.keys() == FORMULAS.keys()
    for texts in FORMULAS.values():
        assert all(text and "TODO" not in text for text in texts)


def test_a_formula_has_the_scripts_own_names_and_numbers(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        a = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([3.0, 4.0], requires_grad=True)
        m = torch.ones(2, 2)
        y = a * b
        z = (y * 2.5).sub(b, alpha=3)
        w = m.t() @ z
        w.sum().backward()
        """,
    )
    end = recording.event_count
    name_of = namer(recording, end)

    def formulas(name: str) -> list[str]:
        node = find_node(recording, name, recording.event_count)
        return [each.formula for each in find_rule(recording, node, recording.event_count, name_of).inputs]

    assert formulas("y") == ["∂L/∂y · b", "∂L/∂y · a"]
    assert formulas("z") == ["∂L/∂z", "−∂L/∂z · 3"]
    rule = find_rule(recording, find_node(recording, "y", recording.event_count), recording.event_count, name_of)
    assert [each.letters for each in rule.inputs] == ["∂L/∂y · b", "∂L/∂y · a"]
    assert [(kept.name, kept.node) for kept in rule.kept] == [
        ("other", find_node(recording, "b", recording.event_count).id),
        ("self", find_node(recording, "a", recording.event_count).id),
    ]
    product = find_rule(recording, find_node(recording, "w", end), end, name_of)
    assert [(kept.name, name_of(kept.node or 0) + kept.label) for kept in product.kept] == [("self", "m.t()")]
    (scaled,) = [n for n in recording.reader.nodes("WHERE op = 'MulBackward0'") if n.line == 6]
    assert [each.formula for each in find_rule(recording, scaled, recording.event_count, name_of).inputs] == [
        "∂L/∂mul · 2.5"
    ]


def test_a_product_says_which_shapes_meet(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        W = torch.randn(4, 3, requires_grad=True)
        x = torch.randn(3, 2, requires_grad=True)
        y = W @ x
        k = torch.randn(5, 1, 2, requires_grad=True)
        z = torch.nn.functional.conv1d(y[:, None], k)
        z.sum().backward()
        """,
    )
    name_of = namer(recording, recording.event_count)

    def contractions(name: str) -> list[str]:
        node = find_node(recording, name, recording.event_count)
        return [each.contraction for each in find_rule(recording, node, recording.event_count, name_of).inputs]

    assert contractions("y") == ["4x2 @ 2x3", "3x4 @ 4x2"]
    assert contractions("z") == ["4x5x1 ⋆ 5x1x2", "4x1x2 ⋆ 4x5x1"]


def test_what_cannot_be_reckoned_says_why_and_still_shows_its_numbers(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        a = torch.randn(80, 80, requires_grad=True)
        b = a * a.detach()
        c = torch.matrix_exp(b[:2, :2])
        c.sum().backward()
        """,
    )
    name_of = namer(recording, recording.event_count)
    end = recording.event_count
    (large,) = find_rule(recording, find_node(recording, "b", end), end, name_of).inputs
    assert large.computed is None
    assert large.recorded is not None
    assert "(80x80) is too large" in large.missing
    unknown = find_rule(recording, find_node(recording, "c", end), end, name_of)
    assert unknown.key is None
    assert unknown.upstream[0] is not None
    assert unknown.inputs[0].recorded is not None
    assert unknown.inputs[0].formula == ""


def test_before_its_backward_a_node_has_its_formula_and_no_numbers(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path, "import torch\na = torch.ones(2, requires_grad=True)\n(a.tanh()).sum().backward()\n"
    )
    (node,) = recording.reader.nodes("WHERE op = 'TanhBackward0'")
    rule = find_rule(recording, node, node.event, lambda number: "n")
    assert (rule.event, rule.upstream) == (None, ())
    assert rule.inputs[0].computed is None
    assert rule.inputs[0].letters == "∂L/∂y · (1 − y²)"


def test_a_gradient_that_a_hook_changed_or_a_value_changed_behind_autograd_is_seen_to_differ(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        a = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([3.0, 4.0], requires_grad=True)
        y = a * b
        b.data.mul_(10)
        y.sum().backward()
        """,
    )
    end = recording.event_count
    rule = find_rule(recording, find_node(recording, "y", end), end, namer(recording, end))
    assert [each.agrees for each in rule.inputs] == [False, True]
    assert rule.inputs[0].error == pytest.approx(0.9)


def test_without_values_there_are_formulas_alone(tmp_path: Path) -> None:
    text = "import torch\na = torch.ones(2, requires_grad=True)\n(a * a).pow(2.5).sum().backward()\n"
    recording = record_text(tmp_path, text, has_values=False)
    (node,) = recording.reader.nodes("WHERE op = 'PowBackward0'")
    (only,) = find_rule(recording, node, recording.event_count, lambda number: "n").inputs
    assert only.computed is None
    assert "not kept" in only.missing
    assert "2.5" not in str(recording.reader.rows("SELECT numbers FROM arguments"))


def test_relative_error_takes_the_same_nan_for_no_difference() -> None:
    nan = numpy.array([numpy.nan, 1.0])
    assert relative_error(nan, nan) == 0.0
    assert relative_error(numpy.array([1.0, 1.0]), numpy.array([1.0, 2.0])) == pytest.approx(1 / 5**0.5)
    assert relative_error(numpy.ones(2), numpy.zeros(2)) == numpy.inf


def test_show_rule_writes_it_and_refuses_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "import torch\na = torch.tensor([1.0, 2.0], requires_grad=True)\ny = a.tanh()\ny.sum().backward()\n"
    path = str(record_text(tmp_path, text).path)
    assert main(["show", path, "--rule", "y"]) == 0
    said = capsys.readouterr().out
    assert "∂L/∂a = ∂L/∂y · (1 − y²)" in said
    assert "0.41997 0.070651" in said
    assert "relative error" in said
    assert main(["show", path, "--rule", "y", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["op"] == "TanhBackward0"
    assert found["inputs"][0]["computed"] == pytest.approx([0.4199743, 0.0706508])
    assert found["inputs"][0]["agrees"] is True
    assert main(["show", path, "--rule", "a"]) == 0
    assert "a is a leaf" in capsys.readouterr().out
    for words in (["--rule", "nobody"], ["--rule", "y", "--at", "x"], ["--at", "e3"], ["--rule", "999"]):
        assert main(["show", path, *words]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_recording_without_the_table_of_arguments_is_read(tmp_path: Path) -> None:
    import sqlite3

    text = "import torch\na = torch.ones(2, requires_grad=True)\n(a * a).sum().backward()\n"
    path = record_text(tmp_path, text).path
    assert path is not None
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE arguments")
    connection.close()
    recording = open_recording(path)
    (node,) = recording.reader.nodes("WHERE op = 'MulBackward0'")
    rule = find_rule(recording, node, recording.event_count, lambda number: "n")
    assert "made before rules" in rule.inputs[0].missing


def test_a_tensor_that_was_overwritten_in_places_parts_its_gradient(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        torch.manual_seed(0)
        x = torch.randn(4, 3, requires_grad=True)
        v = torch.randn(3, 2, requires_grad=True)
        y = x.clone()
        y[1:3, ::2] = v[:2]
        y[0].copy_(v[:, 0])
        y.t()[1] = 2.0
        y[3] *= 3
        y[torch.tensor([0])] = 1.0
        y.sin().sum().backward()
        """,
    )
    assert check_overwritten(recording) == 7


def check_overwritten(recording: Recording) -> int:
    """Count the numbers of the rules of what was overwritten; all must agree, but what did more than overwrite."""
    count = 0
    for rule in rules_of(recording, 1, recording.event_count):
        for each in rule.inputs:
            if rule.key == "torch::autograd::CopySlices" and each.recorded is not None:
                assert each.agrees or "changed in place" in each.missing
                count += each.agrees
    return count
