"""Which module's forward made a node, told by autograd's sequence numbers when the forward began and when it ended.

Hooks on every module cost much where modules are tiny; so they are there only while a graph is new.
"""

from __future__ import annotations

import threading
import weakref
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import torch
from torch.autograd import _get_sequence_nr as _next_number  # type: ignore[attr-defined]  # held but not exported
from torch.nn.modules import module as modules
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

_MOST = 200_000
_REGISTERING = threading.Lock()
"""torch counts its handles in one place for all threads."""
_ASKED = "_has_any_global_hook"
_HOOKS = (
    "_global_backward_pre_hooks", "_global_backward_hooks", "_global_forward_pre_hooks", "_global_forward_hooks",
    "_global_forward_hooks_always_called", "_global_forward_hooks_with_kwargs",
)  # fmt: skip
_ours: set[int] = set()
"""The numbers of the hooks that are ours, of all threads."""
_replaced: list[Any] = []
"""What torch asks of hooks, while some are ours."""


class ModuleRanges:
    """Watches the forward of every module between `start` and `stop`."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._thread = 0
        self._marks: list[tuple[int, weakref.ref[torch.nn.Module] | None]] = []
        """Sequence numbers from which on a module's forward runs; None: its end, back to the one around it."""

    @property
    def is_on(self) -> bool:
        """Whether forwards are watched."""
        return bool(self._handles)

    def start(self) -> None:
        """Begin to watch."""
        if not self._handles:
            self._marks.clear()
            self._thread = threading.get_ident()
            with _REGISTERING:
                after = register_module_forward_hook(self._after, always_call=True)
                self._handles = [register_module_forward_pre_hook(self._before), after]
                _ours.update(handle.id for handle in self._handles)
                _hide()

    def stop(self) -> None:
        """Watch no longer."""
        with _REGISTERING:
            for handle in self._handles:
                handle.remove()
                _ours.discard(handle.id)
            _show()
        self._handles.clear()
        self._marks.clear()

    def clear(self) -> None:
        """Forget the forwards so far: their nodes are known."""
        self._marks.clear()

    def _before(self, module: torch.nn.Module, arguments: Any) -> None:
        if self._is_ours():
            self._marks.append((_next_number(), weakref.ref(module)))

    def _after(self, module: torch.nn.Module, arguments: Any, result: Any) -> None:
        if self._is_ours():
            self._marks.append((_next_number(), None))

    def _is_ours(self) -> bool:
        """Whether a forward counts: sequence numbers are a thread's own."""
        if torch.compiler.is_compiling() or len(self._marks) >= _MOST:
            return False
        return threading.get_ident() == self._thread

    def paths(self, numbers: list[int], paths: Mapping[torch.nn.Module, str]) -> list[str | None]:
        """Return the path of the module that made the node of each sequence number; None outside of all."""
        starts: list[int] = []
        names: list[str | None] = []
        around: list[str | None] = []
        current: str | None = None
        for number, reference in self._marks:
            if reference is not None:
                around.append(current)
                module = reference()
                current = (paths.get(module) or current) if module is not None else current
            elif around:
                current = around.pop()
            starts.append(number)
            names.append(current)
        found = []
        for number in numbers:
            index = bisect_right(starts, number) - 1
            found.append(names[index] if index >= 0 else None)
        return found


def _hide() -> None:
    """Let a compiled model, which warns of hooks on all modules when it is called, see the script's own alone."""
    if not _replaced and hasattr(modules, _ASKED):
        _replaced.append(getattr(modules, _ASKED))
        setattr(modules, _ASKED, _has_hook_of_others)


def _show() -> None:
    """Put torch's own question back when no hook is ours any more."""
    if not _ours and _replaced:
        setattr(modules, _ASKED, _replaced.pop())


def _has_hook_of_others() -> bool:
    return any(not _ours.issuperset(getattr(modules, name, ())) for name in _HOOKS)
