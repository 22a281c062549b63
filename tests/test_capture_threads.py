"""Threads that train side by side are recorded step by step, each as it would have trained alone."""

from __future__ import annotations

import concurrent.futures.thread
import sys
import textwrap
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from graphlab.capture.main_module import run_main
from graphlab.capture.threads import Threads, code_of
from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.recording.threads import thread_of_step
from graphlab.report import report_step
from graphlab.request import RunRequest
from tests.recorded import events, phases, record_text, try_text
from tests.test_recorder import both, like, write

TRAIN = """\
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn


def train(number, results, steps=4):
    drawn = torch.Generator().manual_seed(number)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=drawn))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.randn(5, 3, generator=drawn)
    told = results[number] = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        gradients = [parameter.grad.tolist() for parameter in model.parameters()]
        optimizer.step()
        told.append((loss.item(), gradients))


results = {}
"""

SIDE_BY_SIDE = """\
threads = [threading.Thread(target=train, args=(number, results), name=f"worker {number}") for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
WITH_MAIN = SIDE_BY_SIDE.replace("for thread in threads:\n    thread.join()", "train(9, results)\n" + "{}").replace(
    "{}", "for thread in threads:\n    thread.join()"
)
POOL = """\
with ThreadPoolExecutor(2, thread_name_prefix="pool") as pool:
    for done in [pool.submit(train, number, results) for number in range(4)]:
        done.result()
"""
DETAILS = ["full", "light"]


def alone(*numbers: int, steps: int = 4) -> dict[int, list[Any]]:
    """Return what each thread's work gives when it runs alone, unrecorded: the losses, and the gradients."""
    held: dict[str, Any] = {}
    exec(textwrap.dedent(TRAIN), held)
    for number in numbers:
        held["train"](number, held["results"], steps)
    found: dict[int, list[Any]] = held["results"]
    return found


def by_thread(recording: Recording) -> dict[str | None, list[int]]:
    """Return the steps of each thread, in order."""
    found = defaultdict(list)
    for step in recording.steps:
        found[thread_of_step(recording, step.step)].append(step.step)
    return dict(found)


def losses_of(recording: Recording, steps: list[int]) -> list[float | None]:
    return [recording.step(step).loss for step in steps]


def gradients_of(recording: Recording, step: int, detail: str) -> list[Any]:
    """Return the gradients of the leaves that the backward of a step reached: in full their values, else norms."""
    report = report_step(recording, step)
    prefix = thread_of_step(recording, step)
    mine = [each for each in report["gradients"] if prefix is None or each["name"].startswith(f"{prefix}.")]
    return [each["values"] if detail == "full" else each["norm"] for each in mine]


def expected(gradients: list[Any], detail: str) -> list[Any]:
    if detail == "full":
        return gradients
    return [pytest.approx(torch.tensor(each).double().norm().item(), rel=1e-6) for each in gradients]


@pytest.mark.parametrize("detail", DETAILS)
def test_each_thread_is_recorded_as_if_it_ran_alone(tmp_path: Path, detail: str) -> None:
    run = record_text(tmp_path, TRAIN + SIDE_BY_SIDE, detail=detail)
    bare = alone(0, 1, 2)
    steps = by_thread(run)
    assert sorted(map(str, steps)) == ["worker 0", "worker 1", "worker 2"]
    for number, told in bare.items():
        mine = steps[f"worker {number}"]
        assert losses_of(run, mine) == [loss for loss, _ in told]
        for step, (_, gradients) in zip(mine, told, strict=True):
            assert gradients_of(run, step, detail) == expected(gradients, detail)
            graph = run.step(step)
            assert (graph.nodes, graph.edges) == (11, 10)


def test_the_steps_of_threads_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    run = record_text(tmp_path, TRAIN + WITH_MAIN)
    assert len(run.steps) == 16
    assert run.steps[0].first == 1
    for before, after in zip(run.steps, run.steps[1:], strict=False):
        assert after.first == before.last + 1
    assert run.steps[-1].last == run.event_count
    for step in range(1, 17):
        mine = [phase for number, phase in phases(run) if number == step]
        assert [phase for phase in mine if phase != "setup"] == ["forward", "backward", "update"], step
        kinds = [event.kind for event in run.events[run.step(step).first - 1 : run.step(step).last]]
        assert kinds.count("backward_start") == kinds.count("backward_end") == kinds.count("update") == 1
        assert kinds.count("accumulate") == 4


