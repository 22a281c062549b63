"""When a gradient counts as changed: by more than a factor, or in that it is there, zero, or finite at all."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.model import Snapshot


def has_changed(one: Snapshot | None, two: Snapshot | None, factor: float) -> bool:
    """Return whether two gradients differ in size by more than a factor.

    None, zero, infinity and NaN each differ from everything but themselves. A gradient whose size was not kept
    (a recording without values keeps norms) is compared with nothing.
    """
    if one is None or two is None:
        return one is not two
    before, after = one.statistics.norm, two.statistics.norm
    if before is None or after is None:
        return False
    if _class(before) != _class(after):
        return True
    return _class(before) == "finite" and max(before, after) > factor * min(before, after)


def _class(norm: float) -> str:
    if math.isnan(norm):
        return "nan"
    return "infinite" if math.isinf(norm) else "finite" if norm else "zero"


def lacks_all(one: Iterable[Snapshot | None], two: Collection[Snapshot | None]) -> bool:
    """Return whether one side has no gradient at all where the other has some.

    Then none has come yet, or they were reset, or not recorded: that is told once, and is no change of each.
    """
    return all(gradient is None for gradient in one) and any(gradient is not None for gradient in two)
