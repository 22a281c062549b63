"""Say what is, or may be, wrong with a run, each finding with its line, its moment and the numbers that show it.

SOURCE is a recording, or a script or scenario, which is recorded first (its recording is dropped afterwards).

  graphlab check train.py
  graphlab check run.glab --json
  graphlab check train.py --fail-on error       # in CI: warnings are shown, and pass

  graphlab check train.py --detail light        # a step that became NaN is replayed in full, and the op named

The exit code is 1 where there is a finding at or above --fail-on (default warning), or where the script raised.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.options import add_json, add_run_options, add_source
from graphlab.cli.output import obeys, write_json, write_line
from graphlab.cli.run import stdout_for_results
from graphlab.cli.sources import is_recording, opened_source
from graphlab.language import _

if TYPE_CHECKING:
    from graphlab.analysis.findings import Finding
    from graphlab.recording import Recording

_SEVERITIES = ("error", "warning", "note")
_WIDEST = 110
_COLOURS = {"error": "31", "warning": "33", "note": "36"}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source(parser)
    parser.add_argument("--fail-on", choices=_SEVERITIES, default="warning", metavar="error|warning|note",
                        help=_("the exit code is 1 from this severity on (default: warning)"))  # fmt: skip
    parser.add_argument(
        "--no-replay",
        action="store_true",
        help=_("do not run the script again where light detail cannot tell enough of a step"),
    )
    add_json(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look for findings, and show them."""
    with stdout_for_results(arguments.json) as results, opened_source(arguments) as source:
        from graphlab.analysis.findings import check
        from graphlab.recording import open_recording

        recording = open_recording(source.path)
        try:
            found = check(recording)
            if not arguments.no_replay:
                from graphlab.cli.closer import look_closer

                found = look_closer(recording, found)
            if arguments.json:
                name = arguments.source if is_recording(arguments.source) else None
                status = recording.facts.status
                said = [finding.as_json() for finding in found]
                write_json({"recording": name, "status": status, "findings": said}, results)
            else:
                _write_findings(recording, found)
                if recording.facts.detail == "light" and not _has_ops(recording):
                    write_line(messages.ONLY_LIGHT, sys.stderr)
        finally:
            recording.close()
    grave = _SEVERITIES[: _SEVERITIES.index(arguments.fail_on) + 1]
    return max(source.code, int(any(finding.severity in grave for finding in found)))


def _write_findings(recording: Recording, found: list[Finding]) -> None:
    width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
    from graphlab.analysis.findings.evidence import say_evidence

    for finding in found:
        write_line(_heading(finding))
        line = _source_of(recording, finding)
        if line:
            write_line(messages.FINDING_LINE.format(line=finding.line, text=line))
        for text in (finding.message, say_evidence(finding)):
            _write_wrapped(text, "    ", "    ", width)
        _write_wrapped(finding.remedy, f"    {messages.REMEDY} ", "      ", width)
        write_line("")
    write_line(_summary(found))


def _has_ops(recording: Recording) -> bool:
    """Whether any step was recorded in full, so that its ops can be looked at."""
    return recording.reader.row("SELECT 1 FROM events WHERE kind = 'op' LIMIT 1") is not None


def _heading(finding: Finding) -> str:
    severity = messages.SEVERITIES[finding.severity]
    if obeys(sys.stdout) and "NO_COLOR" not in os.environ:
        severity = f"\x1b[{_COLOURS[finding.severity]}m{severity}\x1b[0m"
    parts = [severity, finding.finding]
    parts += [messages.IN_STEP.format(step=finding.step)] if finding.step is not None else []
    parts += [messages.AT_EVENT.format(event=finding.event)] if finding.event else []
    if finding.line is not None:
        others = [str(line) for line in finding.lines if line != finding.line]
        also = messages.ALSO_LINES.format(lines=", ".join(others)) if others else ""
        parts.append(messages.AT_LINE.format(file=finding.file, line=finding.line, also=also))
    return "  ".join(parts)


def _source_of(recording: Recording, finding: Finding) -> str:
    for file in recording.files:
        if file.path == finding.file and finding.line:
            lines = file.text.splitlines()
            return lines[finding.line - 1].strip() if finding.line <= len(lines) else ""
    return ""


def _write_wrapped(text: str, first: str, rest: str, width: int) -> None:
    if text:
        for line in textwrap.wrap(text, max(width, 40), initial_indent=first, subsequent_indent=rest):
            write_line(line)


def _summary(found: list[Finding]) -> str:
    if not found:
        return messages.NO_FINDINGS
    counts = [(severity, sum(finding.severity == severity for finding in found)) for severity in _SEVERITIES]
    said = [messages.COUNT_OF[severity](count).format(count=count) for severity, count in counts if count]
    return messages.FINDINGS.format(counts=", ".join(said))
