"""Two runs on one axis: their losses, gradients and figures, how far they are apart, and where they part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from graphlab.errors import UsageError
from graphlab.renderers.plots import words

if TYPE_CHECKING:
    import numpy
    from matplotlib.axes import Axes

    from graphlab.comparing import RunComparison
    from graphlab.renderers.plots.figures import Canvas

    Array = numpy.ndarray[Any, Any]
    Pair = tuple[Array, Array]

_MOST_FIGURES = 2


def render_runs(
    comparison: RunComparison, names: tuple[str, str], ending: str, theme: Literal["light", "dark"]
) -> bytes:
    """Return the curves of two runs as the bytes of a file with that ending.

    Raises:
        UsageError: one of the runs has no step.
    """
    from graphlab.comparing.words import verdict
    from graphlab.renderers.plots import figures

    if not comparison.count:
        raise UsageError(words.NO_STEPS)
    said = verdict(comparison)
    canvas = figures.Canvas(theme)
    _draw(canvas, comparison, names, said)
    if ending != "html":
        return canvas.write(ending)
    from graphlab.renderers.plots.page import make_page

    title = " · ".join(dict.fromkeys(table.recording.title for table in (comparison.a, comparison.b)))
    return make_page(title, said, [(comparison.in_a(comparison.count), canvas.write("svg"))], theme)


def _draw(canvas: Canvas, comparison: RunComparison, names: tuple[str, str], title: str) -> None:
    import numpy

    curves: list[tuple[str, Pair]] = [(words.LOSS, (comparison.a.losses(), comparison.b.losses()))]
    norms = comparison.distances.norms
    if any(numpy.isfinite(each).any() for each in norms):
        curves.append((words.NORM_OF_ALL, norms))
    figures = comparison.a.figures(), comparison.b.figures()
    curves += [(name, (figures[0][name], figures[1][name])) for name in figures[0] if name in figures[1]][
        :_MOST_FIGURES
    ]
    axes = canvas.axes(title, [2.6, *([1.5] * (len(curves) - 1)), 1.9])
    start = comparison.in_a(1)
    for each, (label, pair) in zip(axes, curves, strict=False):
        _draw_pair(canvas, each, pair, label, start, names)
    _draw_distances(canvas, axes[-1], comparison)
    longest = max(len(curve) for curve in curves[0][1])
    for each in axes:
        each.set_xlim(start - 0.5, start + longest - 0.5)
        _mark(canvas, each, comparison)
    canvas.name_steps(axes)
    handles = [each.get_legend_handles_labels() for each in (axes[0], axes[-1])]
    assert canvas.figure is not None
    canvas.figure.legend(
        [handle for some, _ in handles for handle in some], [label for _, some in handles for label in some],
        loc="outside lower center", ncols=2, fontsize=8, labelcolor=canvas.colours["text"],
        facecolor=canvas.colours["background"], edgecolor=canvas.colours["grid"],
    )  # fmt: skip


def _draw_pair(canvas: Canvas, axes: Axes, pair: Pair, label: str, start: int, names: tuple[str, str]) -> None:
    """Draw one measure of both runs: told apart by colour, dashes and width, so that both show where they agree."""
    import numpy

    from graphlab.renderers.plots.figures import thin

    styles: tuple[dict[str, Any], ...] = (
        {"linewidth": 2.6, "alpha": 0.75, "label": words.RUN_A.format(name=names[0])},
        {"linewidth": 1.2, "linestyle": (0, (4, 2)), "label": words.RUN_B.format(name=names[1])},
    )
    positive = []
    for curve, style, colour in zip(pair, styles, canvas.lines, strict=False):
        steps, numbers = thin(numpy.arange(start, start + len(curve)), curve)
        is_there = numpy.isfinite(numbers)
        positive.append(numbers[is_there])
        marker = "o" if is_there.sum() <= 40 else None
        axes.plot(steps[is_there], numbers[is_there], color=colour, marker=marker, markersize=3, **style)
    both = numpy.concatenate(positive)
    if both.size and both.min() > 0 and both.max() > 50 * both.min():
        axes.set_yscale("log")
    axes.set_ylabel(label)
    _grid(canvas, axes)


def _draw_distances(canvas: Canvas, axes: Axes, comparison: RunComparison) -> None:
    import numpy

    from graphlab.renderers.plots.figures import thin

    start = comparison.in_a(1)
    distances = comparison.distances
    curves = ((words.OF_LOSS, distances.losses, "-"), (words.OF_GRADIENTS, distances.gradients, ":"))
    is_any = False
    for (label, curve, dashes), colour in zip(curves, canvas.lines[2:], strict=False):
        steps, numbers = thin(numpy.arange(start, start + len(curve)), curve)
        is_there = numpy.isfinite(numbers) & (numbers > 0)
        marker = "o" if is_there.sum() <= 40 else None
        is_any = is_any or bool(is_there.any())
        axes.plot(steps[is_there], numbers[is_there], color=colour, linestyle=dashes, linewidth=1.4, marker=marker,
                  markersize=3, label=label)  # fmt: skip
    relative, _ = comparison.tolerance.of(*comparison.dtypes)
    if is_any:
        axes.set_yscale("log")
    if relative > 0:
        axes.axhline(relative, color=canvas.colours["muted"], linewidth=0.9, linestyle="-.", label=words.TOLERANCE)
    axes.set_ylabel(words.DISTANCE)
    _grid(canvas, axes)


def _mark(canvas: Canvas, axes: Axes, comparison: RunComparison) -> None:
    """Draw upright lines at the steps where the runs part."""
    beyond = comparison.beyond.beyond if comparison.beyond is not None else None
    is_last = axes.get_ylabel() == words.DISTANCE
    for step, text, dashes in (
        (comparison.first_step, words.PARTED, ":"), (beyond, words.BEYOND_TOLERANCE, "-"),
    ):  # fmt: skip
        if step is not None:
            label = text.format(step=comparison.in_a(step)) if is_last else None
            axes.axvline(comparison.in_a(step), color=canvas.colours["alarm"], linewidth=1.0, linestyle=dashes,
                         label=label)  # fmt: skip


def _grid(canvas: Canvas, axes: Axes) -> None:
    axes.grid(visible=True, color=canvas.colours["grid"], linewidth=0.6)
    axes.set_axisbelow(True)
