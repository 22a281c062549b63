"""A run as its readers see it: `open_recording` gives a `Recording`."""

from graphlab.recording.run import Events, Recording, open_recording
from graphlab.recording.variables import leaf_name, made_name

__all__ = ["Events", "Recording", "leaf_name", "made_name", "open_recording"]
