"""`graphlab run --all` tells each scenario in a line, and one that raises on purpose from one that fails."""

from __future__ import annotations

import argparse
import ast
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from graphlab.cli import main, several
from graphlab.cli.forked import CAN_FORK, Forker
from graphlab.recording import open_recording
from graphlab.scenario import parse_source, read_scenario
from tests.recorded import record_text, try_text

GOOD = (
    '"""Good\n\nSection: 1 First\n"""\n\nimport torch\n\nLR = 0.5\n'
    "w = torch.ones(2, requires_grad=True)\n(w * LR).sum().backward()\n"
)
RAISING = '"""On purpose\n\nSection: 2 Second\nRaises: ValueError\n"""\n\nraise ValueError("as told")\n'
LEAVING = '"""Gone\n\nSection: 4 Fourth\n"""\n\nimport os\n\nx = 1\nos._exit(0)\n'
FAILING = '"""Bad\n\nSection: 3 Third\n"""\n\nprint("before it broke")\n1 / 0\n'
UNTIDY = """import atexit, os, random, signal, sys, threading, warnings
import numpy, torch
from pathlib import Path

here = Path(__file__).parent
w = torch.rand(64, 64, requires_grad=True)
torch.mm(w, w).sum().backward()  # torch's threads begin
told = dict(cwd=os.getcwd(), argv=sys.argv[1:], path=sys.path[0], threads=threading.active_count(),
            filters=len(warnings.filters), interrupt=signal.getsignal(signal.SIGINT).__name__,
            variable=os.environ.get("LEFT_BEHIND"), stdin=sys.stdin.read(),
            draws=[random.random(), numpy.random.rand(), w[0, 0].item()], modules="wave" in sys.modules, name=__name__)
print("TOLD", repr(told))
atexit.register(lambda: (here / f"{Path(__file__).stem}.ended").write_text("by its atexit"))
import wave

os.environ["LEFT_BEHIND"] = "1"
os.chdir("/")
warnings.simplefilter("ignore")
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.argv.append("more")
sys.path.insert(0, "elsewhere")
torch.manual_seed(99)
threading.Thread(target=threading.Event().wait, daemon=True).start()
sys.exit(CODE)
"""
KILLED = "import os, signal\nprint('then')\nos.kill(os.getpid(), signal.SIGTERM)\n"


def test_each_is_told_in_one_line_and_what_fails_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = []
    for name, text in (("good", GOOD), ("raising", RAISING), ("failing", FAILING), ("leaving", LEAVING)):
        paths.append(tmp_path / f"{name}.py")
        paths[-1].write_text(text)
    monkeypatch.setattr("graphlab.scenario.list_scenarios", lambda: [read_scenario(path) for path in paths])
    assert main(["run", "--all", "-o", "made/", "--jobs", "1", "--json", "--no-values"]) == 1
    output = capfd.readouterr()
    rows = [re.sub(r"[\d.]+ s\b", "T s", re.sub(r"events \d+", "events N", row)) for row in output.err.splitlines()]
    assert rows[0] == "[1/4] good     events N  steps 1  loss 1  (T s)"
    assert rows[1] == "[2/4] raising  events N  steps 1  loss –  raised ValueError, as it is to  (T s)"
    assert rows[2] == "[3/4] failing  FAILED: ZeroDivisionError  (T s)"
    assert "    ZeroDivisionError: division by zero" in rows
    # Exit code 0, and yet not all of it is recorded; it has no last words, so no line is left for them.
    # (In which file is known from the first commit on.)
    assert re.match(r"\[4/4\] leaving  FAILED: the run was cut off at line 9( of leaving.py)?, in step 1: ", rows[-2])
    assert "" not in rows
    assert rows[-1] == "graphlab: 4 scenarios in T s, recorded in made/: 1 raised on purpose, 2 failed"
    # An object a line, in the order of the gallery; what the scripts print is not among them.
    assert [json.loads(line)["scenario"] for line in output.out.splitlines()] == ["good", "raising", "failing"]
    assert sorted(path.stem for path in Path("made").glob("*.glab")) == ["failing", "good", "leaving", "raising"]
    # Options reach every one of them.
    assert not open_recording(Path("made") / "good.glab").has_values


