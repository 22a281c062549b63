"""A layout that is a long strip, cut across and laid side by side as the columns of a newspaper.

A chain of fifty ops is one box wide and ten pages long: on a slide or in a report nothing can be read of it. So it is
cut where few lines pass, and what passes turns round the foot of one column to the head of the next, through the free
space between them. Apart from `placement`, which knows nothing of pages. A chain that goes to the right is cut in the
same way, into rows.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graphlab.layout.placement import Placement, Spacing, Tag, simplify

_MOST_PASSING = 4
"""Lines beyond which a cut is harder to read across than a strip is to scroll."""
_MOST_COLUMNS = 40
_SLIM = 1.2
"""How many times longer than wide a strip is: half a page that is beside the other half is read at twice the size."""
_GAIN = 0.8
"""By how much the picture must shrink less on its page, to be worth the cuts."""
_REACH = 0.3
"""How far from its even share a column may end, as a part of it, where fewer lines pass there."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a picture should fit on to be read at a glance: its sizes across and along the layout's direction."""

    across: float
    along: float

    def turned(self) -> Page:
        """Return the same page for a layout in the other direction."""
        return Page(self.along, self.across)

    def shrinks(self, width: float, height: float) -> float:
        """Return how many times a picture is larger than the page."""
        return max(width / self.across, height / self.along)


@dataclass(frozen=True, slots=True)
class _Column:
    """A part of a strip: what lies between two cuts."""

    top: float
    bottom: float
    low: float
    high: float
    """How far it reaches to either side."""
    heads: tuple[tuple[int, float], ...]
    """The nets that come in at the top, from left to right, and where."""
    feet: tuple[tuple[int, float], ...]
    """Those that go on to the next column."""

    def height(self, spacing: Spacing) -> float:
        return self.bottom - self.top + _room(self.heads, spacing) + _room(self.feet, spacing)

    def gutter(self, spacing: Spacing) -> float:
        """Return how much room the lines to the next column need, and keep, beside this one."""
        return 2 * spacing.gaps.boxes + (len(self.feet) - 1) * spacing.gaps.nets


def fold_strip(placed: Placement, tags: Sequence[Tag], page: Page, spacing: Spacing) -> Placement:
    """Return a placement in columns where it is a strip and suits its page far better so; else as it is.

    As few columns as it takes to fit on the page; where it never does, as many as shrink it least.
    """
    if placed.height <= 1.25 * page.along or placed.height <= _SLIM * placed.width:
        return placed
    cuts = _possible_cuts(placed, spacing)
    best: list[_Column] | None = None
    fit = _GAIN * page.shrinks(placed.width, placed.height)
    for count in range(2, _MOST_COLUMNS + 1):
        chosen = _choose(cuts, placed.height, count)
        if chosen is None:
            break
        columns = _columns(placed, tags, [cuts[at] for at in chosen])
        width = sum(column.high - column.low for column in columns)
        width += sum(column.gutter(spacing) for column in columns[:-1])
        now = page.shrinks(width, max(column.height(spacing) for column in columns))
        if now < fit:
            best, fit = columns, now
        if fit <= 1 or width > page.across * fit:
            break
    return placed if best is None else _side_by_side(placed, best, spacing)


@dataclass(frozen=True, slots=True)
class _Cut:
    y: float
    passing: tuple[tuple[int, float], ...]
    """The nets that pass, from left to right, and where."""


def _possible_cuts(placed: Placement, spacing: Spacing) -> list[_Cut]:
    """Return where few lines pass, right below a layer: there every net is a single line that runs straight down."""
    places = [bottom + spacing.lead / 2 for _, bottom in placed.rows[:-1]]
    passing: list[dict[int, float]] = [{} for _ in places]
    for net, points in zip(placed.nets, placed.points, strict=True):
        for at, x in _crossings(points, places):
            passing[at][net] = x
    return [
        _Cut(y, tuple(sorted(nets.items(), key=lambda item: (item[1], item[0]))))
        for y, nets in zip(places, passing, strict=True)
        if len(nets) <= _MOST_PASSING
    ]


