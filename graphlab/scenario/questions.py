"""Questions that an author wrote into a script: `# ?` what is asked, `# =` the answer, `# -` what is wrong.

They stand at the end of the comment above a line, and are asked before that line runs. Read as text only: what an
answer means is found out against a recording, by `graphlab.quiz`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from graphlab.scenario.lines import comment_blocks

_PART = re.compile(r"#\s*(\?|[=-](?=\s))\s*(?=\S)")


@dataclass(frozen=True, slots=True)
class AuthoredQuestion:
    """One question above a line."""

    line: int
    """The line before which it is asked."""
    prompt: str
    answer: str
    """An expression of the language of answers; empty where the author gave none."""
    wrong: tuple[str, ...]
    """Choices that are wrong; without any, the answer is typed."""


def questions(text: str) -> list[AuthoredQuestion]:
    """Return the questions of a script in the order of its lines."""
    found = []
    for line, comments in comment_blocks(text):
        parts: list[list[str]] = []
        for comment in comments:
            match = _PART.match(comment)
            if match is not None and (parts or match[1] == "?"):
                parts.append([match[1], comment[match.end() :].strip()])
            elif parts:  # the line before goes on
                parts[-1][1] = f"{parts[-1][1]} {comment.lstrip('#').strip()}".strip()
        found += _make(line, parts) if parts else []
    return found


def _make(line: int, parts: list[list[str]]) -> list[AuthoredQuestion]:
    """Make the questions of a block: each goes from its `?` to the next."""
    made = []
    starts = [place for place, (sign, _) in enumerate(parts) if sign == "?"]
    for start, end in zip(starts, [*starts[1:], len(parts)], strict=True):
        rest = parts[start + 1 : end]
        answer = next((words for sign, words in rest if sign == "="), "")
        wrong = tuple(words for sign, words in rest if sign == "-")
        made.append(AuthoredQuestion(line, parts[start][1], answer, wrong))
    return made
