"""Records several scripts, each in a process of its own: none shall see what another left.

A few that are named run one after the other, as if each were started alone. All scenarios together run a few at a time,
and each is told in one line; what they print is dropped, but for the last words of one that failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.forked import CAN_FORK, Forker
from graphlab.cli.options import read_count, run_words
from graphlab.cli.output import write_line
from graphlab.errors import GraphlabError, UsageError
from graphlab.own_process import graphlab_command
from graphlab.recorded_words import say_recorded
from graphlab.sentences import format_number
from graphlab.store.paths import ENDING, FOLDER, can_write, free_path

if TYPE_CHECKING:
    from graphlab.scenario import Scenario

_DEFAULT_JOBS = 2
"""A run of a scenario is mostly one thread, and takes some hundred megabytes."""
_MOST_JOBS = 64
_LAST_WORDS = 12
"""Lines of a failed script's that are shown."""


@dataclass(frozen=True, slots=True)
class _Done:
    """How one run went."""

    code: int
    words: str
    """What is said of it."""
    output: str
    errors: str
    seconds: float


def run_each(arguments: argparse.Namespace, scenarios: list[Scenario]) -> int:
    """Record the scripts one after the other; return the worst exit code."""
    folder = _folder(arguments.output)
    worst = 0
    for scenario, source in zip(scenarios, arguments.sources, strict=True):
        write_line(messages.RUNNING.format(name=scenario.name), sys.stderr)
        words = _words(arguments, source, free_path(folder, scenario.name))
        code = subprocess.run(_command(words), check=False).returncode
        if code == messages.EXIT_INTERRUPTED:
            return code
        worst = max(worst, code if code >= 0 else 1)
    return worst


def run_all(arguments: argparse.Namespace, scenarios: list[Scenario]) -> int:
    """Record all scenarios, some at a time; return 1 where one failed that was not to.

    Raises:
        UsageError: -o names a file, or --jobs no number.
    """
    folder = _folder(arguments.output)
    jobs = read_count("--jobs", arguments.jobs, 1, _MOST_JOBS) or min(_DEFAULT_JOBS, os.cpu_count() or 1)
    begun = time.monotonic()
    failed = raised = 0
    names = max(len(scenario.name) for scenario in scenarios)
    runner = _Runner(arguments)
    executor = ThreadPoolExecutor(jobs, "graphlab-run")
    runs = [executor.submit(runner.record, scenario, free_path(folder, scenario.name)) for scenario in scenarios]
    try:
        # In the order of the gallery, whichever ends first.
        for number, (scenario, run) in enumerate(zip(scenarios, runs, strict=True), 1):
            done = run.result()
            sys.stdout.write(done.output)
            row = messages.ALL_ROW.format(
                number=f"{number:>{len(str(len(scenarios)))}}", count=len(scenarios), name=f"{scenario.name:<{names}}",
                words=done.words, seconds=f"{done.seconds:.1f}",
            )  # fmt: skip
            write_line(row, sys.stderr)
            raised += bool(scenario.raises) and not done.code
            if done.code:
                failed += 1
                for line in done.errors.splitlines()[-_LAST_WORDS:]:
                    write_line(f"    {line}", sys.stderr)
    except KeyboardInterrupt:
        runner.is_stopped = True
        raise
    finally:
        # After Ctrl+C those that run have heard it too, and the others never begin.
        executor.shutdown(cancel_futures=True)
        runner.close()
    said = messages.ALL_DONE.format(
        count=len(scenarios), seconds=f"{time.monotonic() - begun:.0f}", raised=raised, failed=failed, folder=folder
    )
    write_line(said, sys.stderr)
    return int(failed > 0)


