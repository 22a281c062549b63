"""`run`, `show` and `export` as users and their programs rely on them: options, exit codes, JSON keys, files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from graphlab.cli import main
from graphlab.cli import progress as cli_progress
from graphlab.cli.progress import Progress, step_row
from graphlab.recording import open_recording
from tests.commands import RunGraphlab, child_environment, run_child

TRAIN = '''\
"""A small training"""
import os
import torch

STEPS = 3
LR = 0.1
SEED = 0
torch.manual_seed(SEED)
w = torch.randn(2, requires_grad=True)
unused = torch.nn.Parameter(torch.ones(1))
for step in range(STEPS):
    loss = (w * torch.randn(2)).sum() ** 2
    loss.backward()
    value = loss.item()
    with torch.no_grad():
        w -= LR * w.grad
        w.grad = None
    print("loss", value)
os.write(1, b"by the system\\n")
os.system("echo by a child")
'''
FREE = """\
import torch
w = torch.ones(2, requires_grad=True)
first = torch.rand(1).item()
for step in range(50):
    (w * w).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
print("never here")
"""
RAISES = """\
import torch
w = torch.ones(2, requires_grad=True)
(w / 0).sum().backward()
raise ValueError("no\\nmore")
"""
STEP_KEYS = {"step", "loss", "losses", "nodes", "edges", "gradients", "parameters", "metrics", "thread"}
RUN_KEYS = {"recording", "scenario", "device", "torch", "seed", "detail", "status", "error", "events", "steps"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with scripts."""
    for name, text in {"train": TRAIN, "free": FREE, "raises": RAISES}.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_json_holds_the_documented_keys_and_stdout_nothing_else(folder: Path) -> None:
    child = run_child("run", "train.py", "--json", "--set", "LR=0.5", "--steps", "4", "--seed", "7", folder=folder)
    assert child.returncode == 0
    report = json.loads(child.stdout)
    assert child.stdout.count("\n") == 1
    assert set(report) == RUN_KEYS
    assert report["recording"] == str(Path("outputs") / "train.glab")
    assert (report["scenario"], report["device"], report["seed"], report["detail"]) == ("train", "cpu", 7, "full")
    assert (report["status"], report["error"]) == ("ok", None)
    assert len(report["steps"]) == 4
    for step in report["steps"]:
        assert set(step) == STEP_KEYS
        assert step["losses"] == [step["loss"]]
        for leaf in step["gradients"]:
            assert set(leaf) == {"name", "shape", "norm", "min", "max", "mean", "values"}
        w, unused = step["gradients"]
        assert w["name"] == "w"
        assert unused == {"name": "unused", "shape": [1], **dict.fromkeys(("norm", "min", "max", "mean", "values"))}
        assert w["norm"] == pytest.approx(sum(value**2 for value in w["values"]) ** 0.5, rel=1e-5)
        moved, still = step["parameters"]
        assert set(moved) == {"name", "shape", "norm", "update_norm", "values"}
        assert moved["update_norm"] == pytest.approx(0.5 * w["norm"], rel=1e-5)
        assert still["values"] == [1.0]
    assert "value" in report["steps"][1]["metrics"]
    for words in ("loss ", "by the system", "by a child"):
        assert words in child.stderr
        assert words not in child.stdout
    run = open_recording(folder / "outputs" / "train.glab")
    assert run.facts.parameters == {"STEPS": 4, "LR": 0.5, "SEED": 7}
    assert run.event_count == report["events"]
    shown = run_child("show", "outputs/train.glab", "--json", folder=folder)
    assert json.loads(shown.stdout) == {**report, "graphs": 1}


