"""A run that is killed at any moment leaves a recording of whole steps, equal to those of a run that was not."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from graphlab.recording import Recording, open_recording
from graphlab.recording.threads import thread_of_step
from graphlab.report import report_step

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks warm children")

# A step waits as a real one computes: without it, all eight are over within a few thousandths of a second.
SCRIPT = """\
import time
import torch
torch.manual_seed(1)
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(8):
    x = torch.randn(4, 2)
    optimizer.zero_grad()
    loss = model(x).pow(2).mean()
    loss.backward()
    optimizer.step()
    print("loss", loss.item())
    time.sleep(0.02)
"""
THREADS = """\
import threading
import time
import torch


def train(number):
    drawn = torch.Generator().manual_seed(number)
    weight = torch.nn.Parameter(torch.randn(2, 1 + number, generator=drawn))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    for step in range(6):
        x = torch.randn(4, 2, generator=drawn)
        optimizer.zero_grad()
        loss = (x @ weight).pow(2).mean()
        loss.backward()
        optimizer.step()
        time.sleep(0.01)


threads = [threading.Thread(target=train, args=(number,), name=f"worker {number}") for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
# One process imports torch and records once; then it forks a child for each run that is to be killed: two seconds of
# importing torch once. It answers each line it reads with the number of the child that it has started.
PARENT = """
import os, sys
from pathlib import Path
from graphlab.recorder import run_script
from graphlab.request import RunRequest
import graphlab.report

def record(path, detail):
    sys.stdout = open(os.devnull, "w")
    script = Path("script.py")
    run_script(RunRequest(script, script.read_text(), "script", detail=detail), Path(path), tell=lambda text: None)
    sys.stdout = sys.__stdout__

record("warm.glab", "full")
print("warm", flush=True)
for line in sys.stdin:
    path, detail = line.split()
    child = os.fork()
    if child == 0:
        try:
            record(path, detail)
        finally:
            os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""
TABLES = {
    "events": "SELECT id, kind, file, line, frame, node, text, data FROM events WHERE id <= ? ORDER BY id",
    "steps": "SELECT * FROM steps WHERE last <= ? ORDER BY id",
}


# The last step of a run under way is told from its events, and has not ended.
ENDED = ("COUNT(*) FROM steps", "SUM(count) FROM light_steps")


class Runs:
    """Runs of one script in warm children, one after the other."""

    def __init__(self, folder: Path, script: str = SCRIPT) -> None:
        self.folder = folder
        (folder / "script.py").write_text(script)
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}
        self.parent = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PARENT], cwd=folder, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._answer() == "warm"

    def _answer(self) -> str:
        assert self.parent.stdout is not None
        return self.parent.stdout.readline().strip()

    def record(self, name: str, detail: str, *, kill_after: float | None = None) -> float:
        """Record, and kill the run after some seconds; return how long it took."""
        assert self.parent.stdin is not None
        self.parent.stdin.write(f"{name} {detail}\n")
        self.parent.stdin.flush()
        child = int(self._answer())
        began = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):  # it was quicker
                os.kill(child, signal.SIGKILL)
        assert self._answer() == "gone"
        return time.monotonic() - began

    def end(self) -> None:
        """Let the parent go."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.close()
        self.parent.stdout.close()
        self.parent.wait(30)


def steps_of(run: Recording, count: int) -> list[dict[str, Any]]:
    """Return the first steps in full; whether a figure changes over the run only its end tells."""
    return [{**report_step(run, number), "metrics": None} for number in range(1, count + 1)]


def check_whole(cut: Recording, whole: Recording) -> int:
    """Compare what was committed with the run that nobody killed; return how many steps had ended."""
    with cut.reading(), whole.reading():
        full, light = (cut.reader.number(f"SELECT {what}") or 0 for what in ENDED)
        ended = full + light
        assert steps_of(cut, ended) == steps_of(whole, ended)
        for table, query in TABLES.items():
            last = cut.event_count
            if table != "events":
                last = cut.steps[ended - 1].last if ended else 0
            assert cut.reader.rows(query, last) == whole.reader.rows(query, last), table
        assert [event.id for event in cut.events] == list(range(1, cut.event_count + 1))
        if cut.event_count:
            cut.graph()
            cut.variables(cut.event_count)
    return ended


def by_thread(run: Recording, count: int) -> dict[str | None, list[Any]]:
    """Return losses, gradients and parameters of the first steps, under the threads that they ran in."""
    found: dict[str | None, list[Any]] = {}
    for number in range(1, count + 1):
        told, thread = report_step(run, number), thread_of_step(run, number)
        assert thread is not None
        own = [2, 1 + int(thread[-1])]  # the leaves of the other threads stand there too, as far as these had come
        figures = [
            each["values"] for what in ("gradients", "parameters") for each in told[what] if each["shape"] == own
        ]
        found.setdefault(thread, []).append((told["losses"], figures))
    return found


def kill_threads_often(folder: Path, count: int, seed: int) -> None:
    """Kill runs in which threads train: of each the first steps are there, as they are in a run that nobody kills."""
    runs, chosen = Runs(folder, THREADS), random.Random(seed)
    found: list[int] = []
    try:
        wholes = {}
        for detail in ("full", "light"):
            seconds = runs.record(f"{detail}.glab", detail)
            run = open_recording(folder / f"{detail}.glab")
            wholes[detail] = by_thread(run, 18), seconds
            run.close()
            counts = {name: len(steps) for name, steps in wholes[detail][0].items()}
            assert counts == {f"worker {number}": 6 for number in range(3)}
        for number in range(count):
            detail = ("full", "light")[number % 2]
            whole, seconds = wholes[detail]
            path = folder / f"{number}.glab"
            runs.record(path.name, detail, kill_after=chosen.uniform(seconds / 4, seconds))
            if path.exists():
                run = open_recording(path)
                found.append(check_threads(run, whole))
                run.close()
    finally:
        runs.end()
    assert len(found) > count / 2
    assert len(set(found)) > 1, "killed at different moments"


def check_threads(cut: Recording, whole: dict[str | None, list[Any]]) -> int:
    """Compare what was committed with what each thread does in a run that nobody kills; return how many steps ended."""
    with cut.reading():
        ended = sum(cut.reader.number(f"SELECT {what}") or 0 for what in ENDED)
        for thread, steps in by_thread(cut, ended).items():
            assert all(figures for _, figures in steps)
            assert steps == whole[thread][: len(steps)], thread
        assert [event.id for event in cut.events] == list(range(1, cut.event_count + 1))
        if cut.event_count:
            cut.graph()
    return ended


def kill_often(folder: Path, count: int, seed: int) -> None:
    runs = Runs(folder)
    chosen = random.Random(seed)
    found = []
    try:
        wholes = {}
        for detail in ("full", "light"):
            seconds = min(runs.record(f"{detail}.glab", detail) for _ in range(2))
            whole = open_recording(folder / f"{detail}.glab")
            assert (whole.facts.status, len(whole.steps)) == ("ok", 8)
            wholes[detail] = whole, seconds
        for number in range(count):
            detail = ("full", "light")[number % 2]
            whole, seconds = wholes[detail]
            path = folder / f"{number}.glab"
            runs.record(path.name, detail, kill_after=chosen.uniform(0, seconds))
            if not path.exists():  # before the recording was begun
                continue
            run = open_recording(path)
            assert run.facts.status in {"cut_off", "ok"}
            found.append(check_whole(run, whole))
            run.close()
    finally:
        runs.end()
    assert len(found) > count / 2
    assert len(set(found)) > 2, "killed at different moments"


def test_every_committed_step_of_a_killed_run_is_whole(tmp_path: Path) -> None:
    kill_often(tmp_path, 20, seed=3)


def test_every_committed_step_of_threads_that_were_killed_is_whole(tmp_path: Path) -> None:
    kill_threads_often(tmp_path, 8, seed=5)


@pytest.mark.slow
def test_every_committed_step_of_a_hundred_killed_runs_with_threads_is_whole(tmp_path: Path) -> None:
    kill_threads_often(tmp_path, 100, seed=6)


@pytest.mark.slow
def test_every_committed_step_of_two_hundred_killed_runs_is_whole(tmp_path: Path) -> None:
    kill_often(tmp_path, 200, seed=4)
