"""Ctrl-C, crashes and long statements: what came before is kept, and the person is told what happened and where."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from graphlab.capture import Session
from graphlab.capture.identity import TensorMap
from graphlab.capture.interrupts import keeping_interrupts
from graphlab.cli import entry
from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.report import report_run
from graphlab.request import RunOutcome, RunRequest
from graphlab.store import Writer
from graphlab.store_sink import StoreSink
from graphlab.tui.child import start_recording
from tests.commands import RunGraphlab, child_environment, run_child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")

DIES = """\
import ctypes, os, signal, sys
import torch

def die(how):
    x = 1
    if how == "segfault":
        ctypes.string_at(0)
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), getattr(signal, how))

w = torch.ones(3, requires_grad=True)
for step in range(5):
    (w * 2).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
    print("step", step, flush=True)
    if step == 2:
        die(sys.argv[1])
"""
WAYS = {
    "segfault": (-signal.SIGSEGV, 7),
    "exit": (3, 9),
    "SIGKILL": (-signal.SIGKILL, 10),
    "SIGTERM": (-signal.SIGTERM, 10),
}
TRAIN = """\
import torch
torch.manual_seed(0)
w = torch.ones(3, requires_grad=True)
for step in range(STEPS):
    (w * torch.rand(3)).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
    look(step)
