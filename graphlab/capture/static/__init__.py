"""Runs a script up to its first call of a model, or into a training step, and has torch's tracers make static graphs.

Separate from recording: the run that is traced is one of its own, so nothing that is recorded can differ for it.
"""

from graphlab.capture.static.trace import trace_script

__all__ = ["trace_script"]
