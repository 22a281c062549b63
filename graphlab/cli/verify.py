"""Checks gradients with central differences: `graphlab replay RECORDING --verify`, and `graphlab run --verify`."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlab.cli import messages
from graphlab.cli.output import write_json, write_line
from graphlab.cli.run import stdout_for_results
from graphlab.errors import UsageError
from graphlab.own_process import graphlab_command
from graphlab.sentences import format_number, format_shape

if TYPE_CHECKING:
    from graphlab.recording import Recording
    from graphlab.verify import Verification


def run_verify(arguments: argparse.Namespace) -> int:
    """Run the script of a recording again, and compare its gradients with central differences."""
    from graphlab.recording import open_recording

    recording = open_recording(Path(arguments.recording).absolute())
    moment = _moment(recording, arguments.at)
    from graphlab.replay import plan_replay, where_it_ran
    from graphlab.verify import verify

    script = Path(arguments.script) if arguments.script is not None else None
    request = plan_replay(recording, (1, max(len(recording.steps), 1)), script)
    names = [arguments.verify] if arguments.verify else []
    with stdout_for_results(is_json=arguments.json) as results:
        with where_it_ran(recording, request.script):
            found = verify(recording, request, moment, names)
        if arguments.json:
            write_json(as_json(found), results)
    if not arguments.json:
        _write_table(found)
    return 0 if found.agrees else 1


def _moment(recording: Recording, at: str | None) -> int:
    """Return the event that `--at` names; without it that at which the first backward began."""
    if at is not None:
        number = at.removeprefix("e")
        if not number.isdecimal():
            raise UsageError(messages.BAD_EVENT.format(text=at))
        return recording.moment(at=int(number))
    return recording.next_event(0, ["backward_start"]) or recording.event_count


def as_json(found: Verification) -> dict[str, Any]:
    """Return the object that --json shows."""
    return {
        "backward": found.backward,
        "loss": found.loss_now,
        "loss_recorded": found.loss_then,
        "agrees": found.agrees,
        "leaves": [
            {
                "node": leaf.node,
                "name": leaf.name,
                "shape": list(leaf.shape),
                "error": leaf.error,
                "error_in_64_bits": leaf.error_in_64_bits,
                "checks": [
                    {
                        "index": None if check.index is None else list(check.index),
                        "measured": check.measured,
                        "autograd": check.autograd,
                        "recorded": check.recorded,
                    }
                    for check in leaf.checks
                ],
            }
            for leaf in found.leaves
        ],
        "left_out": found.left_out,
    }


def _write_table(found: Verification) -> None:
    then = "" if found.loss_then is None else messages.VERIFY_THEN.format(then=format_number(found.loss_then))
    write_line(messages.VERIFY_HEAD.format(backward=found.backward, now=format_number(found.loss_now), then=then))
    if not found.is_same_run:
        write_line(messages.VERIFY_OTHER)
    if not found.leaves:
        write_line(messages.VERIFY_NONE)
        return
    from graphlab.verify import TOLERANCE

    width = max(16, *(len(leaf.name) for leaf in found.leaves))
    head, rest = messages.VERIFY_COLUMNS[:16], messages.VERIFY_COLUMNS[16:]
    write_line(head + " " * (width - 16) + rest)
    for leaf in found.leaves:
        elements = sum(check.index is not None for check in leaf.checks)
        moved = messages.VERIFY_MOVED(elements).format(count=elements)
        if elements < len(leaf.checks):
            moved += messages.VERIFY_DIRECTION
        row = messages.VERIFY_ROW.format(
            name=f"{leaf.name:<{width}}", shape=format_shape(leaf.shape), error=f"{leaf.error:.1e}",
            exact=f"{leaf.error_in_64_bits:.1e}", moved=moved,
            verdict="" if leaf.error <= TOLERANCE else messages.VERIFY_DIFFERS,
        )  # fmt: skip
        write_line(row)
    if found.left_out:
        write_line(messages.VERIFY_MORE(found.left_out).format(count=found.left_out))


def verify_apart(recording: Path, *, is_json: bool) -> tuple[int, str]:
    """Check the gradients of a recording in a process of its own; return the exit code and what it wrote.

    The script has just run in this one, and a script may leave anything behind.
    """
    words = [*graphlab_command(), "replay", str(recording), "--verify"]
    words += ["--json"] if is_json else []
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout
