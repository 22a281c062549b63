"""Run scripts without a screen, and record them.

On a terminal with a progress line and one row a step; through a pipe plain lines. What the script prints stays where
it was, and what graphlab says goes to stderr; with --json or --jsonl stdout holds nothing but JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from graphlab.cli import messages
from graphlab.cli.epilogue import told_when_cut_off
from graphlab.cli.options import (
    RunOptions,
    add_json,
    add_run_options,
    add_source,
    chosen_parameters,
    find_scenarios,
    read_run_options,
)
from graphlab.cli.output import write_json, write_line
from graphlab.cli.several import run_all, run_each
from graphlab.errors import RecordingError, UsageError
from graphlab.language import _
from graphlab.store.paths import FOLDER, can_write, free_path

if TYPE_CHECKING:
    from graphlab.request import RunOutcome, RunRequest
    from graphlab.scenario import Scenario


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source(parser, is_several=True)
    parser.add_argument("--all", action="store_true", help=_("every scenario that `graphlab list` names, a line each"))
    parser.add_argument("--jobs", metavar="N", help=_("with --all: how many run at a time (default: 2)"))
    parser.add_argument(
        "-o", "--output", metavar="FILE|FOLDER/", help=_("where the recording goes (default: outputs/)")
    )
    add_json(parser)
    parser.add_argument("--jsonl", action="store_true", help=_("write each step as a line of JSON as it happens"))
    parser.add_argument(
        "--verify",
        action="store_true",
        help=_("afterwards check the first gradients with central differences (the script runs again)"),
    )
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Record each source; of several each in a process of its own."""
    options = read_run_options(arguments)
    if arguments.all:
        if arguments.sources or arguments.module:
            raise UsageError(messages.ALL_OR_SOME)
        from graphlab.scenario import list_scenarios

        arguments.sources = [str(scenario.path) for scenario in list_scenarios()]
    scenarios = find_scenarios(arguments)
    for scenario in scenarios:
        chosen_parameters(options, scenario)  # bad words are told before anything runs
    if arguments.jobs is not None and not arguments.all:
        raise UsageError(messages.JOBS_ALONE)
    if arguments.all:
        return run_all(arguments, scenarios)
    if len(scenarios) > 1:
        return run_each(arguments, scenarios)
    path = recording_path(arguments.output, scenarios[0].name.rpartition(".")[2])
    target = path.absolute()  # the script may change the working directory
    with told_when_cut_off(target, path):
        return _run_one(arguments, options, scenarios[0], path, target)


def recording_path(output: str | None, name: str) -> Path:
    """Return the file that a recording goes to: the one asked for, or a free name in a folder.

    Raises:
        UsageError: nothing can be written there.
    """
    if output is None:
        path = free_path(FOLDER, name)
    elif output.endswith(("/", os.sep)) or Path(output).is_dir():
        path = free_path(Path(output), name)
    else:
        path = Path(output)
    check_folder(path.parent)
    return path


def check_folder(folder: Path) -> None:
    """See whether a recording can be written to a folder, before anything runs.

    Raises:
        UsageError: it cannot.
    """
    if not can_write(folder):
        raise UsageError(messages.CANNOT_WRITE_TO.format(folder=folder))


def _run_one(arguments: argparse.Namespace, options: RunOptions, scenario: Scenario, path: Path, target: Path) -> int:
    request = make_request(options, scenario, arguments)
    from graphlab.cli.progress import Progress
    from graphlab.recorder import run_script

    is_json = arguments.json or arguments.jsonl
    with stdout_for_results(is_json) as results:
        progress = Progress(target, request.parameters, results if arguments.jsonl else None)
        outcome = run_script(
            replace(request, is_last=True), target, tell=progress.tell, progress=progress.look,
            before_print=progress.before_print,
        )  # fmt: skip
        progress.finish(is_told=not outcome.is_whole)
        has_gradients = arguments.verify and outcome.is_whole and outcome.error is None
        verified = _verify(target, results, is_json=is_json) if has_gradients else None
        if arguments.json:
            _write_report(target, path, results, verified, is_told=not outcome.is_whole)
    code = end_run(outcome, path)
    if arguments.module is None and _lacks_package(outcome.error):
        _suggest_module(scenario.path.resolve())
    return max(code, verified[0]) if verified is not None else code


def _lacks_package(error: BaseException | None) -> bool:
    return isinstance(error, ImportError) and "no known parent package" in str(error)


