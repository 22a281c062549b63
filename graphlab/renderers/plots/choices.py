"""What can be plotted, and how a plot becomes a file's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graphlab.errors import RenderError, UsageError
from graphlab.renderers.plots import words

if TYPE_CHECKING:
    from graphlab.recording import Recording
    from graphlab.series import Leaf, Series

What = Literal["loss", "gradients", "updates", "zeros", "histogram", "parameter", "data", "surface"]
WHATS: tuple[What, ...] = ("loss", "gradients", "updates", "zeros", "histogram", "parameter", "data", "surface")
ENDINGS = ("svg", "png", "html")
_FRAMES = 25
"""Pictures in a page that moves with the steps."""


@dataclass(frozen=True)
class PlotChoices:
    """What is wanted of a plot."""

    what: What = "gradients"
    parameter: str | None = None
    """Its name; None: the first."""
    step: int | None = None
    """None: the last."""
    columns: tuple[int, ...] = ()
    """Two columns of the data; none: those that part it best."""
    theme: Literal["light", "dark"] = "light"


def check_plot_target(path: Path) -> None:
    """Say in one line what is wrong where no plot can be written there.

    Raises:
        RenderError: the ending is unknown, the folder is missing, or matplotlib is.
    """
    ending = path.suffix[1:].lower()
    if path.is_dir():
        raise RenderError(words.IS_FOLDER.format(path=path))
    if ending not in ENDINGS:
        raise RenderError(words.BAD_ENDING.format(ending=f".{ending}" if ending else words.NO_ENDING))
    if not path.parent.is_dir():
        raise RenderError(words.NO_FOLDER.format(folder=path.parent))
    if find_spec("matplotlib") is None:
        raise RenderError(words.NO_MATPLOTLIB)


def render_plot(recording: Recording, ending: str, choices: PlotChoices) -> bytes:
    """Return a plot of a recording as the bytes of a file with that ending.

    Raises:
        UsageError: there is no such step or parameter, or the recording does not hold what the plot needs.
    """
    steps = len(recording.steps)
    if not steps:
        raise UsageError(words.NO_STEPS)
    last = steps if not recording.facts.is_unfinished or steps == 1 else steps - 1
    step = recording.step(choices.step).step if choices.step is not None else last
    if ending != "html":
        return _picture(recording, ending, replace(choices, step=step))
    from graphlab.renderers.plots.page import make_page

    shown = [step]
    if choices.step is None and choices.what in {"data", "surface"}:
        shown = spread_steps(last, _FRAMES)
    frames = [(number, _picture(recording, "svg", replace(choices, step=number))) for number in shown]
    return make_page(recording.title, words.TITLES[choices.what], frames, choices.theme)


def spread_steps(last: int, most: int) -> list[int]:
    """Return at most so many steps from the first to the last: more of the early ones, where most happens."""
    if last <= most:
        return list(range(1, last + 1))
    found = {round(last ** (place / (most - 1))) for place in range(most)}
    free = (step for step in range(1, last + 1) if step not in found)
    while len(found) < most:
        found.add(next(free))
    return sorted(found)


def _picture(recording: Recording, ending: str, choices: PlotChoices) -> bytes:
    from graphlab.renderers.plots import figures
    from graphlab.series import Series

    assert choices.step is not None
    series = Series(recording)
    canvas = figures.Canvas(choices.theme)
    what = choices.what
    if what in {"data", "surface"}:
        from graphlab.renderers.plots.space import draw_data, draw_surface

        if what == "data":
            draw_data(canvas, recording, choices.step, choices.columns)
        else:
            draw_surface(canvas, recording, choices.step)
        return canvas.write(ending)
    leaves = series.leaves(choices.step)
    if what == "loss":
        figures.draw_losses(canvas, series)
    elif what in {"gradients", "updates", "zeros"}:
        figures.draw_heat(canvas, series, leaves, what)
    else:
        leaf = find_leaf(leaves, choices.parameter)
        draw = figures.draw_histogram if what == "histogram" else figures.draw_parameter
        draw(canvas, series, leaf, choices.step)
    return canvas.write(ending)


def find_leaf(leaves: Sequence[Leaf], name: str | None) -> Leaf:
    """Return the leaf of a name, or the first.

    Raises:
        UsageError: there is none.
    """
    if not leaves:
        raise UsageError(words.NO_PARAMETERS)
    if name is None:
        return leaves[0]
    for leaf in leaves:
        if leaf.name == name:
            return leaf
    from difflib import get_close_matches

    near = get_close_matches(name, [leaf.name for leaf in leaves], 3, 0.3) or [leaf.name for leaf in leaves[:5]]
    raise UsageError(words.NO_PARAMETER.format(name=name, near=", ".join(near)))


def read_all(series: Series, leaves: Sequence[Leaf]) -> None:
    """Read the curves of leaves to their ends."""
    while leaves and not series.read_on(leaves, 1.0):
        pass
