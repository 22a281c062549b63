"""Turns the words of the command line into a command and its arguments.

Only the module of the command that is asked for is imported: `graphlab list` must not wait for another's imports.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

from graphlab.cli import messages
from graphlab.cli.argparse_words import translated_argparse
from graphlab.errors import UsageError
from graphlab.language import gettext

if TYPE_CHECKING:
    from importlib.abc import InspectLoader

COMMANDS = (
    "explore",
    "serve",
    "run",
    "replay",
    "export",
    "plot",
    "show",
    "check",
    "diff",
    "quiz",
    "list",
    "new",
    "doctor",
)
"""The subcommands in the order of the help; each is the module of that name."""


class Command(Protocol):
    """A subcommand's module. Its docstring is its help: first line the summary."""

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it, and return the exit code."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are ours: one line, raised, for `main` to show."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UsageError(f"{message} {messages.MORE.format(program=self.prog)}")


def load_command(name: str) -> Command:
    """Import a subcommand's module.

    Raises:
        UsageError: there is no such command.
    """
    if name not in COMMANDS:
        raise UsageError(_unknown_command(name))
    return cast("Command", import_module(f"graphlab.cli.{name}"))


def parse(name: str, command: Command, words: Sequence[str]) -> argparse.Namespace:
    """Read a subcommand's words; what stands after `--` belongs to the script that it runs.

    Raises:
        UsageError: an unknown option, a missing argument, or a value of another type.
    """
    own = list(words)
    rest = None
    if "--" in own:
        position = own.index("--")
        own, rest = own[:position], own[position + 1 :]
    with translated_argparse():
        parser = Parser(
            prog=f"graphlab {name}",
            description=help_of(command.__doc__),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.declare(parser)
        if parser.get_default("script_arguments") is not None:
            parser.epilog = messages.SCRIPT_ARGUMENTS
        arguments, unknown = parser.parse_known_args(own)
    if unknown:
        raise UsageError(_unknown_word(parser, unknown))
    if rest is not None:
        if not hasattr(arguments, "script_arguments"):
            raise UsageError(messages.NO_SCRIPT_ARGUMENTS.format(program=parser.prog))
        arguments.script_arguments = tuple(rest)
    return arguments


def format_help() -> str:
    """Return the help of `graphlab` itself: every command with its summary."""
    width = max(map(len, COMMANDS))
    rows = [f"  {name:<{width}}  {_summary(name)}" for name in COMMANDS]
    parts = [
        messages.USAGE,
        messages.PURPOSE,
        "\n".join([messages.COMMANDS_TITLE, *rows]),
        messages.GENERAL_OPTIONS,
        messages.SOURCES,
    ]
    return "\n\n".join(parts)


def _summary(name: str) -> str:
    """Return the first line of a command's docstring from its source: the help must not wait for anyone's imports."""
    module = f"graphlab.cli.{name}"
    spec = find_spec(module)
    source = cast("InspectLoader", spec.loader).get_source(module) if spec else None
    return help_of(ast.get_docstring(ast.parse(source or ""))).partition("\n")[0]


def help_of(docstring: str | None) -> str:
    """Return the help that a command's docstring is, in the language of the process."""
    return gettext(cleandoc(docstring or ""))


def _unknown_command(name: str) -> str:
    from graphlab.errors import ScenarioError
    from graphlab.scenario import did_you_mean, find_scenario

    suggestion = did_you_mean(name, COMMANDS)
    if not suggestion:
        # `graphlab rnn_cell` and `graphlab train.py` are what people type first.
        try:
            find_scenario(name)
        except ScenarioError:
            pass
        else:
            return messages.NOT_A_COMMAND.format(name=name)
    return messages.UNKNOWN_COMMAND.format(name=name, suggestion=suggestion)


def _unknown_word(parser: argparse.ArgumentParser, unknown: list[str]) -> str:
    options = [word.partition("=")[0] for word in unknown if word.startswith("-")]
    if not options:
        return messages.UNEXPECTED_ARGUMENT.format(program=parser.prog, name=unknown[0])
    from graphlab.scenario import did_you_mean

    known = [option for action in parser._actions for option in action.option_strings]
    suggestion = did_you_mean(options[0], known)
    runs_scripts = parser.get_default("script_arguments") is not None
    text = messages.OPTION_OF_THE_SCRIPT if runs_scripts else messages.UNKNOWN_OPTION
    return text.format(program=parser.prog, name=options[0], suggestion=suggestion)
