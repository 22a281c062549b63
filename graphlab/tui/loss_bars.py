"""The loss of all steps as one line of bars: the same at every moment, so it is made once for a width.

Apart from the timeline that paints it, so that it can be asked without textual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from graphlab.recording import Recording

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class LossBars:
    """One bar for each step, or for some of them where there are more than cells."""

    bars: str
    """One sign a bar: `·` where there is no loss, `!` where it is not finite."""
    gap: int
    """Cells that a bar takes."""
    steps: tuple[int, ...]
    """The number of the step that each bar begins with."""


_known: WeakKeyDictionary[Recording, tuple[tuple[int, int], LossBars]] = WeakKeyDictionary()
"""What was made last for a recording: for which room, and when there were how many events."""


def loss_bars(recording: Recording, room: int) -> LossBars:
    """Return the bars that find room in so many cells."""
    key = room, recording.event_count
    known = _known.get(recording)
    if known is None or known[0] != key:
        known = _known[recording] = key, _make(recording, room)
    return known[1]


def _make(recording: Recording, room: int) -> LossBars:
    steps = recording.steps
    known_steps = len(steps)
    shown = min(known_steps, room)
    numbers = tuple(cell * known_steps // shown + 1 for cell in range(shown))
    losses = [steps[number - 1].loss for number in numbers]
    known = [loss for loss in losses if loss is not None and math.isfinite(loss)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    return LossBars("".join(_bar(loss, low, high) for loss in losses), max(1, min(9, room // shown)), numbers)


def _bar(loss: float | None, low: float, high: float) -> str:
    if loss is None:
        return "·"
    if not math.isfinite(loss):
        return "!"
    share = (loss - low) / (high - low) if high > low else 0.0
    return _BARS[round(share * (len(_BARS) - 1))]
