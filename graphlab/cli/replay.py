"""Record some steps of a recorded run again, in full detail.

The script runs again with the same parameters and seed, from its start to the last step of the window; its losses are
compared bit for bit with those of the recording. `--full 480:490` records the steps 480 to 490 in full, the ones before
in light detail. Without -o the new recording lies beside the old one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlab.cli import messages
from graphlab.cli.options import add_json, read_window
from graphlab.cli.output import write_json, write_line
from graphlab.cli.run import end_run, stdout_for_results
from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.store.paths import free_path

if TYPE_CHECKING:
    from graphlab.recording import Recording
    from graphlab.replay import ReplayOutcome


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("recording", metavar="RECORDING", help=_("the recording of the first run"))
    either = parser.add_mutually_exclusive_group(required=True)
    either.add_argument("--full", metavar="A:B", help=_("the steps to record in full; A alone: one step"))
    either.add_argument(
        "--verify", metavar="LEAF", nargs="?", const="", help=_("check gradients with central differences")
    )
    parser.add_argument(
        "--at", metavar="EVENT", help=_("with --verify: the last backward by then (default: the first)")
    )
    parser.add_argument("-o", "--output", metavar="FILE", help=_("where the new recording goes"))
    parser.add_argument("--script", metavar="FILE", help=_("where the script is, if it was moved"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the script again."""
    if arguments.verify is not None:
        from graphlab.cli.verify import run_verify

        return run_verify(arguments)
    if arguments.at is not None:
        raise UsageError(messages.AT_NEEDS_VERIFY)
    window = read_window("--full", arguments.full)
    from graphlab.recording import open_recording

    recording = open_recording(Path(arguments.recording).absolute())
    from graphlab.replay import changed_files, plan_replay, replay, where_it_ran

    script = Path(arguments.script) if arguments.script is not None else None
    request = plan_replay(recording, window, script)
    source = Path(arguments.recording)
    path = Path(arguments.output) if arguments.output else free_path(source.parent, f"{source.stem}-replay")
    from graphlab.cli.progress import Progress

    changed = changed_files(recording, request.script)
    if changed:
        write_line(messages.FILES_CHANGED.format(files=", ".join(changed)), sys.stderr)
    with stdout_for_results(is_json=arguments.json) as results:
        target = path.absolute()
        progress = Progress(target, {"STEPS": request.steps}, None, has_rows=False)
        with where_it_ran(recording, request.script):
            outcome = replay(
                recording, request, target, tell=progress.tell, progress=progress.look,
                before_print=progress.before_print,
            )  # fmt: skip
        progress.finish()
        if arguments.json:
            write_json(_report(outcome, source, path, window), results)
    code = _say_parting(outcome, recording)
    return end_run(outcome.run, path) or code


def _report(outcome: ReplayOutcome, source: Path, path: Path, window: tuple[int, int]) -> dict[str, Any]:
    parting = outcome.parting
    return {
        "recording": str(path),
        "source": str(source),
        "full": list(window),
        "status": outcome.run.status,
        "compared": outcome.compared,
        "parted": None
        if parting is None
        else {"step": parting.step, "then": list(parting.then), "now": list(parting.now)},
    }


def _say_parting(outcome: ReplayOutcome, recording: Recording) -> int:
    """Say whether the two runs were the same, and else where they parted and what to seed."""
    parting = outcome.parting
    if parting is None and outcome.compared < outcome.asked:
        write_line(_say_short(outcome), sys.stderr)
        return 1
    if parting is None:
        write_line(messages.REPLAY_AGREES(outcome.compared).format(count=outcome.compared), sys.stderr)
        return 0
    from graphlab.replay import what_to_seed

    calls = what_to_seed(recording)
    advice = messages.SEED_THESE.format(calls=", ".join(calls)) if calls else messages.SEED_NOTHING
    then, now = (", ".join(map(repr, losses)) or messages.NO_LOSS for losses in (parting.then, parting.now))
    said = messages.REPLAY_PARTED.format(step=parting.step, then=then, now=now, advice=advice)
    write_line(said, sys.stderr)
    return 1


def _say_short(outcome: ReplayOutcome) -> str:
    """Say that the script ended before the steps that were asked for."""
    error = outcome.run.error
    how = messages.ENDED_WITH.format(error=type(error).__name__) if error is not None else ""
    compared = messages.COMPARED_SOME if outcome.compared else messages.COMPARED_NONE
    return messages.REPLAY_SHORT.format(error=how, step=outcome.compared + 1, compared=compared)
