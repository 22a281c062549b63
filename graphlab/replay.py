"""Runs a recorded script again, to record some of its steps in full detail, and compares the two runs on the way.

A run repeats itself where all that is random in it is seeded. That it did is not assumed: the losses of every step are
compared bit for bit with those of the first run, and where they part the replay ends and says so.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from graphlab.errors import ScenarioError, UsageError
from graphlab.language import _
from graphlab.recorder import run_script
from graphlab.recording import Recording
from graphlab.request import RunOutcome, RunRequest

_SEEDS = {
    "torch": (r"\bimport torch\b|\bfrom torch\b", r"\bmanual_seed\(|\bseed_everything\(", "torch.manual_seed(0)"),
    "numpy": (r"\b(?:np|numpy)\.random\.", r"\brandom\.seed\(|default_rng\(\s*[\w.]", "numpy.random.seed(0)"),
    "random": (r"^\s*(?:import random\b|from random import)", r"\brandom\.seed\(|\bseed\(", "random.seed(0)"),
}
"""Of each library: what uses its random numbers, what seeds them, and how one does."""


@dataclass(frozen=True)
class Parting:
    """Where two runs of a script parted."""

    step: int
    then: tuple[float, ...]
    """The losses of the first run."""
    now: tuple[float, ...]


@dataclass(frozen=True)
class ReplayOutcome:
    """How a replay ended."""

    run: RunOutcome
    parting: Parting | None
    compared: int
    """How many steps were compared."""
    asked: int
    """How many there were to compare."""


class _Comparison:
    """Compares the losses of each step as it ends."""

    def __init__(self, recording: Recording, last: int) -> None:
        self._losses = [step.losses for step in recording.steps[:last]]
        self.compared = 0
        self.parting: Parting | None = None

    def step_ended(self, number: int, losses: Sequence[float]) -> bool:
        """Take a step; False once the runs have parted."""
        if self.parting is None and number <= len(self._losses):
            then = self._losses[number - 1]
            self.compared = number
            if len(then) != len(losses) or not all(map(_is_same, then, losses)):
                self.parting = Parting(number, then, tuple(losses))
        return self.parting is None

    def run_ended(self, error: BaseException | None) -> None:
        """Take how the run ended: the step in which it ended by itself is not done, and has not parted."""
        parting = self.parting
        if parting is None or not (error is not None or not parting.now):
            return
        begun = parting.then[: len(parting.now)]
        if len(begun) < len(parting.then) and all(map(_is_same, begun, parting.now)):
            self.parting = None
            self.compared = parting.step - 1


def _is_same(one: float, other: float) -> bool:
    return one.hex() == other.hex() if not math.isnan(one) else math.isnan(other)


def plan_replay(recording: Recording, window: tuple[int, int], script: Path | None = None) -> RunRequest:
    """Return how the script of a recording is to run again.

    Args:
        window: the first and the last step to record in full.
        script: where the script is, where it is not where it was.

    Raises:
        UsageError: there are no such steps, or the recording does not say how it came about.
        ScenarioError: the script is not there any more.
    """
    first, last = window
    steps = len(recording.steps)
    if not 1 <= first <= last <= steps:
        raise UsageError(
            _("there are no steps {first} to {last}: {path} has 1 to {steps}").format(
                first=first, last=last, path=recording.path, steps=steps
            )
        )
    origin = recording.origin
    if origin is None or recording.path is None:
        raise UsageError(
            _(
                "{path} does not say how its script was run (a with block, or --no-values): run it again "
                "yourself with `graphlab run SCRIPT --detail light --full A:B`"
            ).format(path=recording.path)
        )
    folder = recording.path.absolute().parent
    path = (script or Path(os.path.normpath(folder / origin["script"]))).absolute()
    if not path.is_file():
        raise ScenarioError(
            _("the script is not at {path} any more: say where it is with --script FILE").format(path=path)
        )
    facts = recording.facts
    return RunRequest(
        script=path,
        text=recording.files[0].text if recording.files else path.read_text(encoding="utf-8"),
        name=facts.scenario,
        argv0=origin["argv0"],
        arguments=facts.argv,
        module=origin["module"],
        parameters=facts.parameters,
        seed=facts.seed,
        is_seeding=origin["is_seeding"],
        steps=last,
        has_values=recording.has_values,
        detail="light",
        windows=(window,),
        is_replay=True,
    )


def where_it_ran(recording: Recording, script: Path) -> AbstractContextManager[None]:
    """Change to the folder in which a script was run: it may read `data/train.csv`.

    No recording says it, but how the script's path was typed: of `examples/train.py` it is the folder above.
    """
    typed = Path((recording.origin or {}).get("argv0", "")).parts
    is_inside = bool(typed) and script.parts[-len(typed) :] == typed and len(typed) < len(script.parts)
    return contextlib.chdir(Path(*script.parts[: -len(typed)])) if is_inside else contextlib.nullcontext()


def changed_files(recording: Recording, script: Path) -> list[str]:
    """Return which of the script's own modules are not what they were when they were recorded.

    The script itself runs as it was recorded, whatever became of it.
    """
    folder = script.resolve().parent
    changed = []
    for file in recording.files[1:]:
        try:
            text = (folder / file.path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            text = None
        if text != file.text:
            changed.append(file.path)
    return changed


def replay(
    recording: Recording,
    request: RunRequest,
    output: Path,
    *,
    tell: Callable[[str], None],
    progress: Callable[[int], None] | None = None,
    before_print: Callable[[], None] | None = None,
) -> ReplayOutcome:
    """Run a script again as `plan_replay` says, and compare it with its recording.

    Raises:
        RecordingError: the new recording cannot be made; nothing has run then.
    """
    asked = request.steps
    assert asked is not None
    comparison = _Comparison(recording, asked)
    request = replace(request, step_ended=comparison.step_ended)
    outcome = run_script(request, output, tell=tell, progress=progress, before_print=before_print)
    comparison.run_ended(outcome.error)
    return ReplayOutcome(outcome, comparison.parting, comparison.compared, asked)


def what_to_seed(recording: Recording) -> list[str]:
    """Return the calls that would seed what the script draws random numbers from and does not seed."""
    text = "\n".join(file.text for file in recording.files)
    origin = recording.origin or {}
    if origin.get("is_seeding"):
        return []
    return [
        call
        for uses, seeds, call in _SEEDS.values()
        if re.search(uses, text, re.MULTILINE) and not re.search(seeds, text, re.MULTILINE)
    ]
