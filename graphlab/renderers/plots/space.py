"""Pictures in the space of the data, by matplotlib: the line, the regions, the error surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from graphlab.renderers.plots import words
from graphlab.training.scene import DataSpace, Scene
from graphlab.training.surface import Surfaces

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from graphlab.recording import Recording
    from graphlab.renderers.plots.figures import Canvas

    Array = numpy.ndarray[Any, Any]

_SIZE = (160, 120)
_SURFACE = (72, 54)
_MARKS = "osD^vP*X"
_LEVELS = 18


def draw_data(canvas: Canvas, recording: Recording, step: int, columns: tuple[int, ...]) -> None:
    """Draw what the model says at a step, with the data.

    Raises:
        NoPictureError: there is no such picture, and why.
    """
    scene = DataSpace(recording).scene(step, columns, _SIZE)
    (axes,) = canvas.axes(_title(recording, step), [5.0], 7.5)
    if scene.kind == "line":
        _draw_line(canvas, axes, scene)
    else:
        _draw_regions(canvas, axes, scene)
    canvas.legend(axes)


def _title(recording: Recording, step: int) -> str:
    loss = recording.step(step).loss
    said = "–" if loss is None else f"{loss:.4g}"
    return f"{words.headline(recording.title)}: " + words.AT_STEP.format(
        step=step, steps=len(recording.steps), loss=said
    )


def _draw_line(canvas: Canvas, axes: Axes, scene: Scene) -> None:
    points, batch = scene.points, scene.batch
    column = scene.columns[0]
    axes.scatter(points.inputs[:, column], points.targets, s=16, color=canvas.colours["muted"], alpha=0.6,
                 linewidths=0, label=words.POINTS, zorder=2)  # fmt: skip
    if len(batch.inputs) < len(points.inputs):
        axes.scatter(batch.inputs[:, column], batch.targets, s=34, facecolors="none",
                     edgecolors=canvas.lines[1], linewidths=1.2, label=words.BATCH, zorder=3)  # fmt: skip
    axes.plot(scene.axes[0], scene.prediction, color=canvas.lines[0], linewidth=2, label=words.MODEL, zorder=4)
    border = scene.border()
    if border is not None:
        label = words.BORDER.format(place=f"{border:.4g}")
        axes.axvline(border, color=canvas.lines[2], linestyle="--", linewidth=1.2, label=label)
    axes.set_xlabel(scene.names[0])
    axes.set_ylabel(scene.names[1])
    axes.grid(visible=True, color=canvas.colours["grid"], linewidth=0.6)


def _draw_regions(canvas: Canvas, axes: Axes, scene: Scene) -> None:
    first, second = scene.axes
    if scene.threshold is not None:
        _draw_two_classes(canvas, axes, scene)
    elif scene.has_classes:
        _draw_classes(canvas, axes, scene)
    else:
        picture = axes.pcolormesh(first, second, scene.prediction, cmap="viridis", shading="nearest", rasterized=True)
        low, high = float(scene.prediction.min()), float(scene.prediction.max())
        axes.scatter(*_places(scene), c=scene.points.targets, cmap="viridis", vmin=low, vmax=high, s=24,
                     edgecolors=canvas.colours["text"], linewidths=0.6, label=words.POINTS)  # fmt: skip
        canvas.bar(picture, axes, words.PREDICTION)
    name = scene.names[0]
    axes.set_xlabel(words.COLUMN.format(name=name, column=scene.columns[0]))
    axes.set_ylabel(words.COLUMN.format(name=name, column=scene.columns[1]))
    if scene.count > 2:
        others = scene.count - 2
        title = words.OTHERS_AT_MEANS(others).format(count=others)
        axes.set_title(title, fontsize=8, color=canvas.colours["muted"])


def _places(scene: Scene) -> tuple[Array, Array]:
    return scene.points.inputs[:, scene.columns[0]], scene.points.inputs[:, scene.columns[1]]


def _draw_two_classes(canvas: Canvas, axes: Axes, scene: Scene) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    background = canvas.colours["background"]
    colours = LinearSegmentedColormap.from_list("two", [canvas.lines[0], background, canvas.lines[1]])
    assert scene.threshold is not None
    logits = scene.prediction if scene.threshold == 0 else scene.prediction - 0.5
    reach = float(numpy.abs(logits).max()) or 1.0
    shown = numpy.tanh(logits / (reach / 3))
    first, second = scene.axes
    axes.pcolormesh(first, second, shown, cmap=colours, vmin=-2, vmax=2, shading="nearest", rasterized=True)
    if logits.min() < 0 < logits.max():
        axes.contour(first, second, logits, [0.0], colors=[canvas.colours["text"]], linewidths=1.6)
    _draw_points(canvas, axes, scene, [canvas.lines[0], canvas.lines[1]])


def _draw_classes(canvas: Canvas, axes: Axes, scene: Scene) -> None:
    from matplotlib.colors import ListedColormap

    classes = numpy.unique(numpy.concatenate([scene.prediction.ravel(), scene.points.targets]))
    colours = [canvas.lines[place % len(canvas.lines)] for place in range(len(classes))]
    index = numpy.searchsorted(classes, scene.prediction)
    first, second = scene.axes
    axes.pcolormesh(first, second, index, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(classes) - 0.5,
                    shading="nearest", alpha=0.3, rasterized=True)  # fmt: skip
    for place in range(len(classes) - 1):
        if (index <= place).any() and (index > place).any():
            axes.contour(first, second, index, [place + 0.5], colors=[canvas.colours["text"]], linewidths=0.8)
    _draw_points(canvas, axes, scene, colours)


def _draw_points(canvas: Canvas, axes: Axes, scene: Scene, colours: list[str]) -> None:
    """Draw each class in its colour and with its mark, and rings around those of the step."""
    across, up = _places(scene)
    for place, each in enumerate(numpy.unique(scene.points.targets)):
        chosen = scene.points.targets == each
        axes.scatter(across[chosen], up[chosen], s=22, marker=_MARKS[place % len(_MARKS)],
                     color=colours[int(each) % len(colours)], edgecolors=canvas.colours["background"],
                     linewidths=0.5, label=f"{scene.names[1]} = {each:g}", zorder=3)  # fmt: skip
    batch = scene.batch.inputs
    if len(batch) < len(across):
        axes.scatter(batch[:, scene.columns[0]], batch[:, scene.columns[1]], s=60, facecolors="none",
                     edgecolors=canvas.colours["text"], linewidths=0.7, label=words.BATCH, zorder=4)  # fmt: skip


def draw_surface(canvas: Canvas, recording: Recording, step: int) -> None:
    """Draw the error over two parameters, the way of training, and where the step stands.

    Raises:
        NoPictureError: there is no such picture, and why.
    """
    surface = Surfaces(DataSpace(recording)).surface(step, _SURFACE)
    (axes,) = canvas.axes(_title(recording, step), [5.0], 8.0)
    finite = surface.errors[numpy.isfinite(surface.errors)]
    errors = numpy.where(numpy.isfinite(surface.errors), surface.errors, finite.max() if finite.size else 0.0)
    levels = numpy.unique(numpy.quantile(errors, numpy.linspace(0, 1, _LEVELS)))
    picture = axes.contourf(*surface.axes, errors, levels if len(levels) > 1 else None, cmap="viridis")
    path, here = surface.path, surface.here()
    axes.plot(path[:, 0], path[:, 1], color="white", linewidth=1.4, marker="o", markersize=2.5, label=words.PATH)
    axes.plot(*path[0], color="white", marker="s", markersize=7, linestyle="none", label=words.START)
    axes.plot(*path[here], color="#ff5f5f", marker="o", markersize=9, markeredgecolor="white", linestyle="none",
              label=words.HERE.format(step=step))  # fmt: skip
    axes.set_xlabel(surface.names[0])
    axes.set_ylabel(surface.names[1])
    canvas.bar(picture, axes, words.ERROR)
    axes.legend(loc="upper left", fontsize=8, facecolor="#404040", labelcolor="white", framealpha=0.8)
