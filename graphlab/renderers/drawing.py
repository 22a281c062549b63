"""The few SVG elements that our pictures are made of, as text.

Only presentation attributes are used, no stylesheet: slide programs read these best. Every text carries the width
that it was measured to have, so that a viewer without our font squeezes it and does not let it run out of its box.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphlab.renderers.fonts import MONO_FAMILY, SANS_FAMILY, Face, measure
from graphlab.renderers.reading import plain

FAMILIES: dict[Face, str] = {
    "sans": f"{SANS_FAMILY}, Verdana, sans-serif",
    "bold": f"{SANS_FAMILY}, Verdana, sans-serif",
    "mono": f"{MONO_FAMILY}, Menlo, Consolas, monospace",
}
Point = tuple[float, float]


def number(value: float) -> str:
    """Return a coordinate, with at most two decimals and no superfluous zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def escape(text: str) -> str:
    """Return text as it stands in XML, in an attribute or between tags."""
    cleaned = "".join(character if character == "\n" else plain(character) for character in text)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\n", "&#10;")):
        cleaned = cleaned.replace(character, entity)
    return cleaned


def opening(width: float, height: float) -> str:
    """Return the tag that a document of this size begins with."""
    across, down = number(width), number(height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" '
        f'viewBox="0 0 {across} {down}" font-kerning="none">'
    )


def text_element(x: float, y: float, text: str, size: float, color: str, face: Face = "sans") -> str:
    """Return a line of text that begins at x and stands on y."""
    width = measure(text, size, face)
    if not width:
        return ""
    weight = ' font-weight="bold"' if face == "bold" else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-family="{FAMILIES[face]}" font-size="{number(size)}"{weight} '
        f'fill="{color}" textLength="{number(width)}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def rectangle(x: float, y: float, width: float, height: float, radius: float = 0.0, /, **paint: str | float) -> str:
    """Return a rectangle; `paint` holds SVG attributes with `_` for `-`."""
    round_corner = f' rx="{number(radius)}"' if radius else ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"{round_corner}'
        f"{_attributes(paint)}/>"
    )


def path(data: str, **paint: str | float) -> str:
    """Return a path."""
    return f'<path d="{data}"{_attributes(paint)}/>'


def _attributes(paint: dict[str, str | float]) -> str:
    return "".join(
        f' {name.replace("_", "-")}="{value if isinstance(value, str) else number(value)}"'
        for name, value in paint.items()
    )


def rounded(points: Sequence[Point], radius: float) -> str:
    """Return the path of a line along the axes, its corners rounded as far as its stretches are long."""
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        reach = min(radius, _distance(before, corner) / 2, _distance(corner, after) / 2)
        start, end = _towards(corner, before, reach), _towards(corner, after, reach)
        parts.append(
            f"L{number(start[0])} {number(start[1])}"
            f"Q{number(corner[0])} {number(corner[1])} {number(end[0])} {number(end[1])}"
        )
    parts.append(f"L{number(points[-1][0])} {number(points[-1][1])}")
    return "".join(parts)


def _distance(one: Point, two: Point) -> float:
    return abs(one[0] - two[0]) + abs(one[1] - two[1])


def _towards(start: Point, goal: Point, reach: float) -> Point:
    distance = _distance(start, goal)
    share = reach / distance if distance else 0.0
    return start[0] + (goal[0] - start[0]) * share, start[1] + (goal[1] - start[1]) * share


def polygon(points: Sequence[Point]) -> str:
    """Return the path of a closed outline."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + "Z"
