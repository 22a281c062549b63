"""Where our function mode lies on the stack of modes of a thread."""

from __future__ import annotations

import torch
from torch.overrides import (  # type: ignore[attr-defined]  # held but not exported
    TorchFunctionMode,
    _get_current_function_mode_stack,
    _get_function_stack_at,
    _len_torch_function_stack,
    _pop_mode,
    _push_mode,
)


def is_watching(ours: TorchFunctionMode) -> bool:
    """Whether our mode is active in this thread: torch takes it away where it handles a call, and inside backwards."""
    return torch._C._is_torch_function_mode_enabled() and any(
        _get_function_stack_at(index) is ours for index in range(_len_torch_function_stack())
    )


def take_mode(ours: TorchFunctionMode) -> int | None:
    """Take our mode off the stack and return where it was; the script's own may lie on top of it."""
    modes = _get_current_function_mode_stack()
    if not any(mode is ours for mode in modes):
        return None
    index = next(index for index, mode in enumerate(modes) if mode is ours)
    _set_modes(modes[:index] + modes[index + 1 :])
    return index


def put_mode(ours: TorchFunctionMode, index: int) -> None:
    """Put our mode onto the stack, below those of a with-block of the script's, which takes the topmost off."""
    modes = _get_current_function_mode_stack()
    _set_modes([*modes[:index], ours, *modes[index:]])


def _set_modes(modes: list[TorchFunctionMode]) -> None:
    while _len_torch_function_stack():
        _pop_mode()
    for mode in modes:
        _push_mode(mode)
