"""What is to be run and how it is to be recorded; and how a run ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphlab.capture.schedule import Plan


@dataclass(frozen=True)
class RunRequest:
    """What is to be run and how it is to be recorded."""

    script: Path
    text: str
    """The script's text as it is to run (parameters may have been changed in it)."""
    name: str
    argv0: str = ""
    """The script's path as it was typed; default: `script`."""
    arguments: Sequence[str] = ()
    module: str | None = None
    """The dotted name, for a script that is run with `-m`."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    """The seed that the recording names; `is_seeding` says whether to set it before the script runs."""
    is_seeding: bool = False
    steps: int | None = None
    """End the run after so many training steps, where the script has no parameter for it."""
    has_values: bool = True
    detail: str = "full"
    is_last: bool = False
    """Whether this process ends with the script: then its `__main__` stays, for threads and `atexit`."""
    max_size: int | None = None
    """In bytes: beyond it a full recording goes on as a light one."""
    every: int | None = None
    """In light detail: look closely at every so-manieth step; None for the schedule."""
    windows: Sequence[tuple[int, int]] = ()
    """In light detail: steps to be recorded in full, from one to another."""
    is_replay: bool = False
    """Whether it is another run of a recorded script: that it ends after its steps is nothing to tell."""
    step_ended: Callable[[int, Sequence[float]], bool] | None = None
    """Called with the number and the losses of each training step that has ended; False ends the run."""

    def origin(self, path: Path | None) -> dict[str, Any] | None:
        """Return what a replay must know: where the script lies, seen from the recording, and how it was run."""
        if path is None or not self.text or not self.has_values:
            return None
        try:
            script = os.path.relpath(self.script.absolute(), path.absolute().parent)
        except ValueError:  # on another drive
            return None
        return {
            "script": script.replace(os.sep, "/"),
            "argv0": self.argv0 or self.script.name,
            "module": self.module,
            "is_seeding": self.is_seeding,
        }

    @property
    def plan(self) -> Plan:
        """Which steps are recorded in which detail."""
        return Plan(self.detail == "full", self.every, self.windows)


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    status: str
    error: BaseException | None
    is_whole: bool = True
    """Whether the recording holds all of it; else the person was told why not."""
