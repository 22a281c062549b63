"""Reads a script into a `Scenario`: title, description, fields, parameters, chapters."""

from __future__ import annotations

import ast
import os
import re
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path

from graphlab.errors import ScenarioError
from graphlab.language import _
from graphlab.scenario.lines import Chapter, chapters, parse, plain_lines
from graphlab.scenario.parameters import Parameter, parameter_nodes, type_name

_FIELD = re.compile(r"(Section|Order|Question|Raises|Language):\s*(.*)")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script, and what its text says of it."""

    name: str
    title: str
    section: str
    """What the gallery groups and orders by: `2 Computational graphs`. Empty where the script names none."""
    description: str
    """Markdown: the docstring after its first line, without the fields."""
    question: str
    order: int
    """Its place within the section, where the script says one; those without come last, by name."""
    raises: str
    """The exception that it ends with on purpose, such as `RuntimeError`; empty where it ends well."""
    path: Path
    parameters: tuple[Parameter, ...]
    chapters: tuple[Chapter, ...]
    text: str
    """The source with `\\n` at the end of each line, whatever the file has."""
    language: str
    """What its texts are written in, `en` where the script does not say; of a translated one what it is shown in."""


def read_scenario(path: str | os.PathLike[str]) -> Scenario:
    """Read a script.

    Raises:
        ScenarioError: it is missing, no text, or no Python.
    """
    shown = os.fspath(path)
    if shown.endswith(".ipynb"):
        raise ScenarioError(
            _("{path} is a notebook: save it as a script first (jupyter nbconvert --to script)").format(path=shown)
        )
    if shown.endswith(".glab"):
        raise ScenarioError(_("{path} is a recording: a script is needed here").format(path=shown))
    if Path(shown).is_dir():
        raise ScenarioError(_("{path} is a folder: name a script in it").format(path=shown))
    try:
        # tokenize.open honours a coding line and a byte order mark, as the interpreter does.
        with tokenize.open(shown) as file:
            text = file.read()
    except OSError as error:
        raise ScenarioError(
            _("cannot read {path}: {reason}").format(path=shown, reason=error.strerror or error)
        ) from error
    except (UnicodeDecodeError, SyntaxError) as error:
        # Python itself says "invalid or missing encoding declaration", which few people understand.
        why = str(error) if "unknown encoding" in str(error) else _("it is neither UTF-8 text nor says what else it is")
        raise ScenarioError(_("{path} is no Python script: {why}").format(path=shown, why=why)) from error
    return parse_source(text, os.path.abspath(shown))


def parse_source(text: str, path: str | os.PathLike[str], *, is_lenient: bool = False) -> Scenario:
    """Read a script's text; the path gives its name and stands in messages.

    Args:
        is_lenient: take a text that this Python cannot parse (a recording may come from a newer one) as a script of
            which nothing is known but its text.

    Raises:
        ScenarioError: the text is no Python, and is_lenient is not set.
    """
    text = plain_lines(text)
    path = Path(path)
    try:
        tree = parse(text, os.fspath(path))
    except ScenarioError:
        if not is_lenient:
            raise
        tree = ast.Module([], [])
    title, description, fields = _read_docstring(ast.get_docstring(tree) or "")
    return Scenario(
        name=path.stem,
        title=title or path.stem,
        section=fields.get("Section", ""),
        description=description,
        question=fields.get("Question", ""),
        order=int(fields["Order"]) if fields.get("Order", "").isdecimal() else sys.maxsize,
        raises=fields.get("Raises", ""),
        path=path,
        parameters=tuple(
            Parameter(name, type_name(value), value, node.lineno) for name, node, value in parameter_nodes(tree)
        ),
        chapters=tuple(chapters(text)),
        text=text,
        language=fields.get("Language", "en"),
    )


def _read_docstring(docstring: str) -> tuple[str, str, dict[str, str]]:
    """Part a docstring into title, description and the fields at its end."""
    title, _unused, rest = docstring.strip().partition("\n")
    fields: dict[str, str] = {}
    paragraphs = re.split(r"\n\s*\n", rest.strip("\n"))
    while paragraphs:
        lines = paragraphs[-1].split("\n")
        starts = [number for number, line in enumerate(lines) if _FIELD.match(line)]
        if not starts:
            break
        # A field goes on over the lines after it.
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            match = _FIELD.match(lines[start])
            assert match is not None
            fields[match[1]] = " ".join([match[2], *map(str.strip, lines[start + 1 : end])]).strip()
        paragraphs[-1] = "\n".join(lines[: starts[0]])
        if starts[0] > 0:
            break
        paragraphs.pop()
    return title.strip().lstrip("# "), "\n\n".join(paragraphs).strip(), fields
