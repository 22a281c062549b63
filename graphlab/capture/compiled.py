"""Steps aside where `torch.compile` is at work: it would trace us as a part of what it compiles.

A compiled piece runs unwatched. What it leaves is what autograd knows of it: a node, or the nodes of a backend that
makes some.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

import torch

_MODULE = "torch._dynamo.eval_frame"
_NAME = "_maybe_set_eval_frame"
_ENTRIES = {"compile_wrapper", "__enter__", "__exit__"}
"""Who turns the compiler on and off for a piece as a whole; others do for moments within one."""
_PACKAGES = {__package__.partition(".")[0], "torchviz", "graphviz"}
_skipped: set[str] = set()
"""Those that the compiler was told of, in this process."""


class Compiled:
    """Says when compiled code begins and ends.

    torch loads its compiler when it is first asked to compile; until then we wait at `torch.compile`.

    Args:
        switch: called with True before compiled code runs, with False when it has, or something in it runs as it is.
    """

    def __init__(self, switch: Callable[[bool], None]) -> None:
        self._tell = switch
        self._compile: Any = None
        self._switch: Any = None

    def start(self) -> None:
        """Wait for compiled code."""
        if _MODULE in sys.modules:
            self._watch_switch()
            return
        original = self._compile = torch.compile

        @functools.wraps(original)
        def compile(*args: Any, **kwargs: Any) -> Any:  # noqa: A001 - it stands in for `torch.compile`
            if self._switch is None:
                importlib.import_module(_MODULE)
                self._watch_switch()
            return original(*args, **kwargs)

        setattr(torch, "compile", compile)  # noqa: B010 - torch types it more narrowly

    def stop(self) -> None:
        """Put torch's own back."""
        if self._compile is not None:
            setattr(torch, "compile", self._compile)  # noqa: B010 - as above
        if self._switch is not None:
            setattr(sys.modules[_MODULE], _NAME, self._switch)
        self._compile = self._switch = None

    def _watch_switch(self) -> None:
        """Stand in for what turns the compiler on for the code that is about to run, and off again."""
        original: Callable[[Any], Any] = getattr(sys.modules[_MODULE], _NAME)
        self._switch = original
        # What runs of us inside a piece (hooks of a backward, of an optimizer) is nothing to compile.
        rules = importlib.import_module("torch._dynamo.trace_rules")
        for package in _PACKAGES - _skipped:  # each makes torch write its rules anew, which takes long
            rules.add(package)
        _skipped.update(_PACKAGES)

        def _maybe_set_eval_frame(callback: Any) -> Any:
            if sys._getframe(1).f_code.co_name in _ENTRIES:
                self._tell(callback is not None)
            return original(callback)

        setattr(sys.modules[_MODULE], _NAME, _maybe_set_eval_frame)
