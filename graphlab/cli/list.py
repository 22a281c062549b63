"""List the scenarios and their parameters.

A scenario is a plain PyTorch script: ours, and those in the folder ./scenarios.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from graphlab.cli.options import add_json
from graphlab.cli.output import write_json, write_line
from graphlab.language import _
from graphlab.scenario import Parameter, Scenario, list_scenarios

if TYPE_CHECKING:
    from graphlab.errors import ScenarioError


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the list; a script that cannot be read is told on stderr and leaves the others listed."""
    problems: list[ScenarioError] = []
    scenarios = list_scenarios(problems)
    if arguments.json:
        write_json([_facts(scenario) for scenario in scenarios])
    elif sys.stdout.isatty():
        _write_table(scenarios)
    else:
        _write_rows(scenarios)
    for problem in problems:
        write_line(f"graphlab: {problem}", sys.stderr)
    return 0


def _facts(scenario: Scenario) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "title": scenario.title,
        "section": scenario.section,
        "description": scenario.description,
        "question": scenario.question,
        "language": scenario.language,
        "path": str(scenario.path),
        "parameters": [
            {"name": parameter.name, "type": parameter.type, "default": parameter.default}
            for parameter in scenario.parameters
        ],
    }


def _say_parameters(parameters: tuple[Parameter, ...]) -> str:
    return "  ".join(f"{parameter.name}={parameter.default!r}" for parameter in parameters)


def _write_rows(scenarios: list[Scenario]) -> None:
    """Write one line a scenario, in columns, for pipes."""
    rows = [(scenario.name, scenario.title, _say_parameters(scenario.parameters)) for scenario in scenarios]
    names, titles = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    for name, title, parameters in rows:
        write_line(f"{name:<{names}}  {title:<{titles}}  {parameters}".rstrip())


def _write_table(scenarios: list[Scenario]) -> None:
    """Write a table that fits the terminal, parted by section."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("scenario", "title", "parameters"):
        table.add_column(heading, no_wrap=heading == "scenario", header_style="bold")
    section = None
    for scenario in scenarios:
        if scenario.section != section:
            section = scenario.section
            # An empty row and the section's name; neither takes part in the widths of the columns below it.
            table.add_row()
            table.add_row("", Text(section or _("Your own"), style="italic"))
        # Text, because in a plain string rich would read [1, 2] as markup.
        parameters = Text(_say_parameters(scenario.parameters), style="dim")
        table.add_row(Text(scenario.name, style="bold"), Text(scenario.title), parameters)
    Console().print(table)
