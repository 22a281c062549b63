"""A run for TensorBoard: its scalars and histograms as an event file.

Written without TensorBoard, whose writers bring a server along and put the time of day into the file: the format is
records of protocol buffers, and the few messages needed are in `messages`.
"""

from __future__ import annotations

from graphlab.renderers.tensorboard.logdir import FILE_NAME, check_logdir, render_events

__all__ = ["FILE_NAME", "check_logdir", "render_events"]
