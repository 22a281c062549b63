"""Finds and reads scenarios: plain scripts, with what their conventions say of them.

A script's title, chapters, narration and parameters are read from its text with `ast` and `tokenize`: nothing of it is
run and torch is not imported, so the gallery lists scenarios in milliseconds and a script with a side effect has none.
"""

from graphlab.scenario.find import find_module, find_scenario, list_scenarios, scenario_folders
from graphlab.scenario.lines import Chapter, chapters, narration, statements
from graphlab.scenario.parameters import (
    Parameter,
    convert_setting,
    did_you_mean,
    find_parameter,
    read_settings,
    with_parameters,
)
from graphlab.scenario.questions import AuthoredQuestion, questions
from graphlab.scenario.read import Scenario, parse_source, read_scenario
from graphlab.scenario.told import in_language, narration_told, paragraphs, texts

__all__ = [
    "AuthoredQuestion",
    "Chapter",
    "Parameter",
    "Scenario",
    "chapters",
    "convert_setting",
    "did_you_mean",
    "find_module",
    "find_parameter",
    "find_scenario",
    "in_language",
    "list_scenarios",
    "narration",
    "narration_told",
    "paragraphs",
    "parse_source",
    "questions",
    "read_scenario",
    "read_settings",
    "scenario_folders",
    "statements",
    "texts",
    "with_parameters",
]