class _Runner:
    """Records scenarios, each in a process that no other has run in."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._of_thread = threading.local()
        self._forkers: list[Forker] = []
        self.is_stopped = False
        """Nothing is to begin any more."""

    def record(self, scenario: Scenario, target: Path) -> _Done:
        """Record one; its exit code is 0 where it did what it was to do, also where that is to raise."""
        begun = time.monotonic()
        words = _words(self._arguments, str(scenario.path), target)
        child = self._run_forked(words) if CAN_FORK else None
        if child is None:
            child = (
                subprocess.CompletedProcess(words, messages.EXIT_INTERRUPTED, "", "")
                if self.is_stopped
                else _run_fresh(words)
            )
        seconds = time.monotonic() - begun
        code, said = _judge(scenario, target, child.returncode)
        has_results = self._arguments.json or self._arguments.jsonl
        return _Done(code, said, child.stdout if has_results else "", child.stderr, seconds)

    def close(self) -> None:
        """End the processes that children were forked from."""
        for forker in self._forkers:
            forker.close()

    def _run_forked(self, words: list[str]) -> subprocess.CompletedProcess[str] | None:
        """Run a command in a child of this thread's helper; None where the helper could not say how it ended."""
        if not hasattr(self._of_thread, "forker"):
            self._of_thread.forker = Forker()
            self._forkers.append(self._of_thread.forker)
        with tempfile.TemporaryDirectory(prefix="graphlab-") as folder:
            files = Path(folder, "output"), Path(folder, "errors")
            code = self._of_thread.forker.run(words, *files)
            if code is None:
                return None
            output, errors = (file.read_text(encoding="utf-8", errors="replace") for file in files)
        return subprocess.CompletedProcess(words, code, output, errors)


def _run_fresh(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own from the start."""
    return subprocess.run(
        _command(words), stdin=subprocess.DEVNULL, capture_output=True, check=False, encoding="utf-8",
        errors="replace", env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def _judge(scenario: Scenario, target: Path, code: int) -> tuple[int, str]:
    """Return whether a run went as its script says, and what is said of it."""
    from graphlab.recording import open_recording

    try:
        recording = open_recording(target)
    except GraphlabError as error:
        return code or 1, messages.ALL_FAILED.format(why=str(error))
    try:
        error_facts, is_cut_off = recording.facts.error, recording.facts.status == "cut_off"
        losses = [loss for loss in recording.losses if loss is not None]
        facts = messages.ALL_FACTS.format(
            events=recording.event_count, steps=len(recording.steps), loss=format_number(losses[-1]) if losses else "–"
        )
    finally:
        recording.close()
    if scenario.raises:
        if code == 1 and error_facts is not None and error_facts.type == scenario.raises:
            return 0, messages.ALL_RAISED.format(facts=facts, error=error_facts.type)
        return code or 1, messages.ALL_FAILED.format(why=messages.ALL_NOT_RAISED.format(error=scenario.raises))
    if is_cut_off and error_facts is not None:
        # Also with exit code 0, which os._exit can give: what came after is not in the recording.
        return code or 1, messages.ALL_FAILED.format(why=say_recorded(error_facts.message))
    if code == 0:
        return 0, facts
    why = (
        f"{error_facts.type}: {error_facts.message}".rstrip(": ")
        if error_facts is not None
        else messages.ENDED_WITH_CODE.format(code=code)
    )
    return code, messages.ALL_FAILED.format(why=" ".join(why.split()))


def _command(words: list[str]) -> list[str]:
    return [*graphlab_command(), *words]


def _words(arguments: argparse.Namespace, source: str, target: Path) -> list[str]:
    """Return the words of the command that records one script as it was asked for all of them."""
    flags = [f"--{name}" for name in ("json", "jsonl", "verify") if getattr(arguments, name)]
    words = ["run", source, "-o", str(target), *flags]
    return [*words, *run_words(arguments), "--", *arguments.script_arguments]


def _folder(output: str | None) -> Path:
    folder = FOLDER if output is None else Path(output)
    if folder.suffix == ENDING or folder.is_file():
        raise UsageError(messages.FOLDER_FOR_SEVERAL.format(name=output))
    if not can_write(folder):
        raise UsageError(messages.CANNOT_WRITE_TO.format(folder=folder))
    return folder
