"""Which modules' forwards are running, told from the frames of the calls: no hook of ours lies on a module for it."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType

import torch

_CALL = torch.nn.Module._call_impl.__code__
_WRAPPED_CALL = torch.nn.Module._wrapped_call_impl.__code__


def running_modules(frame: FrameType | None) -> Iterator[torch.nn.Module]:
    """Give the modules whose forward is running, the innermost first, from a frame outwards."""
    while frame is not None:
        code = frame.f_code
        # Of the two frames that a module's call has, the outer one has fewer variables to look through.
        if code is _WRAPPED_CALL or (code is _CALL and getattr(frame.f_back, "f_code", None) is not _WRAPPED_CALL):
            module = frame.f_locals.get("self")
            if isinstance(module, torch.nn.Module):
                yield module
        frame = frame.f_back
