"""`graphlab diff A B`: what differs, the exit codes that a test of a user's relies on, and bad input in one line."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from graphlab.cli import main
from graphlab.renderers import render
from tests import builders, graphs
from tests.recorded import record_text

FLOW = """
    import torch

    SCALE = 2.0

    def flow(a):
        b = a * SCALE
        while b.norm() < 100:
            b = b * 2
        return b if b.sum() > 0 else 100 * b

    for start in (3.0, 30.0, -3.0):
        a = torch.tensor([start, 1.0], requires_grad=True)
        loss = flow(a).sum()
        loss.backward()
        with torch.no_grad():
            a -= 0.1 * a.grad
    """


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(record_text(tmp_path_factory.mktemp("flow"), FLOW, name="flow").path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some exported graphs, and a recording without torch."""
    folder = tmp_path_factory.mktemp("graphs")
    for layers in (3, 4):
        render(graphs.mlp(layers), folder / f"mlp{layers}.json")
    builders.training(folder).close()
    return folder


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_graph_held_fixed_is_equal_and_exits_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = str(folder / "training.glab")
    golden = str(folder / "golden.json")
    assert main(["export", recording, "-o", golden]) == 0
    assert main(["diff", golden, recording]) == 0
    sides, equal = (lines := said(capsys))[:2], lines[2:]
    assert equal == ["equal: 10 nodes, 10 edges"]
    # `show` counts as autograd does; so it is said which nodes are compared.
    assert {side.partition("  10 nodes: ")[2] for side in sides} == {"5 ops, 2 parameters, 2 data tensors, 1 output"}
    assert main(["diff", recording, golden, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["equal"] is True


def test_an_inserted_layer_is_told_line_by_line_and_exits_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(folder / "mlp3.json"), str(folder / "mlp4.json"), "--factor", "none"]) == 1
    assert said(capsys)[2:] == [
        "nodes: +5 =4 (15 the same)   edges: +6 -1",
        "+ layers.4.weight  parameter  16×16  line 9",
        "+ layers.4.bias  parameter  16  line 9",
        "+ t  TBackward0  16×16  layers.4  line 14",
        "+ F.linear  AddmmBackward0  32×16  layers.4  line 14",
        "+ F.relu  ReluBackward0  32×16  layers.5  line 17",
        "= module layers.4 -> layers.6  4 nodes, 2 parameters among them",
        "- edge F.relu (layers.3) -> F.linear (layers.4), input 1",
    ]


def test_json_says_the_same_with_numbers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(folder / "mlp3.json"), str(folder / "mlp4.json"), "--factor", "none", "--json"]) == 1
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert list(found) == ["a", "b", "equal", "factor", "facts", "notes", "counts", "nodes", "edges", "numbers"]
    assert found["numbers"] is None  # files hold no runs
    assert (found["a"]["source"], found["a"]["nodes"], found["b"]["nodes"]) == (str(folder / "mlp3.json"), 19, 24)
    assert found["counts"] == {
        "nodes": {"added": 5, "removed": 0, "changed": 0, "renamed": 4, "same": 15},
        "edges": {"added": 6, "removed": 1, "changed": 0},
    }
    added = found["nodes"][0]
    assert (added["change"], added["a"], added["b"]["name"], added["b"]["shape"]) == (
        "added", None, "layers.4.weight", [16, 16],
    )  # fmt: skip
    assert added["b"]["gradient"] == pytest.approx(4.8, abs=1)
    renamed = next(change for change in found["nodes"] if change["change"] == "renamed")
    assert (renamed["what"], renamed["a"]["name"], renamed["b"]["name"]) == (
        ["name"], "layers.4.weight", "layers.6.weight",
    )  # fmt: skip
    assert [edge["change"] for edge in found["edges"] if edge["moved"]] == ["removed"]


