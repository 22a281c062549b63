"""A script's parameters: CAPITAL names that it assigns a literal, and the script with other values for them.

Separate from reading the rest of a script, because here a text is also written: the changed script that runs is the
one that is shown, with every line where it was.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.scenario.lines import parse, plain_lines

if TYPE_CHECKING:
    from graphlab.scenario.read import Scenario

_PARAMETER = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A module-level CAPITAL name that the script assigns a literal."""

    name: str
    type: str
    """The default's type as Python names it: `float`, `str`, `tuple`, `None`."""
    default: Any
    line: int


def did_you_mean(name: str, names: Collection[str]) -> str:
    """Return `; did you mean 'x'?` for the known name nearest to an unknown one, or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), {known.lower() for known in names}, 1)
    return next(
        (_("; did you mean {known!r}?").format(known=known) for known in names if near and known.lower() == near[0]), ""
    )


def read_settings(scenario: Scenario, settings: Iterable[str]) -> dict[str, Any]:
    """Turn `NAME=VALUE` texts into values of the types that the script's parameters have.

    Raises:
        UsageError: no such parameter, or a value of another type.
    """
    values = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(_("--set takes NAME=VALUE, not {setting!r}").format(setting=setting))
        values[name.strip()] = convert_setting(find_parameter(scenario, name.strip()), text)
    return values


def find_parameter(scenario: Scenario, name: str) -> Parameter:
    """Return a script's parameter.

    Raises:
        UsageError: the script has none of that name.
    """
    for parameter in scenario.parameters:
        if parameter.name == name:
            return parameter
    raise _unknown(name, scenario.name, [parameter.name for parameter in scenario.parameters])


def convert_setting(parameter: Parameter, text: str) -> Any:
    """Turn a text from the command line into a value of the type that a parameter's default has.

    Raises:
        UsageError: the text does not say such a value.
    """
    try:
        return _convert(parameter.default, text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        wanted = _("a value such as {default!r}").format(default=parameter.default)
        raise UsageError(
            _("{name} takes {wanted}, not {text!r}").format(
                name=parameter.name, wanted=_SAYINGS.get(parameter.type, wanted), text=text
            )
        ) from error


def with_parameters(text: str, values: Mapping[str, Any]) -> str:
    """Return the text with other values for its parameters; no line moves.

    Raises:
        UsageError: the text has no such parameter, or the value cannot be written as a literal.
        ScenarioError: the text is no Python.
    """
    text = plain_lines(text)
    nodes = {name: node for name, node, _value in parameter_nodes(parse(text, _("the script")))}
    for name in values:
        if name not in nodes:
            raise _unknown(name, _("the script"), list(nodes))
    places = [(node, name) for name, node in nodes.items() if name in values]
    lines = [line.encode() for line in text.split("\n")]
    # From the last to the first, so that the columns of those still to come stay right.
    for node, name in sorted(places, key=lambda place: (place[0].lineno, place[0].col_offset), reverse=True):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        head, tail = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
        literal = _write_literal(name, values[name])
        # A literal of several lines keeps their number: inside brackets a line break says nothing.
        lines[first : last + 1] = (
            [head + literal.encode() + tail]
            if first == last
            else [head + f"({literal}".encode(), *[b""] * (last - first - 1), b")" + tail]
        )
    return b"\n".join(lines).decode()


def _unknown(name: str, owner: str, known: list[str]) -> UsageError:
    has = _("it has {known}").format(known=", ".join(known)) if known else _("it has none at all")
    return UsageError(
        _("{owner} has no parameter {name!r}{suggestion} ({has})").format(
            owner=owner, name=name, suggestion=did_you_mean(name, known), has=has
        )
    )


_SAYINGS = {
    "bool": _("true or false"),
    "int": _("a whole number"),
    "float": _("a number"),
    "tuple": _("a list of values such as (1, 2)"),
    "list": _("a list of values such as [1, 2]"),
}
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _convert(default: Any, text: str) -> Any:
    if isinstance(default, bool):
        word = text.strip().lower()
        if word not in _BOOLEANS:
            raise ValueError(text)
        return _BOOLEANS[word]
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            return int(text, 0)
    if isinstance(default, float):
        return float(text)
    if isinstance(default, str):
        return text
    if isinstance(default, tuple | list):
        return type(default)(_convert_items(default, text.strip()))
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    if not _is_plain(value):
        raise ValueError(text)
    return value


def _convert_items(default: Collection[Any], text: str) -> list[Any]:
    """Read `(1, 2)`, `[1, 2]` or `1,2`; where the default's items share a type, the new ones must have it too."""
    kinds = {type(item) for item in default}
    if kinds == {str} and text[:1] not in ("(", "["):
        return [item.strip() for item in text.split(",") if item.strip()]
    value = ast.literal_eval(text) if text else ()
    items = list(value) if isinstance(value, tuple | list) else [value]
    if kinds == {float}:
        items = [float(item) if type(item) is int else item for item in items]
    if not _is_plain(items) or (len(kinds) == 1 and not {type(item) for item in items} <= kinds):
        raise ValueError(text)
    return items


def _write_literal(name: str, value: Any) -> str:
    """Write a value as Python source; `repr` does, but for numbers that have no literal."""
    if not _is_plain(value):
        raise UsageError(
            _("{name} cannot be a {type}: only numbers, texts, truth values and lists of these").format(
                name=name, type=type(value).__name__
            )
        )
    if isinstance(value, tuple | list):
        items = [_write_literal(name, item) for item in value]
        comma = "," if len(items) == 1 and isinstance(value, tuple) else ""
        return "({}{})".format(", ".join(items), comma) if isinstance(value, tuple) else f"[{', '.join(items)}]"
    if isinstance(value, float) and math.isnan(value):
        raise UsageError(_("{name} cannot be NaN: it has no literal in Python").format(name=name))
    # The shortest literal that overflows to infinity.
    return repr(value).replace("inf", "1e999") if isinstance(value, float) else repr(value)


def parameter_nodes(tree: ast.Module) -> Iterator[tuple[str, ast.expr, Any]]:
    """Yield name, literal and value of each parameter, in order.

    The first assignment of a name is the parameter: a later one (a schedule, say) is the script's own doing.
    """
    seen: set[str] = set()
    for name, node in _module_assignments(tree):
        if _PARAMETER.fullmatch(name) and name not in seen:
            seen.add(name)
            try:
                value = ast.literal_eval(node)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue
            if _is_plain(value):
                yield name, node, value


def _module_assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for statement in tree.body:
        target: ast.expr
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        else:
            continue
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            # `N, HIDDEN = 64, 100`
            for name, item in zip(target.elts, value.elts, strict=True):
                if isinstance(name, ast.Name):
                    yield name.id, item


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)


def type_name(value: Any) -> str:
    """Return the name that `graphlab list` gives the type of a value."""
    return "None" if value is None else type(value).__name__
