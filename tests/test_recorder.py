"""A script that is recorded does what it does under bare python: output, exit code, warnings, tracebacks, bits."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphlab.recording import Recording, open_recording
from tests.strangers import BESIDE, CHILDREN, ODD, TRACEBACKS, TRAINING, WARNINGS

_OURS = re.compile(r"graphlab: |step +\d+ +loss ")


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    output: str
    errors: str


def start(words: list[str], folder: Path, **options: Any) -> Ended:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), ""]).rstrip(os.pathsep)}
    child = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env=environment, **options,
    )  # fmt: skip
    return Ended(child.returncode, child.stdout, child.stderr)


def both(
    folder: Path,
    source: list[str],
    *,
    arguments: list[str] | None = None,
    flags: list[str] | None = None,
    stdin: str = "",
    detail: str = "full",
) -> tuple[Ended, Recording]:
    """Run a script bare and recorded; they must agree in exit code, stdout and, our own lines apart, stderr."""
    bare = start([*(flags or []), *source, *(arguments or [])], folder, input=stdin)
    return bare, like(bare, folder, source, arguments=arguments, flags=flags, stdin=stdin, detail=detail)


def like(
    bare: Ended,
    folder: Path,
    source: list[str],
    *,
    arguments: list[str] | None = None,
    flags: list[str] | None = None,
    stdin: str = "",
    detail: str = "full",
) -> Recording:
    """Run a script recorded; it must do what it did bare."""
    words = ["-m", "graphlab", "run", *source, "--detail", detail, "-o", "run.glab", "--", *(arguments or [])]
    recorded = start([*(flags or []), *words], folder, input=stdin)
    own = [line for line in recorded.errors.splitlines(keepends=True) if _OURS.match(line)]
    errors = "".join(line for line in recorded.errors.splitlines(keepends=True) if not _OURS.match(line))
    assert recorded.output == bare.output
    assert errors == bare.errors
    assert recorded.code == bare.code
    assert own
    return open_recording(folder / "run.glab")


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")


def test_a_script_with_functions_classes_arguments_threads_and_stdin_does_the_same(tmp_path: Path) -> None:
    write(tmp_path, train=TRAINING, beside=BESIDE)
    bare, run = both(tmp_path, ["train.py"], arguments=["--epochs", "3"], stdin="one\ntwo\n")
    assert bare.code == 3
    assert "late thread" in bare.output
    assert len(run.steps) == 4
    assert len(run.steps[3].losses) == 3, "what a thread differentiates after the last update is a step as well"
    assert [file.path for file in run.files] == ["train.py", "beside.py"]
    ran = {(event.file, event.line) for event in run.events if event.kind == "line"}
    assert {(2, 8), (2, 9)} <= ran, "lines of a second file count"
    outputs = [event for event in run.events if event.kind == "output"]
    printed = "".join(event.text for event in outputs if event.details["stream"] == "stdout")
    assert "no line's end" in printed
    assert "late thread" in printed
    assert run.facts.argv == ("--epochs", "3")
    assert run.notes == []


def test_tracebacks_are_the_scripts_own_word_for_word(tmp_path: Path) -> None:
    write(tmp_path, fails=TRACEBACKS)
    bare, run = both(tmp_path, ["fails.py"])
    assert bare.code == 1
    assert bare.errors.count("Traceback (most recent call last)") >= 25
    error = run.facts.error
    assert run.facts.status == "error"
    assert error is not None
    assert (error.type, error.file, error.line) == ("RuntimeError", "fails.py", 14)
    last = len(TRACEBACKS.splitlines())
    assert error.traceback.splitlines()[1] == f'  File "fails.py", line {last}, in <module>'
    assert run.events[-1].kind == "error"
    assert run.notes == []
    assert len(run.steps) == 1
    assert len(run.steps[0].losses) == 8, "no backward that failed at once is one"


# With "always" run all programs of tests/fidelity.py too, in the process of the tests.
@pytest.mark.parametrize("chosen", ["default", pytest.param("always", marks=pytest.mark.slow)])
def test_warnings_come_as_often_and_name_the_same_file_and_line(tmp_path: Path, chosen: str) -> None:
    write(tmp_path, warns=WARNINGS)
    bare, _ = both(tmp_path, ["warns.py"], arguments=["always"] if chosen == "always" else [])
    assert bare.code == 0
    assert bare.errors.count("warns.py:") > (16 if chosen == "always" else 11)


def test_a_warning_made_an_error_is_raised_where_it_was(tmp_path: Path) -> None:
    write(
        tmp_path,
        strict="""\
        import warnings
        import torch
        w = torch.ones(2, requires_grad=True)
        (w * 2).sum().backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        try:
            torch.tensor(w)
        except UserWarning as error:
            print("raised", error)
        print(w, flush=True)
        torch.nn.functional.softmax(w)
        """,
    )
    bare, run = both(tmp_path, ["strict.py"], flags=["-W", "error"])
    assert bare.code == 1
    assert run.facts.error is not None
    assert run.facts.error.line == 12
    assert len(run.steps) == 1


def test_a_package_runs_with_its_relative_imports(tmp_path: Path) -> None:
    package = tmp_path / "kit" / "inner"
    package.mkdir(parents=True)
    write(tmp_path / "kit", __init__="", base="BASE = 41\n")
    write(package, __init__="", thing="from ..base import BASE\n\n\ndef value():\n    return BASE + 1\n")
    write(
        tmp_path / "kit",
        program="""\
        import sys
        import torch
        from .base import BASE
        from .inner.thing import value
        print(sys.argv, BASE, value(), __name__, __package__, __spec__.name, __file__, sys.path[0])
        w = torch.ones(2, requires_grad=True)
        (w * BASE).sum().backward()
        sys.exit("said at the end")
        """,
    )
    bare, run = both(tmp_path, ["-m", "kit.program"], arguments=["--flag", "a b"])
    assert bare.code == 1
    assert bare.errors == "said at the end\n"
    assert run.steps[0].loss == 82.0
    assert run.facts.error is not None
    assert run.facts.error.message == "exit said at the end"


def test_what_few_scripts_do_is_left_as_it_is_and_nothing_is_missed(tmp_path: Path) -> None:
    """Lazy modules, sparse and nested tensors, autocast, anomaly mode, torch.func, jit, subclasses, deep copies."""
    write(tmp_path, odd=ODD)
    bare, run = both(tmp_path, ["odd.py"])
    assert bare.code == 0
    assert run.notes == ["inside torch.func (grad, vmap and the like) no ops are recorded, only what comes out"]
    assert [leaf.name for leaf in run.step_gradients(1)][:4] == [
        "net.0.weight",
        "net.0.bias",
        "net.2.weight",
        "net.2.bias",
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
def test_forked_children_run_as_they_are_and_write_nothing(tmp_path: Path) -> None:
    write(tmp_path, loads=CHILDREN)
    bare, run = both(tmp_path, ["loads.py"])
    assert bare.code == 0
    assert len(run.steps[0].losses) == 4
    assert "child" not in "".join(event.text for event in run.events if event.kind == "output")
    assert run.notes == []


def test_a_process_that_ends_at_once_keeps_what_was_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        ends="""\
        import os, time, torch
        w = torch.ones(2, requires_grad=True)
        for step in range(3):
            (w * 2).sum().backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
        print("here", flush=True)
        time.sleep(0.2)
        x = 1
        y = 2
        os._exit(7)
        """,
    )
    bare = start(["ends.py"], tmp_path)
    recorded = start(["-m", "graphlab", "run", "ends.py", "-o", "run.glab"], tmp_path)
    assert (recorded.code, recorded.output) == (bare.code, bare.output) == (7, "here\n")
    run = open_recording(tmp_path / "run.glab")
    assert run.facts.status == "cut_off"
    assert len(run.steps) == 3
