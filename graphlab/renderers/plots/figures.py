"""Curves, heat maps and histograms over training, by matplotlib."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy

from graphlab.errors import UsageError
from graphlab.renderers.plots import words
from graphlab.renderers.plots.choices import read_all
from graphlab.series import MEASURES
from graphlab.training.heat import Heat, HeatMeasure
from graphlab.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from graphlab.series import Leaf, Measure, Series

    Array = numpy.ndarray[Any, Any]

_COLOURS = {
    "light": {"background": "#ffffff", "text": "#1b1f24", "muted": "#59626e", "grid": "#e2e6eb", "alarm": "#c2185b"},
    "dark": {"background": "#12151c", "text": "#dde2ea", "muted": "#98a2b3", "grid": "#262b36", "alarm": "#ff7a93"},
}
_LINES = {
    "light": ("#0a5cc2", "#c25a00", "#006e66", "#6a35b5", "#805f00", "#b3123c"),
    "dark": ("#6cb4ff", "#ffa657", "#5fd0c5", "#c8a6ff", "#ffd866", "#ff7a93"),
}
_WIDTH = 10.0
_LETTERS = 11
"""Letters of a title that an inch holds."""
_MOST_COLUMNS = 1_000
_MOST_POINTS = 4_000
_MOST_NAMES = 60
_MOST_FIGURES = 4
_HISTOGRAM_ROWS = 49
_DPI = 120


class Canvas:
    """A figure in the colours of a theme, and its bytes."""

    def __init__(self, theme: Literal["light", "dark"]) -> None:
        self.theme = theme
        self.colours = _COLOURS[theme]
        self.lines = _LINES[theme]
        self.figure: Figure | None = None

    def axes(self, title: str, heights: Sequence[float], width: float = _WIDTH) -> list[Axes]:
        """Return axes above each other, of so many inches each."""
        import matplotlib as mpl
        from matplotlib.figure import Figure

        room = 1.0 + 0.35 * len(heights)
        self.figure = Figure(figsize=(width, sum(heights) + room), layout="constrained")
        self.figure.set_facecolor(self.colours["background"])
        with mpl.rc_context({"axes.formatter.useoffset": False}):  # 2.3628 is easier to read than 0.0008 and "+2.362"
            made = self.figure.subplots(len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": list(heights)})
        axes = [row[0] for row in made]
        for each in axes:
            self.paint(each)
        title = textwrap.fill(title, round(_LETTERS * width))
        self.figure.suptitle(title, color=self.colours["text"], fontsize=12)
        return axes

    def name_steps(self, axes: Sequence[Axes]) -> None:
        """Make the common axis of all, the lowest of which names it, one of training steps: whole numbers."""
        from matplotlib.ticker import MaxNLocator

        for each in axes:
            each.xaxis.set_major_locator(MaxNLocator(9, integer=True))
        axes[-1].set_xlabel(words.STEP)

    def paint(self, axes: Axes) -> None:
        """Give axes the colours of the theme."""
        axes.set_facecolor(self.colours["background"])
        axes.tick_params(colors=self.colours["muted"], labelsize=8)
        for spine in axes.spines.values():
            spine.set_color(self.colours["grid"])
        for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
            label.set_color(self.colours["text"])
            label.set_fontsize(9)

    def legend(self, axes: Axes) -> None:
        """Explain beneath what is drawn: a place that hides nothing need not be searched for, which takes long."""
        assert self.figure is not None
        handles, labels = axes.get_legend_handles_labels()
        if labels:
            self.figure.legend(
                handles, labels, loc="outside lower center", ncols=6, fontsize=8, labelcolor=self.colours["text"],
                facecolor=self.colours["background"], edgecolor=self.colours["grid"],
            )  # fmt: skip

    def bar(self, picture: Any, axes: Axes, label: str) -> None:
        """Draw the scale of colours beside axes."""
        assert self.figure is not None
        bar = self.figure.colorbar(picture, ax=axes, pad=0.01, fraction=0.04)
        bar.set_label(label, color=self.colours["text"], fontsize=9)
        bar.ax.tick_params(which="both", colors=self.colours["muted"], labelsize=8)
        bar.outline.set_edgecolor(self.colours["grid"])

    def write(self, ending: str) -> bytes:
        """Return the bytes of a file: the same for the same figure."""
        import matplotlib as mpl

        assert self.figure is not None
        written = io.BytesIO()
        # Ids in an svg are random, and both name the day or the program, unless told otherwise.
        with mpl.rc_context({"svg.hashsalt": "graphlab", "svg.fonttype": "path"}):
            metadata = {"Date": None, "Creator": None} if ending == "svg" else {"Software": None}
            self.figure.savefig(written, format=ending, dpi=_DPI, metadata=metadata)
        return _in_pixels(written.getvalue()) if ending == "svg" else written.getvalue()


def _in_pixels(svg: bytes) -> bytes:
    """Give the size as browsers read it, not in points: a program without a resolution takes points for nothing."""

    def pixels(found: re.Match[bytes]) -> bytes:
        return b'%s="%g"' % (found[1], float(found[2]) * 96 / 72)

    head, opening, rest = svg.partition(b"<svg")
    element, end, inside = rest.partition(b">")
    return head + opening + re.sub(rb'\b(width|height)="([\d.]+)pt"', pixels, element) + end + inside


def draw_losses(canvas: Canvas, series: Series) -> None:
    """Draw the loss, the learning rates and the script's own figures on one axis of steps."""
    if not series.has_loss().any():
        raise UsageError(words.NO_LOSS)
    figures = _figures(series)
    axes = canvas.axes(words.headline(series.recording.title), [3.4, *([1.1] * len(figures))])
    _draw_loss(canvas, axes[0], series)
    for each, (name, curve), colour in zip(axes[1:], figures, [*canvas.lines[1:], *canvas.lines], strict=False):
        _draw_curve(canvas, each, curve, name, colour)
        each.sharex(axes[0])
    canvas.name_steps(axes)


