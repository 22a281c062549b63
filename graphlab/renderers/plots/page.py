"""A plot as one HTML file: a picture, or several with a slider over the steps. It loads nothing from anywhere."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from string import Template

from graphlab.language import current
from graphlab.renderers.plots import words

_PAGE = Template("""<!DOCTYPE html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { margin: 0 auto; max-width: 1100px; padding: 1rem; font: 15px/1.5 system-ui, sans-serif; $colours }
img { width: 100%; max-height: calc(100vh - 12rem); object-fit: contain; display: none } img.shown { display: block }
label { display: flex; gap: 1rem; align-items: center } input { flex: 1 }
</style>
</head>
<body>
<h1>$title</h1>
<p>$subtitle</p>
$slider
<div id="frames">
$frames
</div>
$script
</body>
</html>
""")
_SLIDER = (
    '<label>{step} <output id="step">{first}</output><input id="slider" type="range" min="0" max="{last}" value="0">'
)
_SCRIPT = """<script>
const frames = document.querySelectorAll("#frames img"), slider = document.getElementById("slider");
function show() {
  frames.forEach((frame, place) => frame.classList.toggle("shown", place === slider.valueAsNumber));
  document.getElementById("step").textContent = frames[slider.valueAsNumber].dataset.step;
}
slider.addEventListener("input", show);
</script>"""
_COLOURS = {"light": "background: #fff; color: #1b1f24", "dark": "background: #12151c; color: #dde2ea"}


def make_page(title: str, subtitle: str, frames: Sequence[tuple[int, bytes]], theme: str) -> bytes:
    """Return the page of some pictures, each of a step."""
    images = [
        f'<img{" class=shown" if not place else ""} data-step="{step}" '
        f'alt="{html.escape(subtitle)}, {words.HERE.format(step=step)}" '
        f'src="data:image/svg+xml;base64,{base64.b64encode(picture).decode()}">'
        for place, (step, picture) in enumerate(frames)
    ]
    has_slider = len(frames) > 1
    slider = (
        _SLIDER.format(step=words.STEP, first=frames[0][0], last=len(frames) - 1) + "</label>" if has_slider else ""
    )
    page = _PAGE.substitute(
        language=current(), title=html.escape(title), subtitle=html.escape(subtitle), colours=_COLOURS[theme],
        slider=slider, frames="\n".join(images), script=_SCRIPT if has_slider else "",
    )  # fmt: skip
    return page.encode()
