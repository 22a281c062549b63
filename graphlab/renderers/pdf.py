"""A graph as PDF: our DOT, drawn by the system's Graphviz, which alone can write PDF without a package of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.layout.fold import fold
from graphlab.renderers.dot import draw_dot
from graphlab.renderers.options import Options
from graphlab.renderers.programs import pdf_from

if TYPE_CHECKING:
    import networkx


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the picture as a PDF file."""
    return pdf_from(draw_dot(fold(graph, options.fold, opened=options.opened), options))
