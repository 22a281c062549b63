"""Finds what variables hold inside of containers and plain objects, and what to call it there.

No code of the script's runs for it: attributes are read where they lie, elements as the containers' own classes give
them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

import torch

_ELEMENTS = 32
"""How many elements of a container are looked at."""
_LAYERS = 1000
"""How many of a list that a model holds."""
_DEPTH = 3
"""Containers within containers that are looked into."""
_MOST = 500
"""Parts of a variable that are looked at."""
_NOTHING_INSIDE = torch.Tensor | torch.nn.Module | type | ModuleType | FunctionType
_FOREIGN = frozenset({*sys.stdlib_module_names, "numpy", "torch"})
"""Packages whose objects hold nothing of the script's by a name that says something."""


def parts(value: Any, most: int = _ELEMENTS) -> list[tuple[str, Any]]:
    """Return what a container or a plain object holds, each with its place (`[0]`, `['w']`, `.w`)."""
    kind = type(value)
    if kind in {list, tuple}:
        return [(f"[{index}]", part) for index, part in enumerate(value[:most])]
    if isinstance(value, dict):
        found = islice(list(dict.items(value)), most)
        return [(f"[{key!r}]", part) for key, part in found if _is_plain(key)]
    if isinstance(value, tuple):
        fields = getattr(kind, "_fields", ())
        return [(f".{name}", part) for name, part in zip(fields, tuple.__iter__(value), strict=False)]
    home: Any = kind.__module__  # which a class may set to anything
    if isinstance(value, _NOTHING_INSIDE) or type(home) is not str or home.partition(".")[0] in _FOREIGN:
        return []
    return [(f".{name}", part) for name, part in islice(_attributes(value), most)]


def _is_plain(key: Any) -> bool:
    """Whether to write a key runs no code of the script's."""
    return type(key) in {str, int, float, bool, type(None)} or (type(key) is tuple and all(map(_is_plain, key)))


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    kind = type(value)
    if kind.__dictoffset__:
        yield from list(object.__getattribute__(value, "__dict__").items())
    for base in kind.__mro__:
        for name, descriptor in list(vars(base).items()) if "__slots__" in vars(base) else ():
            if type(descriptor) is MemberDescriptorType:
                try:
                    yield name, descriptor.__get__(value, kind)
                except AttributeError:  # nothing was put there yet
                    continue


def _public(model: torch.nn.Module) -> list[tuple[str, Any]]:
    return [(f".{name}", part) for name, part in list(vars(model).items()) if not name.startswith("_")]


def tensors_in(name: str, value: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Name the tensors that a variable holds in containers, also in those within others; what lies near comes first."""
    level: list[tuple[str, Any]] = [(name, value)]
    if isinstance(value, torch.nn.Module):
        level = [(f"{name}.{path}".rstrip("."), module) for path, module in value.named_modules()]
    left = _MOST
    for _ in range(_DEPTH):
        below: list[tuple[str, Any]] = []
        for label, holder in level:
            is_model = isinstance(holder, torch.nn.Module)
            for place, part in _public(holder) if is_model else parts(holder):
                left -= 1
                if left < 0:
                    return
                if isinstance(part, torch.Tensor):
                    yield f"{label}{place}", part
                elif not isinstance(part, torch.nn.Module):
                    below.append((f"{label}{place}", part))
        level = below


def models_in(name: str, value: Any) -> Iterator[tuple[str, torch.nn.Module, bool]]:
    """Name the models that a variable holds, and say of each whether it is one of several in a list, tuple or dict.

    An attribute of an object (a trainer's `self.model`) goes by its own name, whatever holds the object.
    """
    for place, part in parts(value):
        is_attribute = place.startswith(".")
        label = place[1:] if is_attribute else f"{name}{place}"
        if isinstance(part, torch.nn.Module):
            yield label, part, not is_attribute
        elif is_attribute and isinstance(part, list | tuple | dict):
            for inner, each in parts(part):
                if isinstance(each, torch.nn.Module):
                    yield f"{label}{inner}", each, True


def unregistered(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module]]:
    """Name layers that a model holds in plain lists and dicts (`layers[1]`): torch does not know these as its own."""
    for path, module in list(model.named_modules()):
        for name, value in list(vars(module).items()):
            if not name.startswith("_") and isinstance(value, list | tuple | dict):
                for place, part in parts(value, _LAYERS):
                    if isinstance(part, torch.nn.Module):
                        yield f"{path}.{name}{place}".lstrip("."), part
