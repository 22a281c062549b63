"""A graph as PNG: the SVG of `svg`, rasterised by resvg with the shipped fonts and no others.

No program of the system and no font of the system takes part, so the bytes are the same everywhere.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from graphlab.errors import RenderError
from graphlab.language import _
from graphlab.renderers.fonts import MONO_FAMILY, SANS_FAMILY, font_paths
from graphlab.renderers.options import Options
from graphlab.renderers.svg import draw_svg

if TYPE_CHECKING:
    import networkx

MOST_PIXELS = 40_000_000
"""A picture of 160 MB in memory; what would be larger is drawn at a smaller scale."""
LONGEST = 32_000
"""Many programs open no picture with a longer side."""


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the picture as a PNG file."""
    return rasterise(draw_svg(graph, options), options.scale)


def rasterise(svg: str, scale: float) -> bytes:
    """Return an SVG document as a PNG file, `scale` pixels to a point."""
    try:
        import resvg_py
    except ImportError as error:
        raise RenderError(_("png needs the package resvg-py: pip install resvg-py, or write .svg")) from error
    width, height = size_of(svg)
    fitting = min(scale, LONGEST / max(width, height), math.sqrt(MOST_PIXELS / (width * height)))
    try:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                zoom=fitting,
                # Graphviz writes sizes in points; without this they count as nothing.
                dpi=96.0,
                skip_system_fonts=True,
                font_files=font_paths(),
                font_family=SANS_FAMILY,
                sans_serif_family=SANS_FAMILY,
                serif_family=SANS_FAMILY,
                monospace_family=MONO_FAMILY,
            )
        )
    except ValueError as error:
        raise RenderError(
            _("the picture could not be rasterised ({error}): write .svg instead").format(error=error)
        ) from error


def size_of(svg: str) -> tuple[float, float]:
    """Return width and height, in pixels, as the document's first element says."""
    found = re.search(r'<svg[^>]*?\swidth="([\d.]+)(pt|px|)"[^>]*?\sheight="([\d.]+)', svg)
    if found is None:
        return 1000.0, 1000.0
    unit = 96 / 72 if found[2] == "pt" else 1.0
    return float(found[1]) * unit, float(found[3]) * unit
