"""Runs a light recording's script again, to see in full the step of which a finding cannot say the op.

Separate from `check`, which shows findings: here a process is started. The replay is compared with the recording,
loss by loss; where the two runs part, what light detail knows is left as it is.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlab.cli import messages
from graphlab.cli.output import write_line
from graphlab.own_process import graphlab_command

if TYPE_CHECKING:
    from graphlab.analysis.findings import Finding
    from graphlab.recording import Recording

_ASKED = "record_in_full"
"""What a finding's evidence says of the step that would show more."""
_MERELY_SHOWN = frozenset({"note"})


def look_closer(recording: Recording, found: list[Finding]) -> list[Finding]:
    """Return the findings, those that a step in full detail would tell better replaced by what it tells."""
    from graphlab.analysis.findings import SEVERITIES, check

    asking = [finding for finding in found if _ASKED in finding.evidence and finding.severity not in _MERELY_SHOWN]
    if not asking or recording.origin is None or recording.path is None:
        return found
    gravest = min(asking, key=lambda finding: SEVERITIES.index(finding.severity))
    step = int(gravest.evidence[_ASKED])
    window = _window(gravest.finding, step, len(recording.steps))
    write_line(messages.LOOKS_CLOSER.format(step=step), sys.stderr)
    with tempfile.TemporaryDirectory(prefix="graphlab-") as folder:
        path = Path(folder) / "closer.glab"
        if not _replay(recording.path, window, path):
            write_line(messages.NOT_CLOSER.format(step=step), sys.stderr)
            return found
        from graphlab.recording import open_recording

        closer = open_recording(path)
        try:
            if closer.step(step).detail == "light":
                write_line(messages.THREAD_STAYS_LIGHT.format(step=step), sys.stderr)
                return found
            seen = [finding for finding in check(closer) if finding.severity not in _MERELY_SHOWN]
        finally:
            closer.close()
    return _merge(found, seen, step, window)


def _window(name: str, step: int, last: int) -> tuple[int, int]:
    """Return the steps to look at in full for a finding about one of them."""
    if name == "not-finite":
        return step, step
    if name in {"modified-in-place", "second-backward", "backward-without-graph"}:
        return max(step - 1, 1), step  # who kept the tensor may have run in the step before: a carried hidden state
    return step, min(step + 1, last)  # a gradient that is 0 in one step alone says little


def _replay(recording: Path, window: tuple[int, int], output: Path) -> bool:
    """Replay some steps in a process of their own; False where that failed, or the run was another."""
    words = ["replay", str(recording), "--full", f"{window[0]}:{window[1]}", "-o", str(output), "--json"]
    done = subprocess.run([*graphlab_command(), *words], capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["parted"] is None and output.is_file()
    except (ValueError, KeyError):
        return False


def _merge(
    found: Sequence[Finding], seen: Sequence[Finding], step: int, window: tuple[int, int]
) -> list[Finding]:  # fmt: skip
    """Put what was seen in full in the place of what asked for it; its event is that of the first run."""
    from graphlab.analysis.findings.explained import without_explained

    merged: list[Finding] = []
    for finding in found:
        if finding.evidence.get(_ASKED) != step:
            merged.append(finding)
            continue
        better = [each for each in seen if _tells_more(each, finding, window)]
        merged += [
            replace(each, event=finding.event, node=None, step=finding.step, evidence=_replayed(each))
            for each in better
        ] or [finding]
    return without_explained(list({(each.finding, each.line, each.message): each for each in merged}.values()))


def _replayed(finding: Finding) -> dict[str, Any]:
    """Return the evidence of a replay: without its moments, which the recording that is checked does not have."""
    from graphlab.analysis.findings.evidence import EVENTS

    return {key: value for key, value in finding.evidence.items() if key not in EVENTS} | {"replayed": True}


def _tells_more(seen: Finding, asked: Finding, window: tuple[int, int]) -> bool:
    is_there = seen.step is not None and window[0] - 1 <= seen.step <= window[1] and seen.line is not None
    if asked.finding == "not-finite":
        return is_there and seen.finding.startswith("not-finite") and _ASKED not in seen.evidence
    return is_there and seen.finding in _CLOSER.get(asked.finding, {asked.finding}) and _ASKED not in seen.evidence


_CLOSER = {"zero-gradient": {"zero-gradient", "dead-relu", "saturated"}, "saturated": {"saturated", "zero-gradient"}}
"""By what light detail tells: what the same may be called where its values are known."""
