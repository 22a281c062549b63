"""A recording in a notebook: its title, its steps as a table, and the graph at the end as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.counted import count_words
from graphlab.language import _
from graphlab.renderers import render_bytes
from graphlab.renderers.drawing import escape
from graphlab.renderers.reading import number_words

if TYPE_CHECKING:
    from graphlab.model import Step
    from graphlab.recording import Recording

MOST_STEPS = 10
"""Rows of the table; of more steps the first and the last are shown."""


def recording_html(recording: Recording) -> str:
    """Return a recording as a piece of HTML without script."""
    steps = list(recording.steps)
    facts = recording.facts
    words = [
        facts.scenario if facts.scenario != recording.title else "",
        _("{detail} detail").format(detail=facts.detail),
        facts.status,
        count_words(recording.event_count, "event"),
    ]
    parts = [
        f"<div><strong>{escape(recording.title)}</strong>",
        f"<div>{escape(' · '.join(word for word in words if word))}</div>",
    ]
    if steps:
        half = MOST_STEPS // 2
        shown = steps if len(steps) <= MOST_STEPS else [*steps[:half], None, *steps[-half:]]
        rows = "".join("<tr><td>…</td></tr>" if step is None else _row(step) for step in shown)
        heads = "".join(f"<th>{head}</th>" for head in ("step", "loss", "nodes", "edges", "events"))
        parts += [f"<table><tr>{heads}</tr>{rows}</table>", render_bytes(recording.graph(), "svg").decode()]
    return "\n".join([*parts, "</div>"])


def _row(step: Step) -> str:
    loss = "" if step.loss is None else number_words(step.loss, 5)
    cells = (f"{step.step}", loss, f"{step.nodes:,}", f"{step.edges:,}", f"e{step.first}–e{step.last}")
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