def _figures(series: Series) -> list[tuple[str, Array]]:
    return [*series.rates().items(), *series.metrics().items()][:_MOST_FIGURES]


def _draw_loss(canvas: Canvas, axes: Axes, series: Series) -> None:
    losses = numpy.where(series.has_loss(), series.losses(), numpy.nan)
    finite = losses[numpy.isfinite(losses)]
    _draw_curve(canvas, axes, losses, words.LOSS, canvas.lines[0])
    if finite.size and finite.min() > 0 and finite.max() > 50 * finite.min():
        axes.set_yscale("log")
    for step in numpy.nonzero(~numpy.isfinite(losses) & series.has_loss())[0][:100]:
        axes.axvline(step + 1, color=canvas.colours["alarm"], linewidth=0.8)


def _draw_curve(canvas: Canvas, axes: Axes, curve: Array, label: str, colour: str) -> None:
    """Draw numbers over the steps: of many steps in a pixel the smallest and the largest."""
    steps, numbers = thin(numpy.arange(1, len(curve) + 1), curve)
    has_number = numpy.isfinite(numbers)
    marker = "o" if has_number.sum() <= 40 else None
    axes.plot(steps[has_number], numbers[has_number], color=colour, linewidth=1.4, marker=marker, markersize=3)
    axes.set_ylabel(label)
    axes.grid(visible=True, color=canvas.colours["grid"], linewidth=0.6)
    axes.set_axisbelow(True)