def _crossings(points: Sequence[tuple[float, float]], places: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Yield which of the places a line passes, and at which column."""
    for (x, top), (_, bottom) in itertools.pairwise(points):
        if bottom > top:
            for at in range(bisect_left(places, top), bisect_right(places, bottom)):
                yield at, x


def _choose(cuts: Sequence[_Cut], height: float, count: int) -> list[int] | None:
    """Return the cuts for so many columns of about the same height; None where there are none."""
    share = height / count
    chosen: list[int] = []
    for number in range(1, count):
        wish = number * share
        near = [at for at, cut in enumerate(cuts) if abs(cut.y - wish) <= _REACH * share]
        near = [at for at in near if not chosen or at > chosen[-1]]
        if not near:
            return None
        # A line more that passes is worth an eighth of a column.
        chosen.append(min(near, key=lambda at: (len(cuts[at].passing) * share / 8 + abs(cuts[at].y - wish), at)))
    return chosen


def _columns(placed: Placement, tags: Sequence[Tag], cuts: Sequence[_Cut]) -> list[_Column]:
    bounds = [-math.inf, *(cut.y for cut in cuts), math.inf]
    lows = [math.inf] * (len(cuts) + 1)
    highs = [-math.inf] * (len(cuts) + 1)

    def reach(y: float, low: float, high: float) -> None:
        at = bisect_right(bounds, y) - 1
        lows[at] = min(lows[at], low)
        highs[at] = max(highs[at], high)

    for anchor, top, item in zip(placed.anchors, placed.tops, placed.items, strict=True):
        reach(top, anchor - item.left, anchor + item.right)
    places = bounds[1:-1]
    for points, tag in zip(placed.points, tags, strict=True):
        for x, y in points:
            reach(y, x, x)
        for at, x in _crossings(points, places):
            reach(bounds[at], x, x)
            reach(bounds[at + 1], x, x)
        x, y = points[-1]
        reach(y, x - tag.left, x + tag.right)
    nets: list[tuple[tuple[int, float], ...]] = [(), *(cut.passing for cut in cuts), ()]
    edges = [0.0, *places, placed.height]
    return [
        _Column(edges[at], edges[at + 1], lows[at], highs[at], nets[at], nets[at + 1]) for at in range(len(cuts) + 1)
    ]


def _room(nets: Sequence[object], spacing: Spacing) -> float:
    """Return the height that lines take to turn at the head or the foot of a column."""
    return spacing.lead + (len(nets) - 1) * spacing.track if nets else 0.0


def _side_by_side(placed: Placement, columns: Sequence[_Column], spacing: Spacing) -> Placement:
    shifts: list[tuple[float, float]] = []
    turns: list[dict[int, list[tuple[float, float]]]] = []
    left = 0.0
    for column in columns:
        shifts.append((left - column.low, _room(column.heads, spacing) - column.top))
        left += column.high - column.low
        if column.feet:
            turns.append(_turn(column, shifts[-1], left, spacing))
            left += column.gutter(spacing)
    for column, (right, _unused), ways in zip(columns, shifts[1:], turns, strict=False):
        # At the head of the next column each line goes to where it would have come from straight above.
        for rank, (net, x) in enumerate(reversed(column.feet)):
            lane = ways[net][-1][0]
            y = rank * spacing.track
            ways[net] += [(lane, y), (x + right, y)]
    cuts = [column.bottom for column in columns[:-1]]

    def moved(point: tuple[float, float], at: int) -> tuple[float, float]:
        return point[0] + shifts[at][0], point[1] + shifts[at][1]

    homes = [bisect_left(cuts, top) for top in placed.tops]
    routes = []
    for net, points in zip(placed.nets, placed.points, strict=True):
        route = [moved(points[0], bisect_left(cuts, points[0][1]))]
        for (x, top), (to, bottom) in itertools.pairwise(points):
            for at in range(bisect_left(cuts, top), bisect_left(cuts, bottom)):
                route += [moved((x, cuts[at]), at), *turns[at][net], moved((x, cuts[at]), at + 1)]
            route.append(moved((to, bottom), bisect_left(cuts, bottom)))
        routes.append(simplify(route))
    return replace(
        placed,
        width=left,
        height=max(column.height(spacing) for column in columns),
        anchors=[anchor + shifts[home][0] for anchor, home in zip(placed.anchors, homes, strict=True)],
        tops=[top + shifts[home][1] for top, home in zip(placed.tops, homes, strict=True)],
        points=routes,
    )


def _turn(
    column: _Column, shift: tuple[float, float], right: float, spacing: Spacing
) -> dict[int, list[tuple[float, float]]]:
    """Return the way of each net round the foot of a column: of several the rightmost turns first, inside of all."""
    ways = {}
    for rank, (net, x) in enumerate(reversed(column.feet)):
        y = column.bottom + shift[1] + spacing.lead + rank * spacing.track
        lane = right + spacing.gaps.boxes + rank * spacing.gaps.nets
        ways[net] = [(x + shift[0], y), (lane, y)]
    return ways
