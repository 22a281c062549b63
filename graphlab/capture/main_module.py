"""Makes the interpreter look to a script as it does when python runs it: `__main__`, `sys.argv`, `sys.path`."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import os
import random
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType

import numpy
import torch

_TOLD = {"concurrent.futures.thread": "_shutdown", "concurrent.futures.process": "_global_shutdown"}
"""Where these modules keep that python is ending."""


@contextlib.contextmanager
def as_main(
    script: Path, text: str, arguments: Sequence[str], *, module: str | None, stays: bool
) -> Iterator[tuple[CodeType, ModuleType]]:
    """Give the script's code and the module that it is to run in.

    Args:
        text: what runs (parameters may have been changed in it).
        arguments: `sys.argv`.
        module: the dotted name of a script that is run with `-m`.
        stays: leave the module and its arguments where they are, for what runs later in this process: threads that
            go on, functions registered with `atexit`.
    """
    code = compile(text, str(script), "exec", dont_inherit=True)
    main = ModuleType("__main__")
    main.__dict__.update(__file__=str(script), __builtins__=builtins, __cached__=None, __annotations__={})
    kept = sys.argv, list(sys.path), sys.modules["__main__"]
    try:
        # Before the module is looked for: the installed command has the folder of programs there, not this one.
        if not sys.flags.safe_path:  # under `python -P` no folder was put first, and none is
            sys.path[0:1] = [str(Path.cwd() if module is not None else script.resolve().parent)]
        spec = find_spec(module) if module is not None else None
        if spec is not None:
            main.__dict__.update(__spec__=spec, __package__=spec.parent, __loader__=spec.loader, __cached__=spec.cached)
        else:
            main.__dict__.update(__package__=None, __loader__=SourceFileLoader("__main__", str(script)))
        sys.argv = list(arguments)
        sys.modules["__main__"] = main
        yield code, main
    finally:
        sys.path[:] = kept[1]
        if not stays:
            sys.argv, sys.modules["__main__"] = kept[0], kept[2]


def run_main(code: CodeType, main: ModuleType) -> None:
    """Run a script, and what it leaves running until it has ended too."""
    try:
        exec(code, main.__dict__)  # noqa: S102 - running the user's script is what we are for
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):  # python says any other code before it waits
            _wait_for_threads()
        raise
    _wait_for_threads()


def _wait_for_threads() -> None:
    """Wait for the threads that python itself would wait for before it ends."""
    _end_executors()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _end_executors() -> None:
    """Tell the threads of executors that the script left open to end, as python does before it waits: else none would.

    The compiler of `torch.compile` leaves one. Once told, `concurrent.futures` takes no work any more; what runs later
    in this process may bring some.
    """
    for call in reversed(list(getattr(threading, "_threading_atexits", ()))):
        call()
    for name, flag in _TOLD.items():
        if name in sys.modules:
            setattr(sys.modules[name], flag, False)


def end_child(error: BaseException | None) -> None:
    """End a child that the script forked, as python would have ended it: it never comes back to us."""
    code: object = 0
    if isinstance(error, SystemExit):
        code = error.code
        if code is not None and not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
    elif error is not None:
        traceback.print_exception(error)
        code = 1
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)


def seed_everything(seed: int) -> None:
    """Seed the script's own global generators: python's, numpy's, torch's."""
    random.seed(seed)
    numpy.random.seed(seed % 2**32)  # noqa: NPY002 - the global generator is what is to be seeded
    torch.manual_seed(seed)


def draw_anew() -> None:
    """Seed in a forked child what a process seeds at random when it begins; python's own generator does so by itself.

    A GPU's generators are made when they are first used, which is in the child.
    """
    numpy.random.seed()  # noqa: NPY002 - the global generator is what the children would share
    torch.default_generator.seed()


def remove_frames(error: BaseException | None, script: Path) -> None:
    """Let a traceback begin at the script, as if python itself had run it; a script that does not compile has none."""
    if error is None:
        return
    step = error.__traceback__
    while step is not None and step.tb_frame.f_code.co_filename != str(script):
        step = step.tb_next
    error.__traceback__ = step