def _suggest_module(script: Path) -> None:
    """Say how a script that is a part of a package is run: from the folder that holds the package."""
    names, folder = [script.stem], script.parent
    while (folder / "__init__.py").exists() or len(names) == 1:
        names.insert(0, folder.name)
        folder = folder.parent
    said = messages.PART_OF_PACKAGE.format(script=script.name, module=".".join(names), folder=folder)
    write_line(said, sys.stderr)


def _verify(target: Path, results: TextIO, *, is_json: bool) -> tuple[int, Any]:
    """Check the gradients of the run's first backward; return the exit code, and what --json says of it."""
    from graphlab.cli.verify import verify_apart

    code, said = verify_apart(target, is_json=is_json)
    if not is_json:
        results.write(said)
        return code, None
    return code, json.loads(said) if said.strip() else None


def _write_report(
    target: Path, path: Path, results: TextIO, verified: tuple[int, Any] | None, *, is_told: bool
) -> None:
    """Write the run as JSON; what a failing disk left nothing of, the person knows already."""
    from graphlab.recording import open_recording
    from graphlab.report import report_run

    try:
        report = {**report_run(open_recording(target)), "recording": str(path)}
        if verified is not None:
            report["verified"] = verified[1]
        write_json(report, results)
    except RecordingError:
        if not is_told:
            raise


def make_request(options: RunOptions, scenario: Scenario, arguments: argparse.Namespace) -> RunRequest:
    """Turn words into what the recorder is to do.

    Raises:
        UsageError: the script has no such parameter, or there is no such device.
    """
    from graphlab.scenario import with_parameters

    values = chosen_parameters(options, scenario)
    known = {parameter.name: parameter.default for parameter in scenario.parameters}
    from graphlab.recorder import find_device
    from graphlab.request import RunRequest

    if options.device is not None:
        values.setdefault("DEVICE", find_device(options.device))
    if values.get("DEVICE") == "cuda":
        find_device("cuda")

    has_seed = "SEED" in known
    return RunRequest(
        script=scenario.path,
        text=with_parameters(scenario.text, values) if values else scenario.text,
        name=scenario.name,
        argv0=_typed(arguments, scenario),
        arguments=options.script_arguments,
        module=arguments.module,
        parameters={**known, **values},
        seed={**known, **values}.get("SEED") if has_seed else options.seed,
        is_seeding=options.seed is not None and not has_seed,
        steps=options.steps if "STEPS" not in known else None,
        has_values=options.has_values,
        detail=options.detail,
        max_size=options.max_size,
        every=options.every,
        windows=options.windows,
    )


def _typed(arguments: argparse.Namespace, scenario: Scenario) -> str:
    """Return what the script finds in `sys.argv[0]`: its path as it was typed."""
    names = getattr(arguments, "sources", None) or [getattr(arguments, "source", None)]
    name = names[0] if names else None
    return name if name is not None and name.endswith(".py") and len(names) == 1 else str(scenario.path)


@contextlib.contextmanager
def stdout_for_results(is_json: bool) -> Iterator[TextIO]:
    """Keep stdout for JSON: what the script (or C code under it) prints goes to stderr meanwhile."""
    if not is_json:
        yield sys.stdout
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(kept, "w", encoding="utf-8") as results, contextlib.redirect_stdout(sys.stderr):
            yield results
            results.flush()
            sys.stdout.flush()
            os.dup2(kept, 1)
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def end_run(outcome: RunOutcome, path: Path) -> int:
    """Say how the run ended, and return or raise what ends this process in the same way."""
    error: Any = outcome.error
    if isinstance(error, SystemExit):
        _say(messages.RECORDED, outcome, path)
        raise error
    if isinstance(error, KeyboardInterrupt):
        _say(messages.RUN_INTERRUPTED, outcome, path)
        return messages.EXIT_INTERRUPTED
    if error is not None:
        sys.excepthook(type(error), error, error.__traceback__)  # which the script may have set
        _say(messages.RUN_FAILED, outcome, path)
        return 1
    _say(messages.RECORDED, outcome, path)
    return 0


def _say(text: str, outcome: RunOutcome, path: Path) -> None:
    """Say that the recording is there; of one that could not be written to its end it was said that it is not."""
    if outcome.is_whole:
        write_line(text.format(path=path), sys.stderr)
