"""A step as it runs, as an animated GIF: the graph grows, then the gradients flow back. For slides and READMEs.

Every frame is the picture of one moment, on the positions of the step's end, so that nothing moves but what happens.
A step in light detail has no moments between: it is told again from the order of its nodes (`retold`).
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graphlab.errors import RenderError
from graphlab.language import _
from graphlab.renderers.figure import Figure, build_figure
from graphlab.renderers.options import Options
from graphlab.renderers.palette import THEMES
from graphlab.renderers.png import rasterise
from graphlab.renderers.retold import retell
from graphlab.renderers.selection import find_focus, neighbourhood, without_hidden
from graphlab.renderers.svg import compose, surround

if TYPE_CHECKING:
    import networkx
    from PIL.Image import Image

    from graphlab.model import Event
    from graphlab.recording import Recording

MOST_FRAMES = 100
"""Of a step that has more moments some are left out, evenly."""
_WORK = 50_000
"""How many nodes all frames together may have: of a large graph fewer moments are shown."""
_FEWEST = 8
MOST_PIXELS = 900_000
"""Of one frame: a slide shows no more, and a file must stay small enough to be mailed."""
_COLORS = 256
_TELLING = ("op", "backward_start", "gradient", "accumulate", "update")
"""Kinds of events after which the picture differs from before."""
_FRAME, _QUICK, _TURN, _END = 400, 160, 1200, 3000
"""Milliseconds: of a frame, of one among many, where the backward begins and ends, of the last."""
_MANY = 40


@dataclass(frozen=True, slots=True)
class _Frame:
    moment: int
    milliseconds: int


def render_animation(
    recording: Recording, options: Options, moment: int | None = None, *, has_future: bool = False
) -> bytes:
    """Return the step that a moment lies in (default: the end), up to that moment, as a GIF file."""
    moment = recording.event_count if moment is None else moment
    if not recording.steps:
        raise RenderError(_("the recording holds no event, so there is nothing to animate"))
    step = recording.step_of(moment)
    stage = recording.graph(at=step.last)
    part = None if options.focus is None else neighbourhood(stage, find_focus(stage, options.focus), options.hops)
    options = replace(options, stage=_shown(stage, part, options))
    if step.detail == "light" and moment == step.last:
        told = list(retell(stage, _most_frames(len(stage)) - 1, has_future=has_future))
        usual = _FRAME if len(told) < _MANY else _QUICK
        graphs, times = [*told, recording.graph(at=moment)], [*[usual] * len(told), _END]
    else:
        frames = _choose_frames(recording.events_between(step.first, moment, _TELLING), moment, len(stage))
        graphs = [recording.graph(at=frame.moment, future=has_future) for frame in frames]
        times = [frame.milliseconds for frame in frames]
    figures = [build_figure(_shown(graph, part, options), options) for graph in graphs]
    return _encode(draw_frames(figures, options), times)


def draw_frames(figures: Sequence[Figure], options: Options) -> list[Image]:
    """Return pictures of one size, whose parts lie on one another."""
    try:
        from PIL import Image
    except ImportError as error:
        raise RenderError(_("gif needs the package Pillow: pip install pillow, or write .svg or .html")) from error
    theme = THEMES[options.theme]
    around = surround(figures, theme)
    pages = [compose(figure, theme, around) for figure in figures]
    width, height = around.size
    scale = min(options.scale, math.sqrt(MOST_PIXELS / (width * height)))
    return [Image.open(io.BytesIO(rasterise(page, scale))).convert("RGB") for page in pages]


def _shown(graph: networkx.MultiDiGraph, part: networkx.MultiDiGraph | None, options: Options) -> networkx.MultiDiGraph:
    if part is not None:
        facts = part.graph["focus"]
        graph = graph.subgraph([node for node in graph if node in part]).copy()
        graph.graph["focus"] = facts
    return without_hidden(graph, options.show)


def _most_frames(nodes: int) -> int:
    return max(_FEWEST, min(MOST_FRAMES, _WORK // max(nodes, 1)))


def _choose_frames(events: Sequence[Event], moment: int, nodes: int) -> list[_Frame]:
    """Return the moments that are shown and how long each: all that differ, or of very many some."""
    most = _most_frames(nodes)
    # The updates that end a step: of the graph the last shows as much as each of them.
    turns = {event.id for event in events if event.kind == "backward_start"}
    moments = [event.id for event in events] or [moment]
    # The last frame is the moment itself, when variables hold what the last ops made.
    if len(moments) > most:
        every = [moments[index * (len(moments) - 1) // (most - 1)] for index in range(most)]
        moments = sorted({*every, *(turns if len(turns) < most // 4 else ())})
    usual = _FRAME if len(moments) <= _MANY else _QUICK
    frames = [_Frame(one, _TURN if one in turns else usual) for one in moments]
    return [*frames[:-1], _Frame(moment, _END)]


def _encode(pictures: Sequence[Image], milliseconds: Sequence[int]) -> bytes:
    """Return pictures as one GIF file. All share one palette, so that nothing flickers."""
    from PIL import Image

    chosen = [pictures[index * (len(pictures) - 1) // 3] for index in range(4)]
    width, height = pictures[0].size
    sheet = Image.new("RGB", (width, height * len(chosen)))
    for index, picture in enumerate(chosen):
        sheet.paste(picture, (0, index * height))
    palette = sheet.quantize(_COLORS, method=Image.Quantize.MAXCOVERAGE)
    flat = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    buffer = io.BytesIO()
    flat[0].save(
        buffer, "GIF", save_all=True, append_images=flat[1:], duration=list(milliseconds), loop=0, optimize=False
    )
    return buffer.getvalue()
