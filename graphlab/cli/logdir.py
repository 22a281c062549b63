"""`graphlab export --renderer tensorboard`: a run's scalars and histograms, in a folder that TensorBoard reads."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from graphlab.cli import messages
from graphlab.cli.output import write_line
from graphlab.cli.sources import opened_source


def export_logdir(arguments: argparse.Namespace) -> int:
    """Write the folder, and say where the file is."""
    from graphlab.recording import open_recording
    from graphlab.renderers import write_whole
    from graphlab.renderers.tensorboard import check_logdir, render_events

    target = check_logdir(Path(arguments.output))
    with opened_source(arguments) as source:
        recording = open_recording(source.path)
        try:
            data = render_events(recording)
            target.parent.mkdir(exist_ok=True)
            write_whole(target, data)
        finally:
            recording.close()
        write_line(messages.EXPORTED.format(path=target), sys.stderr)
        return source.code
