"""A graph as PDF: the very picture of `svg`, its texts as text, in the shipped fonts.

Our pictures are made of rectangles, paths and lines of text alone (`drawing`), so these are all that is read here of
SVG. No program of the system takes part, and the same graph gives the same bytes.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graphlab.errors import RenderError
from graphlab.language import _
from graphlab.renderers.fonts import FILES, FOLDER, MONO_FAMILY, Face
from graphlab.renderers.options import Options
from graphlab.renderers.reading import title_lines
from graphlab.renderers.svg import draw_svg

if TYPE_CHECKING:
    import networkx

POINTS = 0.75
"""Of a pixel of SVG."""
LONGEST = 14_400.0
"""Points that a page may have at most; a larger picture is drawn smaller."""
_TOKEN = re.compile(r"[A-Za-z]|-?[\d.]+")
_ARGUMENTS = {"M": 2, "L": 2, "Q": 4, "v": 1, "Z": 0}
"""How many numbers the commands take that occur in our paths."""


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the picture as a PDF file."""
    return draw_pdf(draw_svg(graph, options), title_lines(graph.graph)[0])


def draw_pdf(svg: str, title: str) -> bytes:
    """Return one of our SVG pictures as a PDF file of one page."""
    try:
        from reportlab.pdfgen.canvas import Canvas
    except ImportError as error:
        raise RenderError(_("pdf needs the package reportlab: pip install reportlab, or write .svg")) from error
    root = ET.fromstring(svg)  # noqa: S314 - a text that we have just written ourselves
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    scale = min(POINTS, LONGEST / max(width, height))
    buffer = io.BytesIO()
    # `invariant`: no date and no random number in the file.
    canvas = Canvas(buffer, pagesize=(width * scale, height * scale), invariant=1)
    canvas.setTitle(title)
    canvas.setCreator("graphlab")
    _register_fonts()
    canvas.scale(scale, scale)
    _Page(canvas, height).draw(root, 0.0, 0.0, 1.0)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _register_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    known = pdfmetrics.getRegisteredFontNames()
    for face, file in FILES.items():
        if _font(face) not in known:
            pdfmetrics.registerFont(TTFont(_font(face), str(FOLDER / file)))


def _font(face: Face) -> str:
    return f"graphlab-{face}"


class _Page:
    """Draws elements of SVG on a page whose origin is at the bottom."""

    def __init__(self, canvas: Any, height: float) -> None:
        self._canvas = canvas
        self._height = height

    def draw(self, element: ET.Element, across: float, down: float, opacity: float) -> None:
        """Draw an element and what is in it, moved across and down."""
        tag = element.tag.rpartition("}")[2]
        opacity *= float(element.get("opacity", "1"))
        if tag in {"svg", "g"}:
            moved = re.fullmatch(r"translate\((\S+) (\S+)\)", element.get("transform", ""))
            if moved is not None:
                across, down = across + float(moved[1]), down + float(moved[2])
            for child in element:
                self.draw(child, across, down, opacity)
        elif tag == "rect":
            x, y, width, height, radius = (float(element.get(key, "0")) for key in ("x", "y", "width", "height", "rx"))
            place = (x + across, self._height - y - down - height, width, height)
            with_paint = self._paint(element.attrib, opacity)
            if radius:
                # A radius is never more than half a side, as in SVG.
                self._canvas.roundRect(*place, min(radius, width / 2, height / 2), **with_paint)
            else:
                self._canvas.rect(*place, **with_paint)
        elif tag == "path":
            self._draw_path(element, across, down, opacity)
        elif tag == "text" and element.text:
            face: Face = "bold" if element.get("font-weight") else "sans"
            face = "mono" if element.get("font-family", "").startswith(MONO_FAMILY) else face
            self._paint(element.attrib, opacity)
            self._canvas.setFont(_font(face), float(element.get("font-size", "10")))
            x, y = float(element.get("x", "0")) + across, float(element.get("y", "0")) + down
            self._canvas.drawString(x, self._height - y, element.text)

    def _draw_path(self, element: ET.Element, across: float, down: float, opacity: float) -> None:
        path = self._canvas.beginPath()
        x = y = 0.0
        for command, numbers in _commands(element.get("d", "")):
            points = [
                (one + across, self._height - two - down) for one, two in zip(numbers[::2], numbers[1::2], strict=False)
            ]
            if command == "M":
                path.moveTo(*points[-1])
            elif command == "L":
                path.lineTo(*points[-1])
            elif command == "v":
                points = [(x, y - numbers[0])]
                path.lineTo(*points[-1])
            elif command == "Q":
                (bend_x, bend_y), (end_x, end_y) = points
                # A cubic curve that is the quadratic one: its bends lie at two thirds of the way to the other's.
                path.curveTo(
                    x + 2 / 3 * (bend_x - x), y + 2 / 3 * (bend_y - y),
                    end_x + 2 / 3 * (bend_x - end_x), end_y + 2 / 3 * (bend_y - end_y), end_x, end_y,
                )  # fmt: skip
            else:
                path.close()
            x, y = points[-1] if points else (x, y)
        self._canvas.drawPath(path, **self._paint(element.attrib, opacity))

    def _paint(self, paint: Mapping[str, str], opacity: float) -> dict[str, int]:
        """Set colours, widths and dashes; return whether to fill and to stroke."""
        from reportlab.lib.colors import HexColor

        canvas = self._canvas
        fill, stroke = paint.get("fill", "#000000"), paint.get("stroke", "none")
        if fill != "none":
            canvas.setFillColor(HexColor(fill))
        if stroke != "none":
            canvas.setStrokeColor(HexColor(stroke))
            canvas.setLineWidth(float(paint.get("stroke-width", "1")))
            canvas.setDash([float(part) for part in paint.get("stroke-dasharray", "").split()])
        # After the colours: setting one makes it opaque.
        canvas.setFillAlpha(opacity)
        canvas.setStrokeAlpha(opacity)
        return {"fill": int(fill != "none"), "stroke": int(stroke != "none")}


def _commands(data: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the commands of a path, each with its numbers."""
    tokens = _TOKEN.findall(data)
    place = 0
    while place < len(tokens):
        command = tokens[place]
        count = _ARGUMENTS[command]
        yield command, [float(token) for token in tokens[place + 1 : place + 1 + count]]
        place += 1 + count
