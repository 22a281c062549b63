"""The learning rates of a run: what each optimizer had for each of its groups of parameters when it stepped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

    from graphlab.recording.run import Recording


def read_rates(recording: Recording) -> dict[str, numpy.ndarray[Any, Any]]:
    """Return each rate at every step, NaN where there is none, by a name: `lr`, or of several `lr SGD 2`."""
    import numpy

    steps = len(recording.steps)
    found: dict[tuple[str, int], numpy.ndarray[Any, Any]] = {}

    def column(optimizer: str, place: int) -> numpy.ndarray[Any, Any]:
        if (optimizer, place) not in found:
            found[optimizer, place] = numpy.full(steps, numpy.nan)
        return found[optimizer, place]

    for block in recording.light.blocks:
        seen: Counter[str] = Counter()
        for optimizer, rates in block.rates:
            column(optimizer, seen[optimizer])[block.first - 1 : block.first - 1 + block.count] = rates
            seen[optimizer] += 1
    for event in recording.find_events("kind = 'update' AND data LIKE '%\"rates\"%' ORDER BY id"):
        for place, rate in enumerate(event.details["rates"]):
            column(event.details["optimizer"], place)[event.step - 1] = rate
    if len(found) == 1:
        return {"lr": next(iter(found.values()))}
    several = Counter(optimizer for optimizer, _ in found)
    return {
        f"lr {optimizer}" + (f" {place + 1}" if several[optimizer] > 1 else ""): rates
        for (optimizer, place), rates in found.items()
    }
