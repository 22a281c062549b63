"""Where the arrow keys lead in the boxes: along the lines, and from a box to the one beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.layout.grid import CellBox
    from graphlab.tui.box_plan import BoxPlan


def along(plan: BoxPlan, node: int | None, direction: int) -> int | None:
    """Return where a line leads: down to a user, up to an input; None where there is none.

    Of several, what stands nearest under (or above) it, and ops before parameters: so that a key back and forth leads
    back. Without a box to start from, the first or the last.
    """
    here = plan.box(node)
    if node is None or here is None:
        ordered = sorted(plan.layout.boxes, key=lambda place: (plan.layout.boxes[place].y, plan.layout.boxes[place].x))
        return plan.items[ordered[0] if direction > 0 else ordered[-1]].node if ordered else None
    place = plan.index[node]
    ends = (0, 1) if direction > 0 else (1, 0)
    near = {key[ends[1]] for key in plan.edges if key[ends[0]] == place}
    fed = {key[1] for key in plan.edges}
    best = min(near, key=lambda other: (direction < 0 and other not in fed, *_offset(here, plan, other)), default=None)
    return plan.items[best].node if best is not None else None


def _offset(here: CellBox, plan: BoxPlan, place: int) -> tuple[float, int, int]:
    box = plan.layout.boxes[place]
    return abs(box.x + box.width / 2 - here.x - here.width / 2), abs(box.y - here.y), place


def beside(plan: BoxPlan, node: int | None, direction: int) -> int | None:
    """Return the nearest box at the left (-1) or at the right (1), those at about the same height first."""
    here = plan.box(node)
    if here is None:
        return along(plan, None, direction)
    best: tuple[float, int] | None = None
    for place, box in plan.layout.boxes.items():
        across = (box.x + box.width / 2 - here.x - here.width / 2) * direction
        aside = abs(box.y + box.height / 2 - here.y - here.height / 2) * 2
        if across > 0:
            score = across + 4 * aside
            if best is None or score < best[0]:
                best = score, place
    return plan.items[best[1]].node if best is not None else None
