"""Findings: what is, or may be, wrong with a run, each with the moment, the line and the numbers that show it.

A finder is a plain function of a recording that yields findings; `FINDERS` lists them. One that fails becomes a note
that names it, and never takes the others down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from graphlab.analysis.findings import (
    behind,
    computed_targets,
    depth,
    graphless,
    kept,
    leaves,
    loss_terms,
    losses,
    messages,
    missing,
    modes,
    no_effect,
    not_finite,
    rates,
    saturation,
    stepping,
    symmetry,
    torch_errors,
    zero_gradient,
)
from graphlab.analysis.findings.explained import without_explained
from graphlab.analysis.findings.finding import SEVERITIES, Finding, make_finding
from graphlab.errors import GraphlabError, UsageError

if TYPE_CHECKING:
    from graphlab.recording import Recording

Finder = Callable[["Recording"], Iterator[Finding]]

FINDERS: tuple[Finder, ...] = (
    *torch_errors.FINDERS,
    *missing.FINDERS,
    *graphless.FINDERS,
    *loss_terms.FINDERS,
    *leaves.FINDERS,
    *computed_targets.FINDERS,
    *stepping.FINDERS,
    *behind.FINDERS,
    *losses.FINDERS,
    *kept.FINDERS,
    *modes.FINDERS,
    *not_finite.FINDERS,
    *zero_gradient.FINDERS,
    *no_effect.FINDERS,
    *saturation.FINDERS,
    *depth.FINDERS,
    *rates.FINDERS,
    *symmetry.FINDERS,
)
"""Every finder, in the order in which they are asked."""


def check(recording: Recording) -> list[Finding]:
    """Return what is found in a recording, by its first moment; what an earlier cause explains is left out."""
    found: list[Finding] = []
    with recording.reading():
        for finder in FINDERS:
            try:
                found.extend(finder(recording))
            except Exception as error:
                if isinstance(error, GraphlabError) and not isinstance(error, UsageError):
                    raise  # the recording itself cannot be read
                name = f"{finder.__module__.rpartition('.')[2]}.{finder.__name__}"
                text = messages.BROKEN_FINDER
                words: dict[str, Any] = {"name": name, "error": f"{type(error).__name__}: {error}"}
                found.append(make_finding(recording, "finder-failed", text, None, **words))
    found.sort(key=_order)
    return without_explained(found)


def _order(finding: Finding) -> tuple[float, int, str]:
    event = float("inf") if finding.event is None else float(finding.event)
    return event, SEVERITIES.index(finding.severity), finding.finding


__all__ = ["FINDERS", "SEVERITIES", "Finding", "check"]
