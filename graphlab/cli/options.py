"""The options that several commands share, and what their words mean."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from graphlab.cli import messages
from graphlab.errors import UsageError
from graphlab.language import _

if TYPE_CHECKING:
    from graphlab.scenario import Scenario

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:(i?)B)?", re.IGNORECASE)
_LARGEST_SEED = 2**32 - 1  # numpy takes no larger one


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a script shall be recorded."""

    steps: int | None
    seed: int | None
    device: Literal["auto", "cpu", "cuda"] | None
    settings: tuple[str, ...]
    """The words of `--set`, `NAME=VALUE` each."""
    detail: Literal["full", "light"]
    max_size: int
    """In bytes."""
    has_values: bool
    every: int | None
    """In light detail: look closely at every so-manieth step."""
    windows: tuple[tuple[int, int], ...]
    """In light detail: steps to record in full, from one to another."""
    script_arguments: tuple[str, ...]


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help=_("write JSON to stdout"))


def add_source(parser: argparse.ArgumentParser, *, is_several: bool = False) -> None:
    """Add SOURCE (or SOURCE…), `-m MODULE`, and what stands after `--`."""
    parser.add_argument(
        "sources" if is_several else "source",
        nargs="*" if is_several else "?",
        metavar="SOURCE",
        help=_("the name of a scenario, or a path to a script") + ("" if is_several else _(" or to a recording")),
    )
    parser.add_argument("-m", dest="module", metavar="MODULE", help=_("a module, as `python -m` takes it"))
    parser.set_defaults(script_arguments=())


def add_run_options(
    parser: argparse.ArgumentParser, *, seed: str = _("sets SEED; without one, seeds python, numpy and torch first")
) -> None:
    """Add what changes a run: parameters, device, detail; `seed` is the help of --seed."""
    group = parser.add_argument_group(_("the run"))
    group.add_argument(
        "--steps", metavar="N", help=_("sets STEPS; without one, ends the script after N training steps")
    )
    group.add_argument("--seed", metavar="N", help=seed)
    group.add_argument(
        "--device", choices=["auto", "cpu", "cuda"], help=_("sets DEVICE; auto: a GPU where there is one")
    )
    group.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=_("sets a parameter of the script (as often as needed)"),
    )
    group.add_argument("--detail", choices=["full", "light"], default="full",
                       help=_("full: every line, op and value; light: for real models"))  # fmt: skip
    group.add_argument(
        "--full",
        dest="windows",
        action="append",
        default=[],
        metavar="A:B",
        help=_("with --detail light: records the steps A to B in full (as often as needed)"),
    )
    group.add_argument(
        "--every",
        metavar="N",
        help=_(
            "with --detail light: values and updates of every Nth step, instead of 1 to 10, every 10th "
            "to 100, every 100th to 1,000, …"
        ),
    )
    group.add_argument("--max-size", metavar="SIZE", default="2GB",
                       help=_("beyond it a full recording goes on as a light one (default 2GB)"))  # fmt: skip
    group.add_argument("--no-values", action="store_true", help=_("keep shapes and norms, but no values"))


def run_words(arguments: argparse.Namespace) -> list[str]:
    """Return the words that say again what `add_run_options` read, for a process that runs the script."""
    words = [f"--detail={arguments.detail}", f"--max-size={arguments.max_size}"]
    given = {name: getattr(arguments, name) for name in ("steps", "seed", "device", "every")}
    words += [f"--{name}={value}" for name, value in given.items() if value is not None]
    words += [f"--set={setting}" for setting in arguments.settings]
    words += [f"--full={window}" for window in arguments.windows]
    return [*words, "--no-values"] if arguments.no_values else words


def read_run_options(arguments: argparse.Namespace) -> RunOptions:
    """Check and convert the words of `add_run_options`.

    Raises:
        UsageError: a number or a size is none.
    """
    if arguments.detail != "light" and (arguments.windows or arguments.every):
        raise UsageError(messages.ONLY_LIGHT.format(option="--full" if arguments.windows else "--every"))
    return RunOptions(
        steps=read_count("--steps", arguments.steps, 1),
        seed=read_count("--seed", arguments.seed, 0, _LARGEST_SEED),
        device=arguments.device,
        settings=tuple(arguments.settings),
        detail=cast("Literal['full', 'light']", arguments.detail),
        max_size=read_size(arguments.max_size),
        has_values=not arguments.no_values,
        every=read_count("--every", arguments.every, 1),
        windows=tuple(read_window("--full", text) for text in arguments.windows),
        script_arguments=tuple(arguments.script_arguments),
    )


def read_size(text: str) -> int:
    """Turn `500MB`, `2GB`, `1.5GiB` or a number of bytes into bytes.

    Raises:
        UsageError: the text says no size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match:
        base = 1024 if match[3] else 1000
        size = int(float(match[1]) * base ** " KMGT".index(match[2].upper() or " "))
        if size >= 1:
            return size
    raise UsageError(messages.BAD_SIZE.format(text=text))


def read_window(option: str, text: str) -> tuple[int, int]:
    """Turn `480:490`, or `480`, into the first and the last of some steps.

    Raises:
        UsageError: the text says no such steps.
    """
    match = re.fullmatch(r"(\d+)(?::(\d+))?", text.strip())
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
        if 1 <= first <= last:
            return first, last
    raise UsageError(messages.BAD_WINDOW.format(option=option, text=text))


def find_scenarios(arguments: argparse.Namespace) -> list[Scenario]:
    """Return the scripts that the words of `add_source` name, each read and parsed.

    Raises:
        UsageError: none is named, or both a module and another.
        ScenarioError: one of them is missing or no Python.
    """
    from graphlab.scenario import find_module, find_scenario

    names = arguments.sources if hasattr(arguments, "sources") else [arguments.source] if arguments.source else []
    if arguments.module is not None:
        if names:
            raise UsageError(messages.ONE_SOURCE.format(name=names[0]))
        return [find_module(arguments.module)]
    if not names:
        raise UsageError(messages.NO_SOURCE)
    return [find_scenario(name) for name in names]


def chosen_parameters(options: RunOptions, scenario: Scenario) -> dict[str, Any]:
    """Return the values that the options give the script's parameters.

    `--steps` and `--seed` count where the script has STEPS and SEED; where it has none, they are the recorder's to
    heed, and so is `--device auto`, which only torch can answer. `--set` wins over all of them.

    Raises:
        UsageError: the script has no such parameter, or one of another type.
    """
    from graphlab.scenario import read_settings

    known = {parameter.name for parameter in scenario.parameters}
    if options.device is not None and "DEVICE" not in known:
        raise UsageError(messages.NO_DEVICE_PARAMETER.format(scenario=scenario.name, device=options.device))
    given = {"STEPS": options.steps, "SEED": options.seed, "DEVICE": options.device}
    settings = [f"{name}={value}" for name, value in given.items() if value is not None and name in known]
    if options.device == "auto":
        settings.remove("DEVICE=auto")
    return read_settings(scenario, [*settings, *options.settings])


def read_count(option: str, text: str | None, least: int, most: int | None = None) -> int | None:
    """Read a whole number of an option.

    Raises:
        UsageError: it is none, or out of its limits.
    """
    if text is None:
        return None
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least or (most is not None and number > most):
        limit = _(" to {most}").format(most=most) if most is not None else ""
        raise UsageError(messages.BAD_COUNT.format(option=option, least=least, most=limit, text=text))
    return number