def thin(steps: Array, numbers: Array) -> tuple[Array, Array]:
    """Keep of each group of steps its least and its largest number, in their order."""
    if len(steps) <= _MOST_POINTS:
        return steps, numbers
    size = -(-2 * len(steps) // _MOST_POINTS)
    kept: list[int] = []
    for start in range(0, len(steps), size):
        part = numpy.nan_to_num(numbers[start : start + size], nan=0.0)
        kept += sorted({start + int(part.argmin()), start + int(part.argmax())})
    return steps[kept], numbers[kept]


def draw_heat(canvas: Canvas, series: Series, leaves: Sequence[Leaf], what: HeatMeasure) -> None:
    """Draw a measure of all parameters over all steps, under the loss on the same axis."""
    if not leaves:
        raise UsageError(words.NO_PARAMETERS)
    from matplotlib.colors import LogNorm, Normalize

    heat = Heat(series)
    while not heat.read_on(leaves, what, 1.0):
        pass
    steps = len(series.recording.steps)
    columns = min(steps, _MOST_COLUMNS)
    found = heat.map(leaves, what, -(-numpy.arange(columns) * steps // columns), steps)
    figures = _figures(series)[:2]
    height = max(0.2 * min(len(leaves), _MOST_NAMES), 1.4)
    axes = canvas.axes(
        f"{words.headline(series.recording.title)}: {words.TITLES[what]}", [1.5, *([0.6] * len(figures)), height]
    )
    if series.has_loss().any():
        _draw_loss(canvas, axes[0], series)
    for each, (name, curve), colour in zip(axes[1:-1], figures, canvas.lines[1:], strict=False):
        _draw_curve(canvas, each, curve, name, colour)
    finite = found.finite()
    positive = finite[finite > 0]
    norm: Normalize = Normalize(0.0, 1.0)
    if what != "zeros" and positive.size:
        norm = LogNorm(float(positive.min()), max(float(positive.max()), float(positive.min()) * 1.01))
    picture = _heat_picture(canvas, axes[-1], found.numbers, found.is_there, norm, (0.5, steps + 0.5))
    _name_rows(axes[-1], leaves)
    for each in axes:
        each.set_xlim(0.5, steps + 0.5)
    canvas.name_steps(axes)
    canvas.bar(picture, axes[-1], words.BAR[what])


def _heat_picture(
    canvas: Canvas, axes: Axes, numbers: Array, is_there: Array, norm: Any, across: tuple[float, float]
) -> Any:
    """Draw cells: what is not there is blank, what is not finite stands out, exact zeros are the darkest."""
    import matplotlib as mpl

    colours = mpl.colormaps["viridis"].with_extremes(over=canvas.colours["alarm"])
    shown = numpy.where(numpy.isfinite(numbers), numbers, numpy.inf)
    # Beyond the largest number of all, so that it takes the colour of what is not finite.
    shown = numpy.where(numpy.isinf(shown), numpy.finfo("f4").max, shown)
    masked = numpy.ma.masked_array(numpy.maximum(shown, 1e-45 if norm.vmin > 0 else 0.0), ~is_there)
    extent = (*across, len(numbers) - 0.5, -0.5)
    return axes.imshow(masked, norm=norm, cmap=colours, aspect="auto", interpolation="nearest", extent=extent)


def _name_rows(axes: Axes, leaves: Sequence[Leaf]) -> None:
    each = -(-len(leaves) // _MOST_NAMES)
    rows = range(0, len(leaves), each)
    axes.set_yticks(list(rows), [leaves[row].name for row in rows], fontsize=7)


def draw_histogram(canvas: Canvas, series: Series, leaf: Leaf, step: int) -> None:
    """Draw how a parameter's gradient is spread over the sizes, by step, and its norm above."""
    from matplotlib.colors import PowerNorm

    history = _read_history(series, leaf)
    steps = len(series.recording.steps)
    columns = min(steps, _MOST_COLUMNS)
    found = history.histogram(-(-numpy.arange(columns) * steps // columns), steps, _HISTOGRAM_ROWS)
    if not found.is_there.any():
        raise UsageError(words.NO_VALUES)
    axes = canvas.axes(
        f"{words.headline(series.recording.title)}: {words.TITLES['histogram'].format(name=leaf.name)}", [1.2, 4.0]
    )
    _draw_measure(canvas, axes[0], series, leaf, "gradient", canvas.lines[3])
    there = numpy.broadcast_to(found.is_there, found.shares.shape)
    norm = PowerNorm(0.5, 0.0, max(float(found.shares.max()), 1e-6))
    picture = _heat_picture(canvas, axes[1], found.shares, there, norm, (0.5, steps + 0.5))
    side = found.middle
    labelled = [place for place in range(len(found.edges)) if place % max(len(found.edges) // 5, 1) == 0]
    ticks: list[tuple[float, str]] = [(side, words.ABOUT_ZERO)]
    ticks += [(side - place - 0.5, f"{found.edges[place]:.1g}") for place in labelled if place]
    ticks += [(side + place + 0.5, f"−{found.edges[place]:.1g}") for place in labelled if place]
    axes[1].set_yticks([tick for tick, _ in ticks], [label for _, label in ticks])
    for each in axes:
        each.set_xlim(0.5, steps + 0.5)
    canvas.name_steps(axes)
    canvas.bar(picture, axes[1], words.SHARE + (words.SAMPLED if found.is_sampled else ""))


def _read_history(series: Series, leaf: Leaf) -> History:
    read_all(series, [leaf])
    history = History(series, leaf)
    while not history.read_on(1.0):
        pass
    return history


def draw_parameter(canvas: Canvas, series: Series, leaf: Leaf, step: int) -> None:
    """Draw a parameter's value, gradient and update, entry by entry where it has few, and what the optimizer keeps."""
    history = _read_history(series, leaf)
    states = history.states()
    axes = canvas.axes(
        f"{words.headline(series.recording.title)}: {words.TITLES['parameter'].format(name=leaf.name)}",
        [1.7, 1.7, 1.7, *([1.4] if states else [])],
    )
    for each, measure, colour in zip(axes, MEASURES, canvas.lines, strict=False):
        entries = history.entries(measure)
        if entries is None or entries[1].size == 0 or leaf.size == 1:
            _draw_measure(canvas, each, series, leaf, measure, colour)
            continue
        for entry in range(leaf.size):
            each.plot(entries[0] + 1, entries[1][:, entry], color=colour, linewidth=0.9, alpha=0.65)
        each.grid(visible=True, color=canvas.colours["grid"], linewidth=0.6)
        each.set_ylabel(words.ENTRIES.format(measure=words.MEASURES[measure], count=leaf.size))
    for (name, (steps, norms)), colour in zip(states.items(), canvas.lines * 2, strict=False):
        axes[3].plot(steps + 1, norms, color=colour, linewidth=1.3, label=f"‖{name}‖")
    if states:
        if all((norms > 0).all() for _, norms in states.values()):
            axes[3].set_yscale("log")
        axes[3].set_ylabel(words.OPTIMIZER)
        axes[3].grid(visible=True, color=canvas.colours["grid"], linewidth=0.6)
        canvas.legend(axes[3])
    for each in axes:
        each.axvline(step, color=canvas.colours["muted"], linewidth=0.8, linestyle=":")
        each.set_xlim(0.5, len(series.recording.steps) + 0.5)
    canvas.name_steps(axes)


def _draw_measure(canvas: Canvas, axes: Axes, series: Series, leaf: Leaf, measure: Measure, colour: str) -> None:
    curve = series.curve(leaf, measure)
    numbers = numpy.where(curve.is_there, curve.numbers, numpy.nan)
    label = words.MEASURES[measure]
    label = label if leaf.size == 1 else words.NORM.format(measure=label)
    _draw_curve(canvas, axes, numbers, label, colour)
