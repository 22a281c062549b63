"""Show what a recording holds: steps, losses, events, graphs.

With --plain every event as one sentence a line, for screen readers and pipes.

With --find what a query finds, one match a line, in order: its event and step, the node, op, name, module, place in
the source, and why it was found. The exit code is 0 where there is a match, 1 where there is none, as of grep.

  graphlab show run.glab --find 'grad:nan'
  graphlab show run.glab --find 'op:mm |grad|>100 -module:head' --step 3

With --rule how the gradient went through a node, and why it is that number: the formula, what came in, what the op
had kept, and what went on to each input, reckoned again from the recorded values. NODE is a number, or what a variable,
a parameter or an op is called; of several the last.

  graphlab show run.glab --rule loss
  graphlab show run.glab --rule MmBackward0 --at e14 --json
  graphlab show run.glab --paths fc1.weight
  graphlab show run.glab --jacobian next_h

Understood are words (of names, ops, modules and source lines), op: name: module: shape:[20,*] line: file: kind:
dtype:, grad:0 grad:none grad:nan grad:inf, value:0 value:nan value:inf, |grad|>100 |value|<1e-6, nan and inf. All must
hold; -term excludes; quotes hold words together.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.options import add_json, read_count
from graphlab.cli.output import write_json, write_line
from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.recorded_words import say_recorded

if TYPE_CHECKING:
    from graphlab.finding.why import Found
    from graphlab.recording import Recording

_STEPS = 20
"""Steps at the start and at the end that the overview shows."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("recording", metavar="RECORDING", help=_("a .glab file"))
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--plain", action="store_true", help=_("every event as one sentence a line"))
    either.add_argument("--rule", metavar="NODE", help=_("the local rule of a node of the backward, with its numbers"))
    either.add_argument("--paths", metavar="LEAF", help=_("which paths carry a leaf's gradient, each with its share"))
    either.add_argument(
        "--jacobian", metavar="NODE", help=_("the Jacobian of a small node, its rank and singular values")
    )
    either.add_argument("--find", metavar="QUERY", help=_("the nodes, lines and printed texts that a query finds"))
    parser.add_argument("--step", metavar="K", help=_("with --find: only in training step K"))
    parser.add_argument("--at", metavar="EVENT", help=_("with --rule, --paths, --jacobian: as of an event"))
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the overview, the sentences or the JSON."""
    from graphlab.recording import open_recording

    if arguments.step is not None and arguments.find is None:
        raise UsageError(messages.STEP_NEEDS_FIND)
    named = (arguments.rule, arguments.paths, arguments.jacobian)
    if arguments.at is not None and not any(named):
        raise UsageError(messages.AT_NEEDS_RULE)
    recording = open_recording(Path(arguments.recording))
    try:
        with recording.reading():
            if arguments.find is not None:
                return _find(recording, arguments)
            if arguments.rule is not None:
                from graphlab.cli.rule import show_rule

                show_rule(recording, arguments.rule, arguments.at, has_json=arguments.json)
            elif arguments.paths is not None or arguments.jacobian is not None:
                from graphlab.cli.reckoned import show_jacobian, show_paths

                if arguments.paths is not None:
                    show_paths(recording, arguments.paths, arguments.at, has_json=arguments.json)
                else:
                    show_jacobian(recording, arguments.jacobian, arguments.at, has_json=arguments.json)
            elif arguments.json:
                from graphlab.report import report_run

                write_json({**report_run(recording), "graphs": recording.graph_count})
            elif arguments.plain:
                _write_sentences(recording)
            else:
                _write_overview(recording)
    finally:
        recording.close()
    return 0


def _find(recording: Recording, arguments: argparse.Namespace) -> int:
    from graphlab.finding import Index, find_matches, parse_query
    from graphlab.finding.why import as_json, describe

    query = parse_query(arguments.find)
    if isinstance(query, str):
        raise UsageError(query)
    if not query:
        raise UsageError(messages.EMPTY_QUERY)
    step = read_count("--step", arguments.step, 1)
    if step is not None:
        recording.step(step)
    index = Index(recording)
    index.feed(has_figures=query.asks_figures)
    matches = find_matches(index, query)
    places = matches.in_step(index, step) if step is not None else range(len(matches))
    if arguments.json:
        found = [as_json(describe(index, query, matches, place)) for place in places]
        write_json({"query": arguments.find, "count": len(found), "matches": found, "notes": matches.notes})
        return 0 if found else 1
    for place in places:
        _write_match(describe(index, query, matches, place))
    for note in matches.notes:
        write_line(messages.NOTE.format(note=say_recorded(note)))
    write_line(messages.MATCHES(len(places)).format(count=len(places)))
    return 0 if len(places) else 1


def _write_match(found: Found) -> None:
    where = f"{found.file}:{found.line}" if found.file else None
    what = found.kind if found.node is None else _("node {node}").format(node=found.node)
    words = (what, found.op, found.name, found.module, where, found.why)
    shown = "  ".join("-" if word is None else word for word in words)
    write_line(messages.MATCH_ROW.format(event=found.event, step=found.step, words=shown))


def _write_sentences(recording: Recording) -> None:
    from graphlab.sentences import PHASE_NAMES, phase_of, say_event

    for number in range(1, recording.event_count + 1):
        event = recording.event(number)
        words = say_event(recording, number)
        phase = PHASE_NAMES[phase_of(recording, number)]
        write_line(messages.EVENT_ROW.format(event=number, step=event.step, phase=phase, words=words))


def _write_overview(recording: Recording) -> None:
    from graphlab.sentences import format_number

    facts = recording.facts
    if recording.title != facts.scenario:
        write_line(recording.title)
    write_line(
        messages.OVERVIEW.format(
            scenario=facts.scenario, status=messages.STATUSES.get(facts.status, facts.status),
            torch=facts.torch, device=facts.device,
            seed=messages.NO_SEED if facts.seed is None else facts.seed,
            detail=messages.DETAILS.get(facts.detail, facts.detail),
        )
    )  # fmt: skip
    counts = messages.COUNTS.format(
        events=recording.event_count, steps=len(recording.steps), graphs=recording.graph_count
    )
    write_line(counts)
    for note in recording.notes:
        write_line(messages.NOTE.format(note=say_recorded(note)))
    if facts.error is not None and facts.status == "cut_off":
        write_line(say_recorded(facts.error.message))
    elif facts.error is not None:
        error = f"{facts.error.type}: {facts.error.message}".removesuffix(": ")
        write_line(messages.RAISED.format(error=error, line=facts.error.line))
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
    if any(step.nodes for step in steps):
        write_line(messages.STEPS_COUNTED)