"""


@pytest.mark.parametrize("how", WAYS)
def test_a_run_that_dies_is_said_to_have_and_where(tmp_path: Path, how: str, run_graphlab: RunGraphlab) -> None:
    code, line = WAYS[how]
    (tmp_path / "dies.py").write_text(DIES)
    child = run_child("run", "dies.py", "-o", "run.glab", "--", how, folder=tmp_path)
    assert child.returncode == code
    assert child.stdout == "step 0\nstep 1\nstep 2\n"
    said = f"the run was cut off at line {line} of dies.py, in step 4: its process crashed or was killed"
    told = [text for text in child.stderr.splitlines() if text.startswith("graphlab:")]
    assert told == [f"graphlab: {said}; what was recorded by then is in run.glab"]
    shown = run_graphlab("show", "run.glab", folder=tmp_path)
    assert (shown.returncode, said in shown.stdout.splitlines()) == (0, True)
    assert "dies  cut off  torch" in shown.stdout
    report = json.loads(run_graphlab("show", "run.glab", "--json", folder=tmp_path).stdout)
    assert report["status"] == "cut_off"
    assert report["error"] == {"type": "CutOff", "message": said, "file": "dies.py", "line": line}
    assert 1 <= len(report["steps"]) <= 3, "all but what the last tenth of a second held"
    exported = run_graphlab("export", "run.glab", "-o", "end.json", folder=tmp_path)
    assert (exported.returncode, said in exported.stderr) == (0, True)


def test_a_light_run_that_dies_is_said_to_have_in_its_step(tmp_path: Path) -> None:
    (tmp_path / "dies.py").write_text(DIES)
    child = run_child("run", "dies.py", "--detail", "light", "-o", "run.glab", "--", "exit", folder=tmp_path)
    assert child.returncode == 3
    assert "the run was cut off in step " in child.stderr
    run = open_recording(tmp_path / "run.glab")
    assert run.facts.status == "cut_off"
    assert 2 <= len(run.steps) <= 3
    report_run(run)


def test_the_explorers_child_says_which_signal_ended_it(tmp_path: Path) -> None:
    (tmp_path / "dies.py").write_text(DIES)
    for how, ended in (("segfault", "SIGSEGV"), ("exit", "exit code 3")):
        path = tmp_path / f"{how}.glab"
        child = start_recording(["dies.py"], path, arguments=[how], folder=tmp_path)
        assert child.wait(60) not in {None, 0}
        assert child.how_it_ended == ended
        run = open_recording(path)
        assert not run.is_running
        assert run.facts.error is not None
        run.close()


def test_a_script_that_waits_for_all_its_children_waits_for_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(
        "import os\nimport torch\ntry:\n    os.wait()\nexcept ChildProcessError:\n    print('no children')\n"
    )
    child = run_child("run", "waits.py", "-o", "run.glab", folder=tmp_path)
    assert (child.returncode, child.stdout) == (0, "no children\n")
    assert child.stderr == "graphlab: recorded run.glab\n"


# -- Ctrl-C, sent by the process to itself at a chosen moment ------------------------------------------------------


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def record(folder: Path, look: Callable[[int], None], steps: int = 4) -> tuple[Recording, RunOutcome, list[str]]:
    """Record in this process; the script calls `look` at the end of each step."""
    script = folder / "train.py"
    script.write_text(TRAIN)
    path = folder / "run.glab"
    told: list[str] = []
    import builtins

    vars(builtins).update(STEPS=steps, look=look)
    try:
        outcome = run_script(RunRequest(script, TRAIN, "train"), path, tell=told.append)
    finally:
        del vars(builtins)["STEPS"], vars(builtins)["look"]
    return open_recording(path), outcome, told


def check_interrupted(run: Recording, outcome: RunOutcome, told: list[str], folder: Path) -> None:
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert (outcome.status, run.facts.status) == ("interrupted", "interrupted")
    assert told == []
    assert [event.id for event in run.events] == list(range(1, run.event_count + 1))
    report_run(run)
    run.close()
    assert sorted(path.name for path in folder.iterdir()) == ["run.glab", "train.py"], "closed, in one file"


def nothing(step: int) -> None:
    """Look at nothing."""


def test_the_first_ctrl_c_ends_the_run_and_closes_the_recording(tmp_path: Path) -> None:
    run, outcome, told = record(tmp_path, lambda step: interrupt() if step == 2 else None)
    assert len(run.steps) == 3
    check_interrupted(run, outcome, told, tmp_path)


@pytest.mark.parametrize("moment", ["begin", "rows", "commit", "after"])
def test_a_first_ctrl_c_while_rows_are_written_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    real = Writer._write
    writes = []
    statements = {"begin": "BEGIN", "rows": "INSERT", "commit": "COMMIT", "after": "COMMIT"}

    class Connection:
        """Sends the signal just before or after a statement, as chance would."""

        def __init__(self, connection: Any) -> None:
            self.connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self.connection, name)

        def execute(self, statement: str, *values: Any) -> Any:
            return self._around(self.connection.execute, statement, *values)

        def executemany(self, statement: str, *values: Any) -> Any:
            return self._around(self.connection.executemany, statement, *values)

        def _around(self, execute: Callable[..., Any], statement: str, *values: Any) -> Any:
            is_it = statement.startswith(statements[moment])
            if is_it and moment == "commit":
                interrupt()
            found = execute(statement, *values)
            if is_it:
                interrupt()
            return found

    def write(self: Writer) -> None:
        writes.append(1)
        if len(writes) != 5:
            real(self)
            return
        plain = self.connection
        self.connection = Connection(plain)  # type: ignore[assignment]  # as good as one
        try:
            real(self)
        finally:
            self.connection = plain

    monkeypatch.setattr(Writer, "_write", write)
    monkeypatch.setattr(Writer, "is_due", True)
    run, outcome, told = record(tmp_path, nothing)
    assert len(writes) > 5
    check_interrupted(run, outcome, told, tmp_path)


def test_a_first_ctrl_c_while_the_recording_is_closed_closes_it_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Writer._try
    tries = []

    def try_it(self: Writer, statement: str) -> None:
        tries.append(statement)
        if len(tries) == 2:
            interrupt()
        real(self, statement)

    monkeypatch.setattr(Writer, "_try", try_it)
    run, outcome, told = record(tmp_path, nothing)
    assert len(run.steps) == 4
    check_interrupted(run, outcome, told, tmp_path)


def test_a_second_ctrl_c_while_the_recording_is_closed_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def try_it(self: Writer, statement: str) -> None:
        tries.append(statement)
        interrupt()

    monkeypatch.setattr(Writer, "_try", try_it)
    with pytest.raises(KeyboardInterrupt):
        record(tmp_path, lambda step: interrupt() if step == 2 else None)
    assert len(tries) == 1


@pytest.mark.parametrize("moment", ["Writer._prepare", "StoreSink.commit", "Session.__init__"])
def test_a_ctrl_c_before_the_script_begins_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    holder, name = moment.split(".")
    monkeypatch.setattr({"Writer": Writer, "StoreSink": StoreSink, "Session": Session}[holder], name, interrupted)
    script = tmp_path / "train.py"
    script.write_text("open('ran', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_script(RunRequest(script, script.read_text(), "train"), tmp_path / "run.glab", tell=print)
    assert [path.name for path in tmp_path.iterdir()] == ["train.py"]


def test_a_ctrl_c_that_comes_while_a_tensor_is_let_go_is_not_lost() -> None:
    class Interrupted(list[int]):
        def append(self, value: int) -> None:
            raise KeyboardInterrupt

    known = TensorMap(Interrupted())
    held = [torch.zeros(2)]
    known.set(held[0], 1, is_prompt=True)

    def let_go() -> None:
        held.clear()
        time.sleep(5)

    before = sys.unraisablehook
    with keeping_interrupts(), pytest.raises(KeyboardInterrupt):
        let_go()
    assert sys.unraisablehook is before


def test_a_ctrl_c_between_a_number_and_its_row_leaves_no_gap(tmp_path: Path) -> None:
    sink = StoreSink(Writer(tmp_path / "run.glab"), tell=lambda text: None)
    sink.end_event(sink.begin_event(), "print", (None, None, None), text="whole")
    sink._open.add(1)  # its row is there, and it was not yet taken for ended
    sink.begin_event()
    next(sink._numbers)  # taken, and nobody has it
    sink.end_event(sink.begin_event(), "print", (None, None, None), text="noted while the run ends")
    next(sink._numbers)
    sink.end_open_events()
    sink.end_event(sink.begin_event(), "print", (None, None, None), text="last")
    sink.close()
    run = open_recording(tmp_path / "run.glab")
    words = ["whole", "?", "?", "noted while the run ends", "?", "last"]
    assert [(event.id, event.text) for event in run.events] == list(enumerate(words, start=1))
    run.close()


def test_after_a_ctrl_c_in_code_that_was_a_text_the_exit_code_is_ours(tmp_path: Path) -> None:
    """As where torch imports a module with dataclasses; python under `-m` would die of the signal."""
    (tmp_path / "caught.py").write_text(
        "import sys\n"
        "from graphlab.cli import entry\n"
        "def command(words):\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        return entry.INTERRUPTED\n"
        "entry._dispatch = command\n"
        "sys.exit(entry.main([]))\n"
    )
    environment = child_environment()
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(tmp_path), environment.get("PYTHONPATH")]))
    ended = subprocess.run([sys.executable, "-m", "caught"], env=environment, check=False)
    assert ended.returncode == entry.INTERRUPTED


@pytest.mark.slow
def test_ctrl_c_at_any_moment_leaves_a_closed_recording(tmp_path: Path) -> None:
    chosen = random.Random(5)
    (tmp_path / "long.py").write_text(TRAIN.replace("STEPS", "100000").replace("    look(step)\n", ""))
    ended = 0
    for number in range(40):
        path = tmp_path / f"{number}.glab"
        child = subprocess.Popen(
            [sys.executable, "-m", "graphlab", "run", "long.py", "-o", path.name], cwd=tmp_path,
            env=child_environment(), stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while not path.exists() and child.poll() is None:
            time.sleep(0.01)
        time.sleep(chosen.uniform(0, 0.5))
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 130
        assert "Traceback" not in errors
        assert not Path(f"{path}-wal").exists()
        assert not Path(f"{path}-lock").exists()
        if not path.exists():  # before the script began
            continue
        ended += 1
        run = open_recording(path)
        assert run.facts.status == "interrupted"
        assert [event.id for event in run.events] == list(range(1, run.event_count + 1))
        run.close()
    assert ended > 20


# -- statements that take long -------------------------------------------------------------------------------------


def test_what_came_before_a_long_statement_is_written_before_it(tmp_path: Path) -> None:
    """Also the steps of a single statement that trains for hours, as a library's `fit` does."""
    seen: list[tuple[int, int]] = []

    def look(step: int) -> None:
        run = open_recording(tmp_path / "run.glab")
        assert run.is_running
        seen.append((step, len(run.steps)))
        run.close()
        time.sleep(0.15)  # at its end a commit is due

    run, outcome, _ = record(tmp_path, look)
    assert outcome.error is None
    assert [step for step, _ in seen] == [0, 1, 2, 3]
    # The step under way too, but where commits take long: then at most 100 ms are not written.
    assert all(step <= count <= step + 1 for step, count in seen[1:])
    run.close()


def test_steps_inside_one_statement_are_committed_as_they_come(tmp_path: Path) -> None:
    library = tmp_path / "site-packages" / "library.py"
    library.parent.mkdir()
    library.write_text(
        "from pathlib import Path\nimport torch\nfrom graphlab.recording import open_recording\nfound = []\n"
        "def fit(w):\n    optimizer = torch.optim.SGD([w], lr=0.1)\n    for step in range(5):\n"
        "        optimizer.zero_grad()\n        (w * w).sum().backward()\n        optimizer.step()\n"
        "        run = open_recording(Path(__file__).parents[1] / 'run.glab')\n"
        "        found.append(len(run.steps))\n        run.close()\n"
    )
    (tmp_path / "train.py").write_text(
        "import sys\nsys.path.append('site-packages')\nimport torch\nimport library\n"
        "w = torch.ones(2, requires_grad=True)\nlibrary.fit(w)\nprint(library.found)\n"
    )
    child = run_child("run", "train.py", "-o", "run.glab", folder=tmp_path)
    assert child.returncode == 0, child.stderr
    found = json.loads(child.stdout)
    assert found == sorted(found)
    assert found[-1] >= 3
