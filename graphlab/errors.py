"""Every error that graphlab raises on purpose, as one tree.

Only `graphlab.cli` turns them into exit codes; everywhere else they are ordinary exceptions whose message is one
line that says what is wrong and what to do about it.
"""


class GraphlabError(Exception):
    """The root of the tree: catching it catches everything that graphlab raises on purpose."""


class UsageError(GraphlabError):
    """The words of a command or of an API call are off: an unknown option, parameter, step, event or line."""


class ScenarioError(GraphlabError):
    """A script cannot be found, read or parsed."""


class RecordingError(GraphlabError):
    """A recording cannot be opened, read or written: missing, damaged, of another format, or the disk is full."""


class RenderError(GraphlabError):
    """A picture cannot be drawn: an unknown ending, or a program that is not installed."""