@pytest.mark.parametrize("detail", DETAILS)
def test_the_scripts_own_thread_trains_beside_them(tmp_path: Path, detail: str) -> None:
    run = record_text(tmp_path, TRAIN + WITH_MAIN, detail=detail)
    steps = by_thread(run)
    for number, told in alone(0, 1, 2, 9).items():
        name = None if number == 9 else f"worker {number}"
        assert losses_of(run, steps[name]) == [loss for loss, _ in told], name


@pytest.mark.parametrize("detail", DETAILS)
def test_tasks_of_a_pool_are_recorded(tmp_path: Path, detail: str) -> None:
    run = record_text(tmp_path, TRAIN + POOL, detail=detail)
    steps = by_thread(run)
    assert {str(name).partition("_")[0] for name in steps} == {"pool"}
    wanted = sorted(loss for told in alone(0, 1, 2, 3).values() for loss, _ in told)
    assert sorted(step.loss or 0.0 for step in run.steps) == wanted


def test_lines_ops_and_variables_of_a_thread_say_which_it_is(tmp_path: Path) -> None:
    run = record_text(tmp_path, TRAIN + SIDE_BY_SIDE)
    rows = run.reader.rows("SELECT id, parent, function FROM frames WHERE function LIKE 'train%' ORDER BY function")
    assert [function for _, _, function in rows] == [f"train [worker {number}]" for number in range(3)]
    assert {parent for _, parent, _ in rows} == {1}
    for frame, _, _ in rows:
        lines = [event.line for event in run.events if event.kind == "line" and event.frame == frame]
        first = TRAIN.splitlines().index("    drawn = torch.Generator().manual_seed(number)") + 1
        assert lines[0] == first
        assert len(lines) == 2 * 4 + 1 + 6 + 7 * 4 + 1  # the two loops, what surrounds them
        bound = {name for (name,) in run.reader.rows("SELECT name FROM bindings WHERE frame = ?", frame)}
        assert {"number", "model", "optimizer", "x", "loss", "gradients"} <= bound


def test_an_exception_in_a_thread_ends_that_thread_alone(tmp_path: Path) -> None:
    text = """
    def fail():
        train(5, results, 2)
        (torch.ones(2, requires_grad=True) * 1).backward()


    thread = threading.Thread(target=fail, name="failing")
    thread.start()
    thread.join()
    train(6, results, 2)
    """
    write(tmp_path, fails=TRAIN + textwrap.dedent(text))
    ended, full = both(tmp_path, ["fails.py"])
    assert ended.code == 0
    bare = alone(5, 6, steps=2)
    for detail in DETAILS:
        run = full if detail == "full" else like(ended, tmp_path, ["fails.py"], detail=detail)
        assert run.notes == []
        steps = by_thread(run)
        assert losses_of(run, steps["failing"])[:2] == [loss for loss, _ in bare[5]]
        assert losses_of(run, steps[None]) == [loss for loss, _ in bare[6]]
        told = "".join(event.text for event in events(run, "output"))
        assert "Exception in thread failing" in told
        assert "grad can be implicitly created only for scalar outputs" in told
        run.close()


def test_work_without_gradients_belongs_to_the_step_that_follows(tmp_path: Path) -> None:
    text = """
    def evaluate():
        with torch.no_grad():
            found = torch.ones(3) * 2
        print("evaluated", found.sum().item())


    thread = threading.Thread(target=evaluate, name="evaluating")
    thread.start()
    thread.join()
    train(1, results, 1)
    """
    run = record_text(tmp_path, TRAIN + textwrap.dedent(text))
    assert len(run.steps) == 1
    assert by_thread(run) == {None: [1]}
    told = [event for event in events(run, "output") if event.text.startswith("evaluated")]
    assert told[0].phase == "setup"
    assert [event.text for event in events(run, "op")][:3] == ["ones", "mul", "sum"]


@pytest.mark.parametrize("detail", DETAILS)
def test_a_thread_that_outlives_the_script_is_waited_for(tmp_path: Path, detail: str) -> None:
    text = """
    def late():
        time.sleep(0.3)
        train(3, results)


    threading.Thread(target=late, name="late").start()
    """
    run = record_text(tmp_path, TRAIN + textwrap.dedent(text), detail=detail)
    assert losses_of(run, by_thread(run)["late"]) == [loss for loss, _ in alone(3)[3]]


