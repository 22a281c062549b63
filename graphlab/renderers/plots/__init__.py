"""Plots over training: curves, heat maps, one parameter's history, pictures in the space of the data.

Drawn by matplotlib, which is an extra: nothing else of graphlab needs it, and it is imported when a plot is made. The
same recording gives the same bytes.
"""

from __future__ import annotations

from graphlab.renderers.plots.choices import ENDINGS, WHATS, PlotChoices, check_plot_target, render_plot
from graphlab.renderers.plots.runs import render_runs

__all__ = ["ENDINGS", "WHATS", "PlotChoices", "check_plot_target", "render_plot", "render_runs"]