def test_steps_of_one_run_show_what_the_data_decided(flow: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", flow, "--step", "1", "--step", "2", "--factor", "none"]) == 1
    first = said(capsys)
    assert first[:2] == [
        f"A  {flow}  step 1 of 3  14 nodes: 12 ops, 1 parameter, 1 output",
        f"B  {flow}  step 2 of 3  8 nodes: 6 ops, 1 parameter, 1 output",
    ]
    gone = [line for line in first if line.startswith("- ") and "MulBackward0" in line]
    assert len(gone) == 3
    assert all("line 9" in line for line in gone)
    # The branch for negative sums is an op of its own, on a line of its own.
    assert main(["diff", flow, flow, "--step", "1", "--step", "3", "--factor", "none"]) == 1
    assert [line for line in said(capsys) if line.startswith("+ mul")] == ["+ mul  MulBackward0  2  line 10"]


def test_one_step_goes_for_both_and_gradients_are_those_of_the_step(
    flow: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", flow, flow, "--step", "2"]) == 0
    assert said(capsys)[0].endswith("step 2 of 3  8 nodes: 6 ops, 1 parameter, 1 output")
    # This script resets its gradients at the end of each step: at the run's end there are none.
    training = str(folder / "training.glab")
    assert main(["diff", training, "--step", "1", "--step", "5", "--json", "--factor", "1"]) == 1
    found = json.loads(capsys.readouterr().out)
    leaves = [change for change in found["nodes"] if change["a"]["kind"] in {"leaf", "parameter"}]
    assert leaves
    assert all(change["b"]["gradient"] for change in leaves)
    assert not found["notes"]


def test_a_script_is_recorded_first_and_what_it_prints_stays_out_of_the_result(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "import torch\nN = 2\nx = torch.ones(N, requires_grad=True)\nx.sum().backward()\nprint('ran')\n"
    golden = tmp_path / "golden.json"
    with contextlib.closing(record_text(tmp_path, text, parameters={"N": 2})) as recording:
        render(recording.graph(), golden)
    script = tmp_path / "script.py"
    script.write_text(f"{text}1 / 0\n")
    capfd.readouterr()
    assert main(["diff", str(golden), str(script), "--set", "N=3", "--json"]) == 1
    captured = capfd.readouterr()
    found = json.loads(captured.out)
    assert found["facts"] == [{"name": "N", "a": 2, "b": 3, "script": False}]
    assert [change["what"] for change in found["nodes"]] == [["shape"]]
    assert captured.err.startswith("ran\nTraceback")
    assert captured.err.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.slow
def test_two_versions_of_a_project_get_their_own_modules(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for version, op in (("old", "sin"), ("new", "cos")):
        project = tmp_path / version
        project.mkdir()
        (project / "model.py").write_text(f"def model(x):\n    return x.{op}()\n")
        (project / "train.py").write_text(
            "import torch\nfrom model import model\nx = torch.ones(2, requires_grad=True)\nmodel(x).sum().backward()\n"
        )
    assert main(["diff", str(tmp_path / "old" / "train.py"), str(tmp_path / "new" / "train.py")]) == 1
    out = capfd.readouterr().out
    assert "model.py: 1 line of A alone, 1 line of B alone" in out
    assert "- sin  SinBackward0" in out
    assert "+ cos  CosBackward0" in out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["none.json", "mlp3.json"], "cannot read {folder}/none.json: No such file or directory"),
        (["bad.json", "mlp3.json"], "{folder}/bad.json is no graph that `graphlab export` wrote: it is no JSON"),
        (["mlp3.json"], "one source is compared with itself: give --step twice, or name another"),
        (["training.glab", "--step", "1"], "one source is compared with itself: give --step twice, or name another"),
        (["mlp3.json", "mlp4.json", "--step", "1"], "{folder}/mlp3.json holds one graph: --step goes with"),
        (["mlp3.json", "training.glab", "--step", "1", "--step", "2"], "{folder}/mlp3.json holds one graph: --step"),
        (["training.glab", "training.glab", "--step", "9"], "there is no step 9: the recording has 5 (1 to 5)"),
        (["training.glab", "--step", "1", "--step", "2", "--step", "3"], "--step goes once, for both, or twice"),
        (["training.glab", "training.glab", "--step", "x"], "--step takes a whole number from 1, not 'x'"),
        (["mlp3.json", "mlp4.json", "--factor", "0.5"], "--factor takes a number from 1, or none, not '0.5'"),
        (["mlp3.json", "mlp4.json", "--factor", "nan"], "--factor takes a number from 1, or none, not 'nan'"),
        (["training.glab", "none.glab"], "none.glab"),
        (["rnn_cell", "rnn_cell", "-o", "x.csv"], "a comparison is no table: .csv is written by `graphlab export`"),
        (["rnn_cell", "rnn_cell", "-o", "x.bmp"], "the ending .bmp is unknown: choose"),
        (["rnn_cell", "rnn_cell", "-o", "nowhere/x.svg"], "the folder nowhere does not exist"),
        (["training.glab", "no_such_scenario"], "no_such_scenario"),
        (["training.glab", "rnn_cell", "--set", "NO=1"], "NO"),
    ],
)
def test_bad_input_is_told_in_one_line_before_anything_runs(
    words: list[str], line: str, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "bad.json").write_text("{")
    monkeypatch.setattr("graphlab.cli.compared.record_apart", lambda *_: pytest.fail("a script was run"))
    words = [str(folder / word) if word.endswith((".json", ".glab")) else word for word in words]
    assert main(["diff", *words]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert line.format(folder=folder) in captured.err


def test_both_graphs_are_written_as_one_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = folder / "both.svg"
    names = [str(folder / "mlp3.json"), str(folder / "mlp4.json")]
    assert main(["diff", *names, "-o", str(target), "--theme", "dark"]) == 1
    captured = capsys.readouterr()
    assert captured.err == f"graphlab: wrote {target}\n"
    text = target.read_text(encoding="utf-8")
    assert "in B alone" in text
    assert "was layers.4.weight" in text
    assert "was in layers.4" in text


def test_a_copy_of_a_recording_is_equal_and_nothing_else_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.glab"
    shutil.copy(folder / "training.glab", copy)
    assert main(["diff", str(folder / "training.glab"), str(copy)]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[2:] == [
        "equal: 10 nodes, 10 edges",
        "numbers: the same, bit for bit, at all 5 steps",
    ]
    assert captured.err == ""


# -- the numbers of two runs -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def descents(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A run, and one whose learning rate is another."""
    folder = tmp_path_factory.mktemp("descents")
    text = """
        import torch

        LR = 0.1
        w = torch.ones(3, requires_grad=True)
        for step in range(4):
            loss = (w * w).sum()
            loss.backward()
            with torch.no_grad():
                w -= LR * w.grad
            w.grad = None
        """
    first = record_text(folder, text, name="first").path
    second = record_text(folder, text.replace("LR = 0.1", "LR = 0.11"), name="second").path
    return str(first), str(second)


def test_numbers_are_told_after_the_graphs_and_count_where_a_tolerance_is_named(
    descents: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *descents]) == 0
    lines = said(capsys)
    assert lines[-7].startswith("numbers: not the same from step 1 on, beyond the tolerance from step 1 on")
    assert lines[-6].startswith("  first: step 1, e") and ", line 10: what mul makes is 0.2" in lines[-6]
    assert main(["diff", *descents, "--tolerance", "0.5"]) == 0
    assert "but within the tolerance at all 4 steps (relative 0.5, absolute 0)" in capsys.readouterr().out
    assert main(["diff", *descents, "--tolerance", "1e-3"]) == 1
    assert main(["diff", descents[0], descents[0], "--tolerance", "0"]) == 0


def test_numbers_alone_say_their_verdict_first_and_draw_their_curves(
    descents: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for ending in ("svg", "html"):
        target = tmp_path / f"curves.{ending}"
        assert main(["diff", *descents, "--numbers", "-o", str(target), "--theme", "dark"]) == 1
        lines = said(capsys)
        assert lines[2].startswith("numbers: not the same from step 1 on")
        assert "  LR: 0.1 -> 0.11" in lines or any("1 line of A alone" in line for line in lines)
        assert "nodes:" not in "".join(lines)
        assert target.stat().st_size > 5_000
    again = tmp_path / "again.svg"
    assert main(["plot", descents[0], descents[1], "-o", str(again), "--theme", "dark"]) == 0
    assert again.read_bytes() == (tmp_path / "curves.svg").read_bytes()


def test_numbers_as_json_have_every_place_and_distance(
    descents: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *descents, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["numbers"]
    assert (found["equal"], found["within_tolerance"], found["first_step"], found["beyond_step"]) == (
        False,
        False,
        1,
        1,
    )
    assert found["tolerance"] == {"relative": 1.3e-06, "absolute": 1e-05, "by_dtype": True}
    first = found["first"]
    assert (first["what"], first["index"], first["a"]["name"], first["a"]["line"]) == ("op", [0], "mul", 10)
    assert first["value_b"] == pytest.approx(0.22)
    assert [outcome["name"] for outcome in found["outcomes"]] == ["", "w", "w"]
    assert found["distances"]["steps"] == [1, 2, 3, 4]
    assert found["distances"]["loss"][1] == pytest.approx(1 - 0.78**2 / 0.8**2, rel=1e-5)
    assert main(["diff", *descents, "--numbers", "--json", "--beside", "2:1"]) == 1
    assert json.loads(capsys.readouterr().out)["begins"] == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["{a}", "{graph}", "--numbers"], "--numbers compares two runs"),
        (["{a}", "--numbers"], "--numbers compares two runs"),
        (["{a}", "{b}", "--numbers", "--step", "2"], "--numbers compares two runs"),
        (["{a}", "{b}", "--tolerance", "near"], "--tolerance takes REL, REL,ABS or dtype"),
        (["{a}", "{b}", "--beside", "0:1"], "--beside takes a step of A and one of B"),
        (["{a}", "{b}", "--beside", "5:1"], "there is no step 5"),
        (["{a}", "{b}", "--numbers", "-o", "x.pdf"], "a plot is written as .svg, .png or .html"),
    ],
)
def test_bad_words_about_numbers_are_told_in_one_line(
    descents: tuple[str, str], folder: Path, options: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"a": descents[0], "b": descents[1], "graph": str(folder / "mlp3.json")}
    assert main(["diff", *(option.format(**names) for option in options)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert line in captured.err