def test_gradients_from_threads_and_an_update_by_the_script_are_one_step(tmp_path: Path) -> None:
    text = """
    w = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)


    def work(index):
        (w[index] ** 2).backward()


    for _ in range(2):
        optimizer.zero_grad()
        for index in range(3):
            thread = threading.Thread(target=work, args=(index,))
            thread.start()
            thread.join()
        optimizer.step()
    """
    run = record_text(tmp_path, TRAIN + textwrap.dedent(text))
    assert [len(step.losses) for step in run.steps] == [3, 3]
    assert [step.loss for step in run.steps] == [3.0, pytest.approx(3 * 0.64)]
    assert [report_step(run, step)["gradients"][0]["values"] for step in (1, 2)] == [
        [2.0, 2.0, 2.0],
        [pytest.approx(1.6)] * 3,
    ]


def test_a_graph_from_one_thread_is_whole_where_another_differentiates_it(tmp_path: Path) -> None:
    text = """
    w = torch.ones(3, requires_grad=True)
    made = []
    thread = threading.Thread(target=lambda: made.append((w * 2).exp().sum()))
    thread.start()
    thread.join()
    made[0].backward()
    assert w.grad is not None
    """
    run = record_text(tmp_path, TRAIN + textwrap.dedent(text))
    [start] = events(run, "backward_start")
    ops = {node.op for node in run.nodes_at(start.id) if node.op} if hasattr(run, "nodes_at") else set()
    assert run.steps[0].nodes == 4
    assert run.steps[0].edges == 3
    assert not ops or {"SumBackward0", "ExpBackward0", "MulBackward0"} <= ops


def test_threads_of_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    original = Threads._begin

    def begin(self: Threads, thread: threading.Thread) -> None:
        original(self, thread)
        if threading.get_ident() in self._begun:
            asked.append(thread.name)

    monkeypatch.setattr(Threads, "_begin", begin)
    text = """
    from torch.utils.data import DataLoader, TensorDataset

    w = torch.ones(2, requires_grad=True)
    for (x,) in DataLoader(TensorDataset(torch.ones(4, 2)), batch_size=2, num_workers=1):
        (x * w).sum().backward()
    """
    run = record_text(tmp_path, TRAIN + textwrap.dedent(text))
    assert asked == []
    assert len(events(run, "backward_start")) == 2


