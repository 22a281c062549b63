"""Measures what recording costs, or another tool: `python -m tests.benchmarks.measure light` prints a case a line.

A process of its own for each tool: torchlens leaves its wrappers in torch. Bare and watched runs take turns, and of
each step the quickest counts, so that another process on the machine slows both or neither.
"""

from __future__ import annotations

import gc
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import graphlab
from graphlab.analysis.findings import check
from tests.benchmarks.training import CASES, Training, chain, small

_SECONDS = 30.0
"""How long a case is repeated."""
_ROUNDS = 10
_LONG = 100_000
"""How many steps a long run has."""
_CHUNKS = 100
_SHOWN = 200
"""How many of its steps are looked at."""

Run = Callable[[Training, int], None]


def run_bare(training: Training, steps: int) -> None:
    """Train."""
    for _ in range(steps):
        training.step()


def _recorded(detail: str) -> Run:
    def run(training: Training, steps: int) -> None:
        with tempfile.TemporaryDirectory() as folder, graphlab.record(Path(folder) / "run.glab", detail=detail):
            for _ in range(steps):
                training.step()

    return run


def _run_torchviz(training: Training, steps: int) -> None:
    import torchviz

    parameters = dict(training.model.named_parameters())
    for _ in range(steps):
        torchviz.make_dot(training.step(), parameters)


def _run_torchview(training: Training, steps: int) -> None:
    import torchview  # type: ignore[import-not-found]  # compared with where it is installed

    for _ in range(steps):
        torchview.draw_graph(training.model, input_data=training.inputs)
        training.step()


def _run_torchlens(training: Training, steps: int) -> None:
    import torchlens  # type: ignore[import-not-found]  # as torchview

    for _ in range(steps):
        torchlens.trace(training.model, training.inputs).cleanup()
        training.step()


def _run_torchlens_backward(training: Training, steps: int) -> None:
    import torchlens

    options = torchlens.options.CaptureOptions(backward_ready=True, save_grads="all")
    for _ in range(steps):
        training.optimizer.zero_grad()
        trace = torchlens.trace(training.model, training.inputs, capture=options)
        trace.log_backward(trace[trace.output_layers[0]].out.pow(2).mean())
        training.optimizer.step()
        trace.cleanup()


TOOLS: dict[str, tuple[Run, int]] = {
    "light": (_recorded("light"), 200),
    "full": (_recorded("full"), 20),
    "torchviz": (_run_torchviz, 3),
    "torchview": (_run_torchview, 3),
    "torchlens": (_run_torchlens, 1),
    "torchlens backward": (_run_torchlens_backward, 1),
}
"""How each tool watches some steps, and how many of them a run has."""


def _seconds(run: Run, training: Training, steps: int) -> float:
    gc.collect()
    began = time.perf_counter()
    run(training, steps)
    return time.perf_counter() - began


def _parts(run: Run, training: Training, steps: int) -> list[float]:
    """Return the seconds of a run, step by step: the first with all before it, and what comes after the last."""
    step, ends = training.step, [0.0]

    def timed() -> torch.Tensor:
        loss = step()
        ends.append(time.perf_counter())
        return loss

    setattr(training, "step", timed)  # noqa: B010 - a method to mypy
    gc.collect()
    ends[0] = time.perf_counter()
    run(training, steps)
    ends.append(time.perf_counter())
    del training.step
    return [after - before for before, after in itertools.pairwise(ends)]


def _quickest(runs: list[list[float]]) -> float:
    """Return the seconds of a run in which each step is as quick as in the best of several runs."""
    quickest: float = sum([min(times) for times in zip(*runs, strict=True)])
    return quickest


def measure_case(case: str, tool: str) -> dict[str, Any]:
    """Return how many times a bare step a watched one takes, or why that cannot be said."""
    run, steps = TOOLS[tool]
    training = CASES[case]()
    bare: list[list[float]] = []
    watched: list[list[float]] = []
    try:
        run(training, 1)  # what is imported and compiled on first use is no cost of a step
        began = time.perf_counter()
        while len(bare) < _ROUNDS and (not bare or time.perf_counter() - began < _SECONDS):
            bare.append(_parts(run_bare, training, steps))
            watched.append(_parts(run, training, steps))
    except Exception as error:  # noqa: BLE001 - another tool's limits are a result as well
        return {"failed": type(error).__name__}
    return {"bare_ms": 1000 * _quickest(bare) / steps, "ratio": _quickest(watched) / _quickest(bare)}


def measure_growth() -> dict[str, Any]:
    """Return the microseconds that full recording adds to a node of short and long chains, and to early and late steps.

    A step is one of a model with 40 nodes; the later ones are of a recording that holds 20 times as many.
    """
    run, nodes = _recorded("full"), {}
    for count in (100, 1_000, 10_000, 100_000):
        training, repeats = chain(count), max(1, 10_000 // count)
        run(training, 1)
        bare = min(_seconds(run_bare, training, repeats) for _ in range(2))
        nodes[count] = (min(_seconds(run, training, repeats) for _ in range(2)) - bare) / (count * repeats) * 1e6
    training, ends = chain(40), [time.perf_counter()]
    with tempfile.TemporaryDirectory() as folder, graphlab.record(Path(folder) / "run.glab"):
        for _ in range(20):
            run_bare(training, 50)
            ends.append(time.perf_counter())
    steps = [1000 * (after - before) / 50 for before, after in itertools.pairwise(ends)]
    return {"node_us": nodes, "first_step_ms": min(steps[:3]), "late_step_ms": min(steps[-3:])}


def measure_long() -> dict[str, Any]:
    """Return what a step of a long light run costs early and late, how soon its recording shows one, and is checked."""
    training, chunks = small(), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.glab"
        with graphlab.record(path, detail="light"):
            for _ in range(_CHUNKS):
                began = time.process_time()
                run_bare(training, _LONG // _CHUNKS)
                chunks.append(time.process_time() - began)
        began = time.perf_counter()
        run = graphlab.open(path)
        count, opened = len(run.steps), time.perf_counter() - began
        shown = []
        for number in range(1, count + 1, count // _SHOWN):
            began = time.perf_counter()
            run.step_gradients(number), run.step_parameters(number), run.structure(number)
            shown.append(time.perf_counter() - began)
        began = time.perf_counter()
        check(run)
        checked = time.perf_counter() - began
        run.close()
        size = path.stat().st_size
    micro = [1e6 * _CHUNKS / _LONG * seconds for seconds in chunks]
    return {
        "steps": count, "early_us": min(micro[1:11]), "late_us": min(micro[-10:]), "opened_ms": 1000 * opened,
        "shown_ms": 1000 * max(shown), "checked_s": checked,
        "bytes": size / count / len(list(training.model.parameters())),
    }  # fmt: skip


_OTHERS = {"growth": measure_growth, "long": measure_long}


def main(tool: str) -> None:
    """Print what was measured of a tool, of `growth` or of `long`, as soon as it is."""
    torch.set_num_threads(1)
    other = _OTHERS.get(tool)
    found = iter([other()]) if other is not None else ({case: measure_case(case, tool)} for case in CASES)
    for each in found:
        sys.stdout.write(json.dumps(each) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
