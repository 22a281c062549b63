"""A pdf is the picture of the svg, with its texts as text, and needs no program of the system."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageFilter

from graphlab.layout.boxes import Direction
from graphlab.renderers import render_bytes
from graphlab.renderers.palette import ThemeName
from graphlab.renderers.pdf import LONGEST, draw_pdf
from tests import graphs
from tests.graphs import AWKWARD


def opened(data: bytes) -> tuple[Image.Image, str, tuple[float, float]]:
    """Return the page as an image of a pixel to a pixel of the svg, its texts, and its size in points."""
    assert data.startswith(b"%PDF-")
    document = pypdfium2.PdfDocument(data)
    assert len(document) == 1
    page = document[0]
    image = page.render(scale=4 / 3).to_pil().convert("RGB")
    words: str = page.get_textpage().get_text_range()
    size: tuple[float, float] = page.get_size()
    page.close()
    document.close()
    return image, words, size


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


LOOKS: list[tuple[ThemeName, Direction]] = [("light", "down"), ("dark", "right")]


@pytest.mark.parametrize(("theme", "direction"), LOOKS)
@pytest.mark.parametrize("name", ["empty", "square", "rnn_cell_2_future", "numbers", "mlp", "unrolled_rnn"])
def test_it_looks_like_the_png_of_the_same_graph(name: str, theme: ThemeName, direction: Direction) -> None:
    choices: dict[str, Any] = {"theme": theme, "direction": direction}
    image, _, _ = opened(render_bytes(AWKWARD[name](), "pdf", **choices))
    wanted = Image.open(io.BytesIO(render_bytes(AWKWARD[name](), "png", scale=1.0, **choices))).convert("RGB")
    assert abs(image.width - wanted.width) <= 1
    assert abs(image.height - wanted.height) <= 1
    size = min(image.width, wanted.width), min(image.height, wanted.height)
    soft = [one.crop((0, 0, *size)).filter(ImageFilter.GaussianBlur(2)) for one in (image, wanted)]
    levels = ImageChops.difference(*soft).convert("L").histogram()
    # Two programs smooth edges differently; a box or a line that is missing or moved differs by far more.
    assert sum(levels[70:]) < 0.0005 * size[0] * size[1]


@pytest.mark.parametrize("name", ["rnn_cell", "numbers", "residual"])
def test_every_text_of_the_svg_can_be_selected(name: str) -> None:
    graph = AWKWARD[name]()
    _, words, _ = opened(render_bytes(graph, "pdf"))
    found = squeezed(words)
    root = ET.fromstring(render_bytes(graph, "svg"))
    texts = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert len(texts) > 10
    assert [text for text in texts if squeezed(text) not in found] == []


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert render_bytes(graphs.mlp(), "pdf") == render_bytes(graphs.mlp(), "pdf")


def test_a_page_is_no_longer_than_pdf_allows() -> None:
    _, _, (width, height) = opened(render_bytes(graphs.wide(160), "pdf", fold="none"))
    assert max(width, height) == pytest.approx(LONGEST, abs=1)
    assert height > 100


def test_a_title_of_any_letters_is_taken() -> None:
    svg = render_bytes(graphs.awkward_names(), "svg").decode()
    assert opened(draw_pdf(svg, "∇ (x) \\ é 漢"))[1]
