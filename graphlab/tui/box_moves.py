"""Where the arrow keys lead in the boxes: along the lines, and from a box to the one beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.layout.grid import CellBox
    from graphlab.tui.box_plan import BoxPlan


def along(plan: BoxPlan, node: int | None, direction: int) -> int | None:
    """Return where a line leads: on (1) to a user, back (-1) to an input; None where there is none.

    Of several, what stands nearest under (or above) it, and ops before parameters: so that a key back and forth leads
    back. Where the graph runs to the right, nearest means at about the same height. Without a box to start from, the
    first or the last.
    """
    here = plan.box(node)
    if node is None or here is None:
        ordered = sorted(plan.layout.boxes, key=lambda place: _corner(plan, plan.layout.boxes[place]))
        return plan.items[ordered[0] if direction > 0 else ordered[-1]].node if ordered else None
    place = plan.index[node]
    ends = (0, 1) if direction > 0 else (1, 0)
    near = {key[ends[1]] for key in plan.edges if key[ends[0]] == place}
    fed = {key[1] for key in plan.edges}
    best = min(near, key=lambda other: (direction < 0 and other not in fed, *_offset(here, plan, other)), default=None)
    return plan.items[best].node if best is not None else None


def _offset(here: CellBox, plan: BoxPlan, place: int) -> tuple[float, int, int]:
    box = plan.layout.boxes[place]
    across, down = abs(_middle_x(box) - _middle_x(here)), abs(_middle_y(box) - _middle_y(here))
    if plan.direction == "right":
        return down, abs(box.x - here.x), place
    return across, abs(box.y - here.y), place


def _corner(plan: BoxPlan, box: CellBox) -> tuple[int, int]:
    """Return where a box begins: first along the graph's direction."""
    return (box.x, box.y) if plan.direction == "right" else (box.y, box.x)


def _middle_x(box: CellBox) -> float:
    return box.x + box.width / 2


def _middle_y(box: CellBox) -> float:
    return box.y + box.height / 2


def beside(plan: BoxPlan, node: int | None, direction: int) -> int | None:
    """Return the nearest box at the left (-1) or at the right (1), those at about the same height first.

    Where the graph runs to the right, the nearest above or below, those that stand under one another first.
    """
    here = plan.box(node)
    if here is None:
        return along(plan, None, direction)
    best: tuple[float, int] | None = None
    for place, box in plan.layout.boxes.items():
        # A cell is twice as high as it is wide.
        across = _middle_x(box) - _middle_x(here)
        down = (_middle_y(box) - _middle_y(here)) * 2
        ahead, aside = (down, abs(across)) if plan.direction == "right" else (across, abs(down))
        if ahead * direction > 0:
            score = ahead * direction + 4 * aside
            if best is None or score < best[0]:
                best = score, place
    return plan.items[best[1]].node if best is not None else None
