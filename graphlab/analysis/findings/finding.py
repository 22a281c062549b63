"""What a finding is, and how a finder makes one.

Separate from the finders, which know what to look for, and from the messages, which know how to say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from graphlab.recording import Recording

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The gravest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is, or may be, wrong with a run: what, where, since when, by which numbers, and what to do."""

    finding: str
    """Its name, such as `softmax-before-cross-entropy`."""
    severity: Severity
    step: int | None
    event: int | None
    """The first moment at which it holds."""
    node: int | None
    file: str | None
    line: int | None
    lines: tuple[int, ...]
    """All lines that take part, in order: who saved a tensor, and who changed it."""
    message: str
    """What was found, and its likely cause."""
    evidence: dict[str, Any] = field(default_factory=dict)
    """The numbers that show it."""
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the object that `graphlab check --json` lists."""
        return {
            "finding": self.finding,
            "severity": self.severity,
            "step": self.step,
            "event": self.event,
            "node": self.node,
            "file": self.file,
            "line": self.line,
            "lines": list(self.lines),
            "message": self.message,
            "evidence": self.evidence,
            "remedy": self.remedy,
        }


class Text(NamedTuple):
    """How a finding is said: templates of its message and its remedy."""

    severity: Severity
    message: str
    remedy: str


def make_finding(
    recording: Recording, name: str, text: Text, event: int | None, /, *, node: int | None = None,
    file: int | None = None, line: int | None = None, lines: Iterable[int | None] = (),
    evidence: Mapping[str, Any] | None = None, **words: Any,
) -> Finding:  # fmt: skip
    """Make a finding of a text and the words that fill it.

    Args:
        event: the first moment at which it holds; without a line given, the finding stands at that event's.
        file: the number of the script's own file, by default the event's.
        lines: what else takes part.
    """
    if event and line is None:
        at = recording.event(event)
        file, line = at.file, at.line
    elif event and file is None:
        file = recording.event(event).file
    paths = {each.id: each.path for each in recording.files}
    number = recording.number_at(event) if event and recording.steps else None
    taking_part = sorted({each for each in (line, *lines) if each is not None})
    return Finding(
        name, text.severity, number, event, node, paths.get(file or 1), line, tuple(taking_part),
        text.message.format(line=line, **words), dict(evidence or {}), text.remedy.format(line=line, **words),
    )  # fmt: skip
