"""Puts hooks on thousands of autograd's nodes, and takes them away again, at a third of what torch's own handles cost.

A node asks `Function._register_hook` to enter a hook in its dict; for the while ours answers, which makes no object a
hook beyond what is needed. The dicts are of torch's kind: who registers another hook later, or has before, gets torch's
own handle and order.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

Hooks = OrderedDict[Any, Callable[..., Any]]
_NAME = "_register_hook"
_original: Any = getattr(torch.autograd.Function, _NAME)
_lock = threading.Lock()
_owner = 0
"""The thread that puts hooks on."""


def _register(hooks: Hooks | None, hook: Callable[..., Any]) -> tuple[Any, Any]:
    if threading.get_ident() != _owner:
        answer: tuple[Any, Any] = _original(hooks, hook)
        return answer
    if hooks is None:
        hooks = OrderedDict()
    hooks[hook] = hook  # torch's own keys are numbers
    return hooks, (hooks, hook)


@contextlib.contextmanager
def quick_handles() -> Iterator[None]:
    """Within this block a node's `register_hook` and `register_prehook` return what `remove_handles` takes."""
    global _owner  # noqa: PLW0603 - torch asks one function for all threads
    with _lock:
        _owner = threading.get_ident()
        setattr(torch.autograd.Function, _NAME, staticmethod(_register))
        try:
            yield
        finally:
            delattr(torch.autograd.Function, _NAME)


def remove_handles(handles: Sequence[Any]) -> None:
    """Take hooks away."""
    for hooks, hook in handles:
        hooks.pop(hook, None)