@pytest.mark.skipif(not CAN_FORK, reason="there each command has a process of its own")
def test_a_forked_child_finds_what_a_fresh_process_finds_and_ends_as_one(tmp_path: Path) -> None:
    """Two scripts that leave all behind that a script can: the second finds nothing of it, nor does an unforked one."""
    for name, text in (("a", UNTIDY.replace("CODE", "7")), ("b", UNTIDY.replace("CODE", "'no'")), ("killed", KILLED)):
        (tmp_path / f"{name}.py").write_text(text)

    def words(name: str) -> list[str]:
        return ["run", str(tmp_path / f"{name}.py"), "-o", str(tmp_path / f"{name}.glab"), "--", "x"]

    forker = Forker()
    codes, told = [], []
    for name in ("a", "b", "killed"):
        files = tmp_path / f"{name}.out", tmp_path / f"{name}.err"
        codes.append(forker.run(words(name), *files))
        told.append(files[0].read_text())
    forker.close()
    assert codes == [7, 1, -signal.SIGTERM]
    assert told[2] in {"", "then\n"}  # what was not flushed is lost, as ever
    assert "no\n" in (tmp_path / "b.err").read_text()
    assert (tmp_path / "a.ended").read_text() == (tmp_path / "b.ended").read_text() == "by its atexit"
    command = [sys.executable, "-m", "graphlab", *words("a")]
    fresh = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert fresh.returncode == 7
    first, second, alone = (
        ast.literal_eval(re.search("TOLD (.*)", text).group(1))  # type: ignore[union-attr]
        for text in (*told[:2], fresh.stdout)
    )
    assert not set(first["draws"]) & set(second["draws"])
    for each in (first, second, alone):
        del each["draws"]
    assert first == second == alone


def test_a_command_whose_helper_is_gone_is_not_told_as_done(tmp_path: Path) -> None:
    forker = Forker()
    forker._process.kill()
    forker._process.wait()
    assert forker.run(["run"], tmp_path / "output", tmp_path / "errors") is None
    forker.close()


def test_what_was_to_raise_and_did_not_has_failed(tmp_path: Path) -> None:
    scenario = parse_source(RAISING, tmp_path / "raising.py")
    quiet = record_text(tmp_path, "x = 1\n", name="quiet")
    other, _ = try_text(tmp_path, "raise KeyError(1)\n", name="other")
    right, _ = try_text(tmp_path, RAISING, name="right")
    assert quiet.path is not None and other.path is not None and right.path is not None
    assert several._judge(scenario, quiet.path, 0) == (1, "FAILED: it was to raise ValueError and did not")
    assert several._judge(scenario, other.path, 1) == (1, "FAILED: it was to raise ValueError and did not")
    assert several._judge(scenario, right.path, 1)[0] == 0
    assert several._judge(scenario, tmp_path / "none.glab", 139)[0] == 139


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--all", "--jobs", "0"], "--jobs takes a whole number from 1 to 64, not '0'"),
        (["--all", "-o", "x.glab"], "several recordings need a folder: -o 'x.glab' names a file"),
        (["rnn_cell", "--jobs", "2"], "--jobs goes with --all: scripts that are named run one after the other"),
    ],
)
def test_bad_words_are_told_before_anything_runs(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("it runs"))
    assert main(["run", *words]) == 2
    assert capsys.readouterr().err == f"graphlab: {said}\n"


def test_every_option_of_a_run_is_handed_on() -> None:
    from graphlab.cli.options import add_run_options
    from graphlab.cli.parser import Parser

    parser = Parser(prog="graphlab")
    add_run_options(parser)
    said = "--steps 3 --seed=4 --set LR=1 --set A=2 --detail light --full 1:2 --every 5 --max-size 9MB --no-values"
    words = said.split()
    arguments = parser.parse_args(
        words, argparse.Namespace(json=True, jsonl=False, verify=True, script_arguments=("x",))
    )
    command = several._command(several._words(arguments, "a.py", Path("a.glab")))
    split = command.index("--")
    assert command[split + 1 :] == ["x"]
    assert {"--json", "--verify"} <= set(command)
    again = parser.parse_known_args(command[command.index("-o") + 2 : split])[0]
    assert vars(again) == {key: value for key, value in vars(arguments).items() if key in vars(again)}
