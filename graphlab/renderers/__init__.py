"""Pictures and files of a graph: each format is a small module that turns a graph into text or bytes.

`render` writes a file, `render_bytes` returns what would be in it. The same input gives the same bytes, everywhere. A
new format is a module with a function `render(graph, options) -> bytes` and a line in FORMATS.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from graphlab.errors import RenderError
from graphlab.language import _
from graphlab.renderers.options import Choices, Options
from graphlab.renderers.selection import SHOWN, find_focus, neighbourhood, without_hidden

if TYPE_CHECKING:
    from collections.abc import Collection

    import networkx

    from graphlab.recording import Recording

__all__ = ["FORMATS", "Options", "check_target", "endings", "render", "render_animated", "render_bytes", "render_run"]

FORMATS: dict[str, dict[str, str]] = {
    "graphlab": {
        "svg": "svg:render",
        "png": "png:render",
        "pdf": "pdf:render",
        "html": "page.document:render",
        "dot": "dot:render",
        "json": "node_link:render",
        "graphml": "graphml:render",
        "txt": "text:render",
        "mmd": "mermaid:render",
    },
    "graphviz": {
        "svg": "graphviz_picture:render_svg",
        "png": "graphviz_picture:render_png",
        "pdf": "graphviz_picture:render_pdf",
        "dot": "dot:render",
    },
    "torchviz": {
        "svg": "torchviz_picture:render_svg",
        "png": "torchviz_picture:render_png",
        "pdf": "torchviz_picture:render_pdf",
        "dot": "torchviz_picture:render_dot",
    },
    "networkx": {"svg": "networkx_picture:render_svg", "png": "networkx_picture:render_png"},
}
"""For each renderer the endings that it writes; for each of these a module of this package and its function."""

_DATA = {"json", "graphml"}
"""Endings of files that hold every figure, whatever a picture shows."""
_OTHER_ENDINGS = {"csv", "gif"}
"""Endings of files that are written from a recording, not from a graph: `check_target` lets them pass."""


def endings(renderer: str = "graphlab") -> list[str]:
    """Return the endings that a renderer writes."""
    if renderer not in FORMATS:
        raise RenderError(
            _("there is no renderer {renderer!r}: choose {known}").format(renderer=renderer, known=_list(list(FORMATS)))
        )
    return list(FORMATS[renderer])


def render(graph: networkx.MultiDiGraph, target: str | os.PathLike[str], **choices: Unpack[Choices]) -> None:
    """Write a picture of the graph; the ending of `target` chooses the format.

    The file appears whole or not at all. `choices` are the fields of `Options`: renderer, theme, direction, scale,
    fold, opened, focus, hops, show, stage.
    """
    renderer = choices.get("renderer", "graphlab")
    path = check_target(target, renderer=renderer)
    data = render_bytes(graph, path.suffix[1:], **choices)
    write_whole(path, data)


def render_run(
    recording: Recording, target: str | os.PathLike[str], moment: int | None = None, **choices: Unpack[Choices]
) -> None:
    """Write the page of a whole run, every moment of it, opened at one (default: the end), with its quiz."""
    from graphlab.renderers.page.document import render_recording

    write_whole(check_target(target), render_recording(recording, _read_options(choices), moment))


def render_animated(
    recording: Recording,
    target: str | os.PathLike[str],
    moment: int | None = None,
    *,
    future: bool = False,
    **choices: Unpack[Choices],
) -> None:
    """Write the step that a moment lies in (default: the end), up to that moment, as an animated GIF."""
    from graphlab.renderers.animation import render_animation

    path = check_target(target)
    write_whole(path, render_animation(recording, _read_options(choices), moment, has_future=future))


def render_bytes(graph: networkx.MultiDiGraph, ending: str, **choices: Unpack[Choices]) -> bytes:
    """Return the graph in the format of that ending; `choices` are the fields of `Options`."""
    options = _read_options(choices)
    ending = ending.lower().lstrip(".")
    _check_ending(ending, options.renderer)
    graph, options = _select(graph, ending, options)
    module, function = FORMATS[options.renderer][ending].split(":")
    data: bytes = getattr(import_module(f"graphlab.renderers.{module}"), function)(graph, options)
    return data


def _select(graph: networkx.MultiDiGraph, ending: str, options: Options) -> tuple[networkx.MultiDiGraph, Options]:
    """Return what is wanted of a graph, and of the stage that it is drawn on."""
    stage = options.stage
    if options.focus is not None:
        stage = None if stage is None else neighbourhood(stage, find_focus(graph, options.focus), options.hops)
        graph = neighbourhood(graph, options.focus, options.hops)
    if ending not in _DATA:
        graph = without_hidden(graph, options.show)
        stage = None if stage is None else without_hidden(stage, options.show)
    return graph, replace(options, stage=stage)


def check_target(target: str | os.PathLike[str], *, renderer: str = "graphlab", others: Collection[str] = ()) -> Path:
    """Return the path if a picture can be written there; raise in one line what is wrong where it can not.

    Args:
        others: endings that whoever asks writes too, from a recording.
    """
    path = Path(target)
    if path.is_dir():
        raise RenderError(_("{path} is a folder: name a file in it").format(path=path))
    ending = path.suffix[1:].lower()
    if renderer != "graphlab" or ending not in _OTHER_ENDINGS:
        _check_ending(ending, renderer, others)
    if not path.parent.is_dir():
        raise RenderError(
            _("the folder {folder} does not exist: make it first, or write somewhere else").format(folder=path.parent)
        )
    if not os.access(path.parent, os.W_OK):  # told before a script has run for it
        raise RenderError(
            _("nothing can be written in the folder {folder}: write somewhere else").format(
                folder=path.parent.absolute()
            )
        )
    return path


def _check_ending(ending: str, renderer: str, others: Collection[str] = ()) -> None:
    known = [*endings(renderer), *(others if renderer == "graphlab" else ())]
    if ending in known:
        return
    wrong = _("the ending .{ending} is unknown").format(ending=ending) if ending else _("the file has no ending")
    if renderer != "graphlab" and ending in FORMATS["graphlab"]:
        wrong = _("the renderer {renderer} writes no .{ending}").format(renderer=renderer, ending=ending)
    if ending in _OTHER_ENDINGS and renderer == "graphlab":
        wrong = _("a graph alone is no .{ending}, which takes a recording").format(ending=ending)
    raise RenderError(
        _("{wrong}: choose {choices}").format(
            wrong=wrong, choices=_list([f".{known_ending}" for known_ending in known])
        )
    )


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else _("{some} or {last}").format(some=", ".join(words[:-1]), last=words[-1])


def _read_options(choices: Choices) -> Options:
    known = Options.__dataclass_fields__
    for name, value in choices.items():
        if name not in known:
            raise RenderError(
                _("there is no option {name!r}: choose from {known}").format(name=name, known=", ".join(known))
            )
        allowed = {"theme": ("light", "dark"), "direction": ("down", "right")}.get(name)
        if allowed and value not in allowed:
            raise RenderError(
                _("{name} cannot be {value!r}: choose {known}").format(
                    name=name, value=value, known=_list(list(allowed))
                )
            )
    show = choices.get("show", SHOWN)
    wrong = show if isinstance(show, str) else next((shown for shown in show if shown not in SHOWN), None)
    if wrong is not None:
        raise RenderError(
            _("show cannot hold {wrong!r}: give a list of any of {known}").format(wrong=wrong, known=_list(list(SHOWN)))
        )
    if isinstance(choices.get("opened"), str):
        raise RenderError(
            _("opened cannot be {opened!r}: give a list of groups' names").format(opened=choices["opened"])
        )
    options = Options(**choices)
    endings(options.renderer)
    if not 0 < options.scale <= 16:
        raise RenderError(
            _("the scale cannot be {scale!r}: choose a number above 0, up to 16").format(scale=options.scale)
        )
    if not (options.fold in {"auto", "none"} or (isinstance(options.fold, int) and options.fold > 0)):
        raise RenderError(_("fold cannot be {fold!r}: choose auto, none, or a depth from 1").format(fold=options.fold))
    return options


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there, so that nobody sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        reason = error.strerror or type(error).__name__
        raise RenderError(
            _("cannot write {path}: {reason}; choose another place or make room").format(path=path, reason=reason)
        ) from error
