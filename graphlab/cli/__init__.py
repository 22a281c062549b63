"""The command line: one small module a subcommand.

Separate from everything that does the work, so that only here errors become exit codes, and words become options.
"""

from graphlab.cli.begin import main

__all__ = ["main"]
