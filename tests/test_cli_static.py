"""`graphlab export --static`: what a tracer makes of a script, drawn; or one line that says why it makes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import networkx
import pytest

from graphlab.cli import main
from graphlab.recorder import run_script
from graphlab.request import RunRequest

SCRIPT = """\
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
x = torch.randn(5, 2)
for _ in range(2):
    loss = (model(x) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sub_(0.1 * parameter.grad)
    model.zero_grad()
"""

DECIDES = """\
import torch

def choose(x):
    if x.sum() > 0:
        return x * 2
    return x

choose(torch.ones(2, requires_grad=True)).sum().backward()
"""


@pytest.fixture(scope="module", autouse=True)
def compiler_is_loaded() -> None:
    """Torch's compiler patches `nn.Module` for good when it is first used: not in a test that looks for such traces."""
    from torch._dynamo.mutation_guard import install_generation_tagging_init

    install_generation_tagging_init()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "decides.py").write_text(DECIDES, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("ending", ["svg", "png", "html", "json", "dot", "graphml", "txt"])
def test_a_step_is_written_in_every_ending_that_graphs_have(folder: Path, ending: str) -> None:
    assert main(["export", "train.py", "--static", "step", "-o", f"step.{ending}"]) == 0
    data = (folder / f"step.{ending}").read_bytes()
    assert len(data) > 1000
    if ending == "json":
        graph = networkx.node_link_graph(json.loads(data), edges="edges")
        calls = [facts["call"] for _, facts in graph.nodes(data=True)]
        assert calls.count("addmm") == 2
        assert calls.count("sub_") == 4
        names = {facts["name"] for _, facts in graph.nodes(data=True) if facts["call"] == "sub_"}
        assert names == {"0.weight", "0.bias", "2.weight", "2.bias"}
        assert networkx.is_directed_acyclic_graph(graph)
        assert "t" not in calls, "a transpose is a label on its edge"
    elif ending != "png":
        assert b"addmm" in data
        assert b"0.weight" in data
        assert b"node of autograd" not in data
        assert (b"op (of the static graph)" in data) == (ending in {"svg", "html", "dot"})


def test_without_folding_every_node_of_the_tracer_is_there(folder: Path) -> None:
    for fold in ("auto", "none"):
        main(["export", "train.py", "--static", "compile", "--fold", fold, "-o", f"{fold}.json"])
    auto, none = (json.loads((folder / f"{fold}.json").read_text()) for fold in ("auto", "none"))
    assert {node["call"] for node in none["nodes"]} - {node["call"] for node in auto["nodes"]} == {"t", "detach"}


def test_all_tracers_go_into_one_json(folder: Path) -> None:
    assert main(["export", "train.py", "--static", "all", "-o", "all.json"]) == 0
    said = json.loads((folder / "all.json").read_text())
    assert said["scenario"] == "train"
    assert [graph["tracer"] for graph in said["graphs"]] == ["fx", "export", "compile", "step", "jit"]
    assert all(graph["nodes"] and graph["failure"] is None for graph in said["graphs"])


def test_a_recording_s_script_runs_as_it_was_recorded(folder: Path) -> None:
    script = folder / "train.py"
    request = RunRequest(script=script, text=SCRIPT.replace("(5, 2)", "(7, 2)"), name="train")
    run_script(request, folder / "run.glab", tell=pytest.fail)
    assert main(["export", "run.glab", "--static", "fx:model", "-o", "fx.json"]) == 0
    nodes = json.loads((folder / "fx.json").read_text())["nodes"]
    assert [node["shape"] for node in nodes if node["call"] == "Tanh"] == [[7, 3]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["decides.py", "--static", "fx", "-o", "x.svg"],
            "torch.fx.symbolic_trace makes no graph of choose: line 4: `if x.sum() > 0:` decides by a value which",
        ),
        (["decides.py", "--static", "onnx", "-o", "x.svg"], "there is no tracer 'onnx': choose fx, export, compile, "),
        (["decides.py", "--static", "all", "-o", "x.svg"], "--static all goes into one .json file"),
        (["decides.py", "--static", "fx", "-o", "x.csv"], "a static graph has no .csv"),
        (
            ["broken.py", "--static", "fx", "-o", "x.svg"],
            "the script raised ZeroDivisionError: division by zero before",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    (folder / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    assert main(["export", *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"graphlab: {said}")
    assert not list(folder.glob("x.*"))


def test_what_a_trace_freezes_is_told_beside_the_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "decides.py", "--static", "jit", "-o", "x.svg"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert "line 4: `if x.sum() > 0:` decides by a value which branch runs: it was asked once" in said[0]
    assert "torch.jit.trace is deprecated in torch" in said[1]
    assert said[-1].startswith("graphlab: wrote ")
