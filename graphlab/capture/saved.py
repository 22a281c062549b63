"""Reads what autograd keeps of what an op has read or made, which is also where inner values can be seen."""

from __future__ import annotations

from typing import Any

import torch

_PREFIX = "_saved_"
_UNUSED = ("_sym_strides", "mat1_sym_sizes", "mat2_sym_sizes")
"""Endings of numbers that no formula needs: how matrices lie in memory."""


class SavedTensors:
    """Knows, by class of grad_fn, under which names tensors may be kept."""

    def __init__(self) -> None:
        self._names: dict[type, list[tuple[str, str]]] = {}
        self._numbers: dict[type, list[tuple[str, str]]] = {}

    def of(self, fn: Any) -> list[tuple[str, torch.Tensor]]:
        """Return the tensors that a grad_fn keeps for its backward, by name."""
        kind = type(fn)
        names = self._names.get(kind)
        if names is None:
            found = [name for name in dir(kind) if name.startswith(_PREFIX)]
            names = self._names[kind] = [(name, name.removeprefix(_PREFIX)) for name in found]
        if not names or torch._C._autograd._top_saved_tensors_default_hooks(False) is not None:
            return []  # unpacking would run the user's own hooks
        kept = []
        numbers = []
        for pair in names:
            try:
                value = getattr(fn, pair[0])
            except RuntimeError:
                continue  # already freed, or changed in place since: autograd itself will say so
            if isinstance(value, torch.Tensor):
                kept.append((pair[1], value))
            elif isinstance(value, tuple) and not (value and type(value[0]) is int):
                suffix = len(value) > 1
                kept += [
                    (f"{pair[1]}[{index}]" if suffix else pair[1], part)
                    for index, part in enumerate(value)
                    if isinstance(part, torch.Tensor)
                ]
            elif value is not None:
                numbers.append(pair)  # it never holds a tensor
        for pair in numbers:
            names.remove(pair)
            if not pair[1].endswith(_UNUSED):
                self._numbers.setdefault(kind, []).append(pair)
        return kept

    def numbers_of(self, fn: Any) -> list[tuple[str, Any]]:
        """Return the numbers and texts that a grad_fn keeps (a dimension, an exponent), by name; after `of`."""
        names = self._numbers.get(type(fn))
        return [(name, getattr(fn, attribute)) for attribute, name in names] if names else []


def see_view(fn: Any, source: torch.Tensor) -> torch.Tensor | None:
    """Return what a view op made of a tensor, for the few that stand inside calls; None for any other op."""
    name = fn.name()
    if name == "TBackward0":
        return source.detach().t()
    if name == "TransposeBackward0":
        return source.detach().transpose(fn._saved_dim0, fn._saved_dim1)
    if name in {"ViewBackward0", "ReshapeAliasBackward0", "UnsafeViewBackward0"}:
        return source.detach().reshape(tuple(fn._input_metadata[0].shape))
    if name == "ExpandBackward0":
        return source.detach().expand(tuple(fn._input_metadata[0].shape))
    return None
