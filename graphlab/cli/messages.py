"""What the command line itself says, in one place, so that it can be translated.

The messages of errors from deeper down stand where they are raised; `FAILURE` puts the program's name before them.
"""

from __future__ import annotations

USAGE = "usage: graphlab [COMMAND] [OPTIONS]"
PURPOSE = "A time-travel explorer for PyTorch computational graphs. Without a command: the gallery of scenarios."
COMMANDS_TITLE = "commands:"
GENERAL_OPTIONS = """options:
  -h, --help     show this, or with a command its options
  --version      show the version"""
SOURCES = """SOURCE is the name of a scenario (`graphlab list`), a path to any .py script, or -m package.module.
Arguments for the script itself stand after `--`."""
MORE = "(see `{program} --help`)"

FAILURE = "graphlab: {message}"
UNEXPECTED = "graphlab: unexpected {type}: {message} (GRAPHLAB_DEBUG=1 shows where)"
INTERRUPTED = "graphlab: interrupted"
UNKNOWN_COMMAND = "there is no command {name!r}{suggestion} (see `graphlab --help`)"
NOT_A_COMMAND = "there is no command {name!r}; did you mean `graphlab explore {name}`?"
UNKNOWN_OPTION = "{program} has no option {name!r}{suggestion} (see `{program} --help`)"
UNEXPECTED_ARGUMENT = "{program} does not take {name!r} (see `{program} --help`)"
NO_SCRIPT_ARGUMENTS = "{program} runs no script: it takes nothing after `--`"
NO_TERMINAL = "the gallery needs a terminal; `graphlab list` names the scenarios, `graphlab run` records one"
NO_SOURCE = "name a scenario, a script or -m MODULE (`graphlab list` names the scenarios)"
ONE_SOURCE = "-m MODULE and {name!r} cannot be given together"
NO_DEVICE_PARAMETER = "{scenario} has no parameter 'DEVICE', so --device {device} would change nothing"
BAD_SIZE = "--max-size takes a size such as 500MB or 2GB, not {text!r}"
BAD_COUNT = "{option} takes a whole number from {least}{most}, not {text!r}"
