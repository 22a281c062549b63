"""What holds for every test: nothing of Python or torch stays patched, hooked or traced after it.

torch is only looked into where something has imported it, so that tests without torch stay quick.
"""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import Open, OpenPage, open_browser
from tests.commands import RunGraphlab, run_in_process

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

# The tests read English, whatever their user speaks; those of other languages say so.
for _variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
    os.environ.pop(_variable, None)

# How long an example takes says more of the machine than of the code; benchmarks measure that.
settings.register_profile("graphlab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("graphlab")

_first_sight: dict[str, dict[str, Any]] = {}
"""The functions and classes of torch that could be patched, as they were when a test first found torch imported."""

_seen: set[str] = set()

# A mode, a hook or a wrapper of ours could sit on any attribute of these.
_PATCHABLE = (
    "torch",
    "torch.Tensor",
    "torch.autograd",
    "torch.autograd.graph",
    "torch.nn.Module",
    "torch.nn.functional",
    "torch.nn.utils",
    "torch.nn.utils.clip_grad",
    "torch.optim.Optimizer",
    "torch.utils.checkpoint",
)


def _state_of_python() -> dict[str, Any]:
    return {
        "sys.gettrace()": sys.gettrace(),
        "sys.getprofile()": sys.getprofile(),
        "threading.gettrace()": threading.gettrace(),
        "threading.getprofile()": threading.getprofile(),
        "sys.stdout": sys.stdout,
        "sys.stderr": sys.stderr,
        "sys.stdin": sys.stdin,
        "sys.excepthook": sys.excepthook,
        "threading.excepthook": threading.excepthook,
        "threading.Thread.run": threading.Thread.run,
        "threading.Thread._bootstrap_inner": vars(threading.Thread)["_bootstrap_inner"],
        "sys.modules['__main__']": sys.modules["__main__"],
        "sys.argv": list(sys.argv),
        "sys.path": list(sys.path),
        "the working directory": os.getcwd(),  # noqa: PTH109 - a test that removed its folder must not fail here
        "warnings.showwarning": warnings.showwarning,
        "SIGINT": signal.getsignal(signal.SIGINT),
        **{f"builtins.{name}": value for name, value in vars(builtins).items() if name != "_"},
    }


def _find(dotted: str) -> object | None:
    """Return the module or class of that name, where it is imported."""
    if dotted in sys.modules:
        return sys.modules[dotted]
    module, _, name = dotted.rpartition(".")
    return getattr(sys.modules[module], name, None) if module in sys.modules else None


def _callables_of_torch() -> dict[str, dict[str, Any]]:
    """Return, for each place that is imported, its functions and classes by name."""
    found = {}
    for dotted in _PATCHABLE:
        place = _find(dotted)
        if place is not None:
            # A copy first: torch adds attributes to itself lazily, from whatever thread asks for them.
            found[dotted] = {name: value for name, value in dict(vars(place)).items() if callable(value)}
    return found


def _patched() -> list[tuple[str, str, Any]]:
    """Return what is not as it was at first sight: place, name, and what was there."""
    now = _callables_of_torch()
    return [
        (dotted, name, value)
        for dotted, before in _first_sight.items()
        for name, value in before.items()
        if now[dotted].get(name) is not value
    ]


def _left_in_torch() -> list[str]:
    """Return what is still patched, hooked or pushed in torch, in words."""
    import torch
    from torch.nn.modules import module
    from torch.optim import optimizer
    from torch.overrides import _len_torch_function_stack  # type: ignore[attr-defined]  # held but not exported
    from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

    engine = torch.autograd.graph._engine_run_backward
    checks = {
        "a torch function mode": _len_torch_function_stack() > 0,
        "a torch dispatch mode": bool(_get_current_dispatch_mode_stack()),
        "a patched _engine_run_backward": (
            getattr(engine, "__module__", None) != "torch.autograd.graph"
            or not engine.__code__.co_filename.endswith("graph.py")
            or torch.autograd._engine_run_backward is not engine  # type: ignore[attr-defined]  # held but not exported
        ),
        "a stand-in for the engine": not isinstance(
            torch.autograd.Variable._execution_engine, torch._C._ImperativeEngine
        ),
        "a saved tensors hook": torch._C._autograd._top_saved_tensors_default_hooks(True) is not None,
        "gradients switched off": not torch.is_grad_enabled(),
        "anomaly detection": torch.is_anomaly_enabled(),
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "another default dtype": torch.get_default_dtype() is not torch.float32,
    }
    for place in (module, optimizer):
        for name, value in vars(place).items():
            if name.startswith("_global_") and name.endswith("_hooks"):
                checks[f"a hook in {place.__name__}.{name}"] = bool(value)
    checks.update((f"a patched {dotted}.{name}", True) for dotted, name, _ in _patched())
    return [words for words, is_left in checks.items() if is_left]


def _lasting() -> set[str]:
    """Return what torch has wrapped for good by now: its own doing, whoever asked for it first."""
    import torch

    found = set()
    if "torch._dynamo" in sys.modules:  # torch imports it late (an optimizer does), and it wraps torch.manual_seed
        found.add("torch._dynamo")
    if not getattr(torch.nn.Module, "___needs_generation_tag_patch", True):  # a compiler wraps Module.__init__
        found.add("generation tags")
    return found


def _remember_torch() -> None:
    """Note the callables of each place at first sight, before a test could have patched it."""
    if found := _lasting() - _seen:
        _seen.update(found)
        _first_sight.clear()
    for dotted, names in _callables_of_torch().items():
        _first_sight.setdefault(dotted, names)


def _repair(before: dict[str, Any]) -> None:
    """Put back what can be put back, so that the one test at fault fails and not all that come after it."""
    for dotted, name, value in _patched():
        setattr(_find(dotted), name, value)
    sys.settrace(before["sys.gettrace()"])
    sys.setprofile(before["sys.getprofile()"])
    threading.settrace(before["threading.gettrace()"])
    for name, value in before.items():
        module, _, attribute = name.rpartition(".")
        if module in ("sys", "builtins") and attribute.isidentifier():
            setattr(sys.modules[module], attribute, value)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """After every test Python and torch are as they were before it."""
    if "torch" in sys.modules:
        _remember_torch()
    before = _state_of_python()
    yield
    after = _state_of_python()
    changed = [f"{name}: {was!r}, now {after.get(name)!r}" for name, was in before.items() if was != after.get(name)]
    if "torch" in sys.modules:
        if _lasting() - _seen:
            _remember_torch()
        changed += _left_in_torch()
    if changed:
        _repair(before)
    assert not changed, "the test left behind " + "; ".join(line[:500] for line in changed)


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """Start Chromium once for all tests of a module."""
    with open_browser() as context:
        yield context


@pytest.fixture
def opened(browser: BrowserContext) -> Iterator[Open]:
    """Open pages; each is checked for requests and complaints when the test ends."""
    pages: list[OpenPage] = []

    def open_page(path: Path) -> OpenPage:
        pages.append(OpenPage(browser, path))
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture
def run_graphlab(capfd: pytest.CaptureFixture[str]) -> RunGraphlab:
    """Run commands in this process."""

    def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, *run_in_process(words, folder, capfd))

    return run