@pytest.mark.parametrize("detail", DETAILS)
def test_the_run_ends_after_so_many_steps_of_any_thread(
    tmp_path: Path, detail: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text = TRAIN + SIDE_BY_SIDE.replace("results)", "results, 300)")
    run, outcome = try_text(tmp_path, text, detail=detail, steps=10)
    assert outcome.error is None
    assert len(run.steps) == 10
    assert run.facts.status == "ok"
    assert len({event.step for event in run.events if event.kind == "backward_start"}) == 10
    for thread in threading.enumerate():  # what the script's own thread left behind goes on unwatched
        if thread.name.startswith("worker"):
            thread.join()
    assert "Exception in thread" not in capfd.readouterr().err


def test_what_a_script_makes_of_it_that_its_threads_were_ended_is_no_error(tmp_path: Path) -> None:
    told: list[str] = []
    script = tmp_path / "script.py"
    text = TRAIN + SIDE_BY_SIDE.replace("results)", "results, 300)") + "assert len(results[0]) == 300\n"
    script.write_text(text)
    request = RunRequest(script, text, "script", detail="light", steps=3)
    outcome = run_script(request, tmp_path / "script.glab", tell=told.append)
    assert (outcome.status, outcome.error) == ("ok", None)
    assert [line for line in told if line.startswith("ended after 3 training steps")]
    assert len(open_recording(tmp_path / "script.glab").steps) == 3


SHARED = """
shared, turn = nn.Linear(3, 1), threading.Lock()


def share(number):
    mine = nn.Linear(3, 1)
    for own, common in zip(mine.parameters(), shared.parameters()):
        own.data = common.data
    for step in range(6):
        with turn:
            UPDATE
        while len(done) < 2 and step == 2:
            time.sleep(0.001)
        done.add(number) if step == 1 else None


done = set()
threads = [threading.Thread(target=share, args=(number,)) for number in range(2)]
for thread in threads:
    thread.start()
    WAIT
for thread in threads:
    thread.join()
"""
STEP = """optimizer = torch.optim.SGD(mine.parameters(), lr=0.1)
            optimizer.zero_grad()
            mine(torch.randn(4, 3)).pow(2).mean().backward()
            optimizer.step()"""
BY_HAND = """mine.zero_grad()
            mine(torch.randn(4, 3)).pow(2).mean().backward()
            with torch.no_grad():
                for own in mine.parameters():
                    own -= 0.1 * own.grad"""


@pytest.mark.parametrize(("detail", "update"), [("full", STEP), ("light", STEP), ("full", BY_HAND)])
def test_threads_that_update_one_model_in_turn_are_told_of(tmp_path: Path, detail: str, update: str) -> None:
    text = TRAIN + SHARED.replace("UPDATE", update).replace("WAIT", "pass")
    run = record_text(tmp_path, text, detail=detail, notes=1)
    assert run.notes[0].startswith("several threads update the same parameters in turn")
    assert len(run.steps) == 12


@pytest.mark.parametrize("detail", DETAILS)
def test_a_model_that_one_thread_hands_to_the_next_is_not_shared(tmp_path: Path, detail: str) -> None:
    text = SHARED.replace("UPDATE", STEP).replace("WAIT", "thread.join()").replace("while len", "while 0 and len")
    record_text(tmp_path, TRAIN + text, detail=detail, notes=0)


def test_who_holds_frames_delays_no_backward(tmp_path: Path) -> None:
    """A profiler may hold each frame; and we look at other threads' ones, to see whether these wait."""
    text = """
    import sys

    frames = []
    sys.setprofile(lambda frame, event, argument: frames.append(frame))
    train(1, results)
    sys.setprofile(None)
    """
    for detail in DETAILS:
        run = record_text(tmp_path, TRAIN + textwrap.dedent(text), name=detail, detail=detail)
        assert [step.loss for step in run.steps] == [loss for loss, _ in alone(1)[1]]
        wanted = ["backward_start", "backward_end", "update"]
        assert [event.kind for event in run.events if event.kind in wanted] == wanted * 4


def test_asking_what_a_thread_runs_keeps_nothing_of_it_alive(switching: None) -> None:
    class Thing:
        pass

    def leave(things: list[Any]) -> None:
        thing = Thing()
        things.append(weakref.ref(thing, lambda gone: ended.append(threading.get_ident())))

    ended: list[int] = []
    asked: set[str] = set()
    is_over = threading.Event()
    own = threading.get_ident()

    def ask() -> None:
        while not is_over.is_set():
            code = code_of(own)
            asked.add(code.co_name if code is not None else "")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        end = time.monotonic() + 0.5
        while time.monotonic() < end or "leave" not in asked:
            things: list[Any] = []
            leave(things)
            assert things[0]() is None
    finally:
        is_over.set()
        asking.join()
    assert set(ended) == {own}
    assert code_of(-1) is None


@pytest.fixture
def switching() -> Iterator[None]:
    """Let threads take turns as often as python lets them."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def interleave(tmp_path: Path, rounds: int, detail: str) -> None:
    """Let threads take turns as often as python lets them, and hold each run against what they do alone."""
    bare = alone(0, 1, 2, 9)
    interval = sys.getswitchinterval()
    try:
        for number in range(rounds):
            sys.setswitchinterval((1e-6, 1e-5, 1e-4)[number % 3])
            run = record_text(tmp_path, TRAIN + WITH_MAIN, name=f"round_{detail}_{number}", detail=detail)
            steps = by_thread(run)
            for each, told in bare.items():
                name = None if each == 9 else f"worker {each}"
                assert losses_of(run, steps[name]) == [loss for loss, _ in told], (number, name)
            if detail == "full":
                phases(run)
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("detail", DETAILS)
def test_threads_may_take_turns_at_any_moment(tmp_path: Path, detail: str) -> None:
    interleave(tmp_path, 3, detail)


@pytest.mark.slow
@pytest.mark.parametrize("detail", DETAILS)
def test_threads_may_take_turns_at_any_moment_in_many_rounds(tmp_path: Path, detail: str) -> None:
    interleave(tmp_path, 60, detail)


_LEFT_OPEN = """
from concurrent.futures import ThreadPoolExecutor
done = []
pool = ThreadPoolExecutor(2)
for number in range(4):
    pool.submit(done.append, number)
"""


def test_an_executor_that_the_script_left_open_ends_with_it_and_later_ones_work() -> None:
    hangs = []

    def rescue() -> None:
        hangs.append(True)
        concurrent.futures.thread._python_exit()  # else this test would never end

    timer = threading.Timer(20, rescue)
    timer.daemon = True
    timer.start()
    for _ in range(2):
        main = ModuleType("__main__")
        run_main(compile(_LEFT_OPEN, "script.py", "exec"), main)
        assert main.__dict__["done"] == [0, 1, 2, 3]
    timer.cancel()
    assert not hangs