def test_jsonl_writes_a_step_a_line_as_it_happens(folder: Path) -> None:
    (folder / "slow.py").write_text(TRAIN.replace("    print(", "    import time; time.sleep(0.6)\n    print("))
    with subprocess.Popen(
        [sys.executable, "-m", "graphlab", "run", "slow.py", "--jsonl", "-o", "slow.glab"],
        cwd=folder, env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        first = json.loads(child.stdout.readline())
        is_running = child.poll() is None
        rest = [json.loads(line) for line in child.stdout]
    assert is_running
    assert [step["step"] for step in (first, *rest)] == [1, 2, 3]
    assert set(first) == STEP_KEYS
    assert child.returncode == 0


def test_a_module_is_found_in_the_folder_that_one_works_in(
    folder: Path, run_graphlab: RunGraphlab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "tool").mkdir()
    (folder / "tool" / "__init__.py").touch()
    (folder / "tool" / "early.py").write_text("print(__name__, __package__)\n")
    # As the installed command has it: the folder of programs, not the one that one works in.
    monkeypatch.setattr("sys.path", [str(Path(sys.executable).parent), *filter(None, sys.path)])
    child = run_graphlab("run", "-m", "tool.early", folder=folder)
    assert (child.returncode, child.stdout) == (0, "__main__ tool\n")


def test_nothing_is_overwritten_unasked(folder: Path, run_graphlab: RunGraphlab) -> None:
    child = run_graphlab("run", "raises.py", "raises.py", folder=folder)
    assert child.returncode == 1
    assert sorted(path.name for path in (folder / "outputs").iterdir()) == ["raises-2.glab", "raises.glab"]
    assert child.stderr.count("ValueError: no\nmore") == 2
    again = run_graphlab("run", "raises.py", "-o", "deep/er/", folder=folder)
    assert again.returncode == 1
    assert (folder / "deep" / "er" / "raises.glab").exists()


def test_a_script_that_raises_ends_in_1_with_its_own_traceback_and_its_recording(
    folder: Path, run_graphlab: RunGraphlab
) -> None:
    child = run_graphlab("run", "raises.py", "--json", "-o", "r.glab", folder=folder)
    assert child.returncode == 1
    report = json.loads(child.stdout)
    assert report["status"] == "error"
    assert report["error"] == {"type": "ValueError", "message": "no\nmore", "file": "raises.py", "line": 4}
    (step,) = report["steps"]
    assert step["loss"] == "Infinity"
    assert step["gradients"][0]["values"] == ["Infinity", "Infinity"]
    assert step["gradients"][0]["norm"] == "Infinity"
    traceback = child.stderr[child.stderr.index("Traceback") : child.stderr.index("graphlab:")]
    assert traceback == (
        f'Traceback (most recent call last):\n  File "{folder / "raises.py"}", line 4, in <module>\n'
        '    raise ValueError("no\\nmore")\nValueError: no\nmore\n'
    )
    assert open_recording(folder / "r.glab").events[-1].kind == "error"


def test_steps_ends_a_script_that_has_no_such_parameter_and_seed_seeds_it(
    folder: Path, run_graphlab: RunGraphlab
) -> None:
    found = []
    for name in ("a", "b"):
        child = run_graphlab(
            "run", "free.py", "--steps", "4", "--seed", "11", "--json", "-o", f"{name}.glab", folder=folder
        )
        assert child.returncode == 0
        report = json.loads(child.stdout)
        assert report["status"] == "ok"
        assert report["seed"] == 11
        assert len(report["steps"]) == 4
        assert "ended after 4 training steps" in child.stderr
        assert "never here" not in child.stderr
        run = open_recording(folder / f"{name}.glab")
        assert run.notes == []
        found.append({variable.name: variable.text for variable in run.variables(run.event_count)}["first"])
    assert found[0] == found[1]


def test_rows_stand_below_each_other_and_call_what_has_no_name_by_what_made_it(
    folder: Path, run_graphlab: RunGraphlab
) -> None:
    (folder / "grows.py").write_text(
        "import torch\nw = torch.ones(2, requires_grad=True)\nfor step in range(3):\n"
        "    loss = (w * torch.ones(2, requires_grad=True)).sum() ** 2\n    loss.backward()\n"
        "    with torch.no_grad():\n        w -= 1e4 * w.grad\n    w.grad = None\n"
    )
    rows = run_graphlab("run", "grows.py", folder=folder).stderr.splitlines()[:3]
    assert len({row.index("|grad| w ") for row in rows}) == len({row.index("  ones@L4 ") for row in rows}) == 1
    assert "e+" in rows[-1] and "e+" not in rows[0]
    run = open_recording(folder / "outputs" / "grows.glab")
    step, leaves = run.step(1), run.step_gradients(1)
    assert step_row(step, leaves, 200) == rows[0]
    fitted = [step_row(step, leaves * 3, width) for width in (70, 100, 200)]
    assert [row.count("ones@L4") for row in fitted] == [0, 1, 2] and all(len(row) < 100 for row in fitted[:2])
    assert "|grad| all 13.856" in fitted[0] and fitted[2].endswith("and 2 more")
    plain = run_graphlab("show", "outputs/grows.glab", "--plain", folder=folder).stdout
    assert "ones@L4.grad accumulates a gradient" in plain
    for view in ("G", "2 v G"):  # boxes and lanes
        words = ["explore", "outputs/grows.glab", "--press", view, "--screenshot", "s.txt"]
        assert run_graphlab(*words, folder=folder).returncode == 0
        assert "ones@L4 2" in (folder / "s.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("row_seconds", "most"), [(0.0001, 20), (0.02, 5)])
def test_rows_of_steps_take_a_small_share_of_the_run(
    row_seconds: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script waits while they are told: those of a model with many leaves must not double its time."""
    clock, told = [0.0], []
    recording = Mock(steps=[])
    time = SimpleNamespace(monotonic=lambda: clock[0], perf_counter=lambda: clock[0])

    def tell(_: object, number: int) -> None:
        clock[0] += row_seconds
        told.append((clock[0], number))

    monkeypatch.setattr(cli_progress, "time", time)
    monkeypatch.setattr(cli_progress, "open_recording", lambda path: recording)
    monkeypatch.setattr(Progress, "_tell_step", lambda self, _, number: tell(_, number))
    progress = Progress(Path("run.glab"), {}, None)
    for number in range(10_000):
        clock[0] += 0.01
        recording.steps.append(number)
        progress.look(number)
    assert len(told) * row_seconds < 0.03 * clock[0]
    looks = Counter(round(at - row_seconds * index, 3) for index, (at, _) in enumerate(told, 1))
    assert max(looks.values()) == most, "at a time"
    assert len(looks) > clock[0] / 3, "now and then"
    assert told[-1][1] > 9_700, "the newest"
    progress.finish()
    assert told[-1][1] == 10_000, "and at the end the rest"


def test_without_values_the_report_has_norms_alone(folder: Path, run_graphlab: RunGraphlab) -> None:
    child = run_graphlab("run", "train.py", "--no-values", "--json", folder=folder)
    step = json.loads(child.stdout)["steps"][0]
    assert step["gradients"][0]["values"] is None
    assert step["gradients"][0]["norm"] > 0
    assert step["parameters"][0]["values"] is None
    assert step["metrics"] == {}


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_ends_in_130_and_keeps_the_recording(folder: Path) -> None:
    text = FREE.replace("range(50)", "range(1000000)").replace(
        "    (w * w)", "    print(step, flush=True)\n    (w * w)"
    )
    (folder / "long.py").write_text(text)
    child = subprocess.Popen(
        [sys.executable, "-m", "graphlab", "run", "long.py", "-o", "long.glab"],
        cwd=folder, env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    for _ in range(20):
        child.stdout.readline()
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=300)
    assert child.returncode == 130
    assert "interrupted; recorded up to here in long.glab" in errors
    assert "Traceback" not in errors
    run = open_recording(folder / "long.glab")
    assert run.facts.status == "interrupted"
    assert len(run.steps) >= 19
    assert not (folder / "long.glab-wal").exists()


def test_several_are_recorded_into_a_folder_and_keep_their_rows_out_of_each_others(
    folder: Path, run_graphlab: RunGraphlab
) -> None:
    (folder / "scenarios").mkdir()
    slow = TRAIN.replace("STEPS = 3", "STEPS = 40").replace("    print", "    import time; time.sleep(0.02); print")
    (folder / "slow.py").write_text(slow)
    child = run_graphlab("run", "rnn_cell", "slow.py", "-o", "both/", "--json", folder=folder)
    assert child.returncode == 0
    reports = [json.loads(line) for line in child.stdout.splitlines()]
    assert [report["scenario"] for report in reports] == ["rnn_cell", "slow"]
    assert reports[0]["steps"][0]["loss"] == pytest.approx(-2.451504, abs=1e-6)
    norms = {leaf["name"]: leaf["norm"] for leaf in reports[0]["steps"][0]["gradients"]}
    assert norms == {"W_h": pytest.approx(3.849550, abs=2e-6), "W_x": pytest.approx(3.207100, abs=2e-6)}
    assert sorted(path.name for path in (folder / "both").iterdir()) == ["rnn_cell.glab", "slow.glab"]
    assert "|grad|" in child.stderr
    printed = [event.text for event in open_recording(folder / "both" / "slow.glab").events if event.kind == "output"]
    assert len(printed) == 40
    assert not any("|grad|" in text for text in printed)


BAD: list[tuple[list[str], str]] = [
    (["run"], "name a scenario"),
    (["run", "nothing_like_it"], "nothing_like_it"),
    (["run", "missing.py"], "missing.py"),
    (["run", "train.py", "--set", "NOPE=1"], "NOPE"),
    (["run", "train.py", "--set", "LR=fast"], "LR"),
    (["run", "train.py", "--set", "LR"], "LR"),
    (["run", "train.py", "--steps", "0"], "--steps takes a whole number"),
    (["run", "train.py", "--steps", "many"], "--steps takes a whole number"),
    (["run", "train.py", "--seed", "-1"], "--seed takes a whole number"),
    (["run", "train.py", "--device", "cpu"], "no parameter 'DEVICE'"),
    (["run", "train.py", "--device", "tpu"], "tpu"),
    (["run", "train.py", "--max-size", "huge"], "--max-size takes a size"),
    (["run", "train.py", "--detail", "half"], "half"),
    (["run", "train.py", "--all"], "--all runs every scenario"),
    (["run", "train.py", "free.py", "-o", "one.glab"], "several recordings need a folder"),
    (["run", "train.py", "-m", "module"], "-m MODULE"),
    (["run", "-m", "no.such.module"], "no.such"),
    (["run", "train.py", "-o", "train.py"], "is no recording, so it is not overwritten"),
    (["run", "broken.py"], "broken.py"),
    (["run", "train.py", "--nope"], "--nope"),
    (["show", "missing.glab"], "there is no recording"),
    (["show", "train.py"], "is not a graphlab recording"),
    (["export", "train.py", "-o", "x.nope"], "nope"),
    (["export", "missing.glab", "-o", "x.svg"], "there is no recording"),
    (["export", "train.py", "-o", "x.svg", "--at", "e1", "--step", "2"], "--at names the moment"),
    (["export", "train.py", "-o", "x.svg", "--at", "soon"], "--at takes an event"),
    (["export", "train.py", "-o", "x.svg", "--line", "zero"], "--line takes a whole number"),
]


@pytest.mark.parametrize(("words", "said"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_words_end_in_2_in_one_line_before_anything_runs(
    words: list[str], said: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.py").write_text("def (:\n")
    before = (folder / "train.py").read_text()
    assert main(words) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.startswith("graphlab: ")
    assert output.err.count("\n") == 1
    assert said in output.err
    assert not (folder / "outputs").exists()
    assert (folder / "train.py").read_text() == before


def test_export_writes_the_graph_of_a_moment_as_data(folder: Path, run_graphlab: RunGraphlab) -> None:
    assert run_graphlab("run", "train.py", "-o", "t.glab", folder=folder).returncode == 0
    for name in ("one", "two"):
        child = run_graphlab(
            "export", "t.glab", "-o", f"{name}.json", "--step", "2", "--phase", "backward", folder=folder
        )
        assert (child.returncode, child.stdout) == (0, "")
        assert child.stderr == f"graphlab: wrote {name}.json\n"
    assert (folder / "one.json").read_bytes() == (folder / "two.json").read_bytes()
    data = json.loads((folder / "one.json").read_text())
    node_keys = {
        "id",
        "kind",
        "name",
        "op",
        "call",
        "module",
        "file",
        "line",
        "shape",
        "dtype",
        "device",
        "value",
        "gradient",
    }
    for node in data["nodes"]:
        assert node_keys <= set(node)
        for value in (node["value"], node["gradient"]):
            assert value is None or set(value) == {"shape", "norm", "min", "max", "mean", "values"}
    for edge in data["edges"]:
        assert {"source", "target", "key", "slot", "gradient"} <= set(edge)
    (w,) = [node for node in data["nodes"] if node["name"] == "w"]
    assert w["gradient"]["norm"] > 0
    assert w["kind"] == "parameter"
    line = next(number for number, text in enumerate(TRAIN.splitlines(), 1) if "loss = " in text)
    assert main(["export", "t.glab", "-o", "line.json", "--line", str(line), "--step", "1"]) == 0
    early = json.loads((folder / "line.json").read_text())
    assert all(node["gradient"] is None for node in early["nodes"])
    assert main(["export", "t.glab", "-o", "x.json", "--line", "3"]) == 0
    assert main(["export", "t.glab", "-o", "x.json", "--line", "999"]) == 2
    assert main(["export", "t.glab", "-o", "x.json", "--step", "9"]) == 2


def test_show_says_steps_and_every_event_in_plain_lines(folder: Path, run_graphlab: RunGraphlab) -> None:
    assert run_graphlab("run", "raises.py", "-o", "r.glab", folder=folder).returncode == 1
    overview = run_graphlab("show", "r.glab", folder=folder)
    assert overview.returncode == 0
    assert "raised ValueError: no" in overview.stdout
    assert overview.stdout.startswith("raises  ")  # no title of its own: the name stands there once
    assert "seed not set" in overview.stdout
    plain = run_graphlab("show", "r.glab", "--plain", folder=folder)
    assert plain.returncode == 0
    sentences = plain.stdout.splitlines()
    assert len(sentences) == open_recording(folder / "r.glab").event_count
    assert all(sentence.startswith(f"e{number} step 1 ") for number, sentence in enumerate(sentences, 1))
    assert any("backward begins at loss inf" in sentence for sentence in sentences)


def test_a_script_may_go_elsewhere_close_stdout_and_set_an_excepthook(folder: Path) -> None:
    script = folder / "wanders.py"
    script.write_text(
        "import os, sys\nimport torch\nos.chdir('/')\n"
        "sys.excepthook = lambda kind, error, trace: sys.stderr.write(f'HOOK {kind.__name__}\\n')\n"
        "torch.ones(1, requires_grad=True).sum().backward()\n1 / 0\n"
    )
    done = run_child("run", "wanders.py", "--json", folder=folder)
    assert done.returncode == 1
    assert "HOOK ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["recording"] == str(Path("outputs") / "wanders.glab")
    assert json.loads(done.stdout)["steps"][0]["loss"] == 1.0
    script.write_text("import sys\nsys.stdout.close()\n")
    assert run_child("run", "wanders.py", folder=folder).returncode == 0


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_runs(
    folder: Path, run_graphlab: RunGraphlab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "raises.py").write_text("raise SystemExit('it ran')")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).resolve() != folder.resolve())
    for words in (["run", "raises.py"], ["run", "raises.py", "train.py"], ["run", "raises.py", "-o", "a/b.glab"]):
        child = run_graphlab(*words, folder=folder)
        assert (child.returncode, child.stdout) == (2, "")
        (line,) = child.stderr.splitlines()
        assert "nothing can be written to" in line and "-o FOLDER/" in line
    child = run_graphlab("export", "raises.py", "-o", "x.svg", folder=folder)
    assert child.returncode == 2 and "it ran" not in child.stderr
    assert child.stderr.splitlines() == [
        f"graphlab: nothing can be written in the folder {folder}: write somewhere else"
    ]


@pytest.mark.filterwarnings("ignore::ImportWarning")  # python's own for such an import, which it shows to nobody
def test_a_script_that_imports_from_its_own_package_is_told_how_it_is_run(
    folder: Path, run_graphlab: RunGraphlab
) -> None:
    package = folder / "outer" / "inner"
    package.mkdir(parents=True)
    for each in (package, package.parent):
        (each / "__init__.py").touch()
    (package / "fit.py").write_text("from . import nothing\n")
    child = run_graphlab("run", "outer/inner/fit.py", folder=folder)
    assert child.returncode == 1
    assert f"`graphlab run -m outer.inner.fit` in {folder.resolve()}" in child.stderr.splitlines()[-1]
    child = run_graphlab("run", "-m", "outer.inner.fit", folder=folder)
    assert "cannot import name 'nothing'" in child.stderr
    assert "graphlab run -m" not in child.stderr
