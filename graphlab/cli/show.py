"""Show what a recording holds: steps, losses, events, graphs.

With --plain every event as one sentence a line, for screen readers and pipes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.options import add_json
from graphlab.cli.output import write_json, write_line

if TYPE_CHECKING:
    from graphlab.recording import Recording

_STEPS = 20
"""Steps at the start and at the end that the overview shows."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("recording", metavar="RECORDING", help="a .glab file")
    parser.add_argument("--plain", action="store_true", help="every event as one sentence a line")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the overview, the sentences or the JSON."""
    from graphlab.recording import open_recording

    recording = open_recording(Path(arguments.recording))
    try:
        with recording.reading():
            if arguments.json:
                from graphlab.report import report_run

                write_json({**report_run(recording), "graphs": recording.graph_count})
            elif arguments.plain:
                _write_sentences(recording)
            else:
                _write_overview(recording)
    finally:
        recording.close()
    return 0


def _write_sentences(recording: Recording) -> None:
    from graphlab.sentences import say_event

    for number in range(1, recording.event_count + 1):
        event = recording.event(number)
        words = say_event(recording, number)
        write_line(messages.EVENT_ROW.format(event=number, step=event.step, phase=event.phase, words=words))


def _write_overview(recording: Recording) -> None:
    from graphlab.sentences import format_number

    facts = recording.facts
    write_line(recording.title)
    write_line(
        messages.OVERVIEW.format(
            scenario=facts.scenario, status=facts.status.replace("_", " "), torch=facts.torch, device=facts.device,
            seed=facts.seed, detail=facts.detail,
        )
    )  # fmt: skip
    counts = messages.COUNTS.format(
        events=recording.event_count, steps=len(recording.steps), graphs=recording.graph_count
    )
    write_line(counts)
    for note in recording.notes:
        write_line(messages.NOTE.format(note=note))
    if facts.error is not None and facts.status == "cut_off":
        write_line(facts.error.message)
    elif facts.error is not None:
        write_line(messages.RAISED.format(error=f"{facts.error.type}: {facts.error.message}", line=facts.error.line))
    steps = recording.steps
    shown = steps if len(steps) <= 2 * _STEPS else [*steps[:_STEPS], None, *steps[-_STEPS:]]
    write_line("")
    write_line(messages.STEPS_HEAD)
    for step in shown:
        if step is None:
            write_line(messages.STEPS_LEFT_OUT.format(count=len(steps) - 2 * _STEPS))
            continue
        loss = format_number(step.loss) if step.loss is not None else "-"
        write_line(
            messages.STEPS_ROW.format(
                step=step.step, loss=loss, first=f"e{step.first}", last=f"e{step.last}", nodes=step.nodes,
                edges=step.edges,
            )
        )  # fmt: skip
