"""Finds scenarios: by name in the folders that hold them, by path, or as `python -m` would."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphlab.errors import ScenarioError
from graphlab.language import _
from graphlab.scenario.parameters import did_you_mean
from graphlab.scenario.read import Scenario, read_scenario
from graphlab.scenario.told import in_language

# A family's variants go from what is written by hand to what the library does.
_LEVELS = {"low": 0, "mid": 1, "high": 2}


def scenario_folders() -> list[Path]:
    """Return the folders that hold scenarios: the user's own `./scenarios` first, so that it wins over ours."""
    package = Path(__file__).parents[1]
    installed, checkout = package / "_scenarios", package.parent / "scenarios"
    candidates = [Path("scenarios"), installed if installed.is_dir() else checkout]
    folders: list[Path] = []
    for folder in (Path(os.path.abspath(candidate)) for candidate in candidates):
        if folder.is_dir() and folder not in folders:
            folders.append(folder)
    return folders


def list_scenarios(problems: list[ScenarioError] | None = None) -> list[Scenario]:
    """Return every scenario in the order of the gallery, in the language chosen.

    What cannot be read is left out and told in `problems`.
    """
    found: dict[str, Scenario] = {}
    for folder in scenario_folders():
        for path in sorted(folder.glob("[!_.]*.py")):
            if path.stem in found:
                continue
            try:
                found[path.stem] = read_scenario(path)
            except ScenarioError as error:
                if problems is not None:
                    problems.append(error)
    return [in_language(scenario) for scenario in sorted(found.values(), key=_gallery_order)]


def find_scenario(name_or_path: str | os.PathLike[str]) -> Scenario:
    """Return the scenario of that name, or the script at that path.

    Raises:
        ScenarioError: there is none, or it cannot be read as Python.
    """
    name = os.fspath(name_or_path)
    looks_like_path = name.endswith(".py") or any(separator in name for separator in (os.sep, os.altsep or os.sep))
    if not looks_like_path:
        for folder in scenario_folders():
            if name and (folder / f"{name}.py").is_file():
                return read_scenario(folder / f"{name}.py")
    if looks_like_path or (name and Path(name).exists()):
        return read_scenario(name)
    if Path(f"{name}.py").is_file():
        raise ScenarioError(
            _("there is no scenario {name!r}; for the script in this folder write {name}.py").format(name=name)
        )
    names = [path.stem for folder in scenario_folders() for path in folder.glob("[!_.]*.py")]
    raise ScenarioError(
        _("there is no scenario {name!r}{suggestion} (`graphlab list` names them all)").format(
            name=name, suggestion=did_you_mean(name, names)
        )
    )


def find_module(module: str) -> Scenario:
    """Return the script that `python -m module` would run, without importing its packages as Python would.

    Raises:
        ScenarioError: there is none, or it cannot be read as Python.
    """
    from importlib.machinery import PathFinder

    path = ["", *sys.path]
    spec = None
    parts = module.split(".")
    # A package is run by its __main__.
    for position, part in enumerate([*parts, "__main__"]):
        if spec is not None and spec.submodule_search_locations is None:
            break
        spec = PathFinder.find_spec(part if position == 0 else ".".join([*parts, "__main__"][: position + 1]), path)
        if spec is None:
            what = _("has no __main__") if position == len(parts) else _("cannot be found")
            raise ScenarioError(_("the module {module!r} {what}").format(module=module, what=what))
        path = list(spec.submodule_search_locations or ())
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ScenarioError(_("the module {module!r} is no Python script").format(module=module))
    if ".".join(spec.name.split(".")[: len(parts)]) != module:
        raise ScenarioError(
            _("the module {module!r} cannot be found: {name!r} is no package").format(module=module, name=spec.name)
        )
    return replace(read_scenario(spec.origin), name=module)


def _gallery_order(scenario: Scenario) -> tuple[Any, ...]:
    """Order by section (its leading number first, none last), then as the scripts say, by name, from low to high."""
    number = re.match(r"[\d.]+", scenario.section)
    digits = tuple(int(part) for part in number[0].split(".") if part) if number else (sys.maxsize,)
    family, _unused, level = scenario.name.rpartition("_")
    if level not in _LEVELS:
        family, level = scenario.name, ""
    return (not scenario.section, digits, scenario.section, scenario.order, family, _LEVELS.get(level, 0))
