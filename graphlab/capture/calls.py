"""What a torch call is called, and how to make it look called from where it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import Any

import torch
from torch.nn import functional
from torch.nn.parameter import is_lazy

from graphlab.capture.snapshots import is_opaque
from graphlab.capture.unwritten import MAKERS

_GETTERS = {
    getattr(torch.Tensor, name).__get__: name for name in ("T", "mT", "H", "mH", "real", "imag")
}  # attribute reads that make a new tensor, and a node of the graph
_ATTRIBUTES: dict[str, Any] = {name: getattr(torch._C.TensorBase, name) for name in ("grad", "data")}
_GRAD_GETTER = _ATTRIBUTES["grad"].__get__
_GRAD_SETTER = _ATTRIBUTES["grad"].__set__
_GRAD_DELETER = _ATTRIBUTES["grad"].__delete__
_DATA_GETTER = _ATTRIBUTES["data"].__get__
_DATA_SETTER = _ATTRIBUTES["data"].__set__

# Calls behind which there is no op to show: what prints, copies, pickles and inspects, and what runs backwards, whose
# work is seen elsewhere.
_PASSED = {
    "__repr__", "__str__", "__format__", "__reduce_ex__", "__deepcopy__", "__setstate__", "__array__", "__len__",
    "backward", "register_hook", "retain_grad", "numpy", "item", "tolist", "is_nonzero", "__bool__", "__float__",
    "__int__", "__index__", "dim", "size", "stride", "numel", "is_contiguous", "element_size", "nelement",
    "storage_offset", "untyped_storage", "data_ptr", "get_device", "is_floating_point", "is_complex", "__hash__",
    "_is_view", "manual_seed", "get_rng_state", "set_rng_state", "seed", "initial_seed", "_set_grad_enabled",
    "is_same_size", "_make_subclass", "has_names", "__dlpack__", "__contains__", "equal", "allclose", "share_memory_",
    "register_post_accumulate_grad_hook", "is_tensor", "result_type", "can_cast", "_is_zerotensor", "is_shared",
}  # fmt: skip
# Reads that neither warn nor write: nothing is to be noted of them, and nothing can name the line that made them.
_QUIET = {
    "requires_grad", "shape", "dtype", "device", "layout", "is_leaf", "ndim", "is_cuda", "is_cpu", "is_sparse", "numel",
    "is_meta", "is_quantized", "is_nested", "_version", "dim", "size", "stride", "is_contiguous", "element_size",
    "nelement", "storage_offset", "get_device", "is_floating_point", "is_complex", "_is_view",
}  # fmt: skip
_EXITS = {"item", "tolist", "numpy", "__array__", "__float__", "__int__", "__index__"}
MODAL = {"dropout": 2, "alpha_dropout": 2, "feature_alpha_dropout": 2, "dropout1d": 2, "dropout2d": 2, "dropout3d": 2,
         "batch_norm": 5}  # fmt: skip
"""By function of `torch.nn.functional`: which of its arguments is `training`."""
_IN_PLACE = {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__", "__imod__", "__ipow__",
             "__iand__", "__ior__", "__ixor__", "__ilshift__", "__irshift__"}  # fmt: skip


_OF_FUNCTIONAL, _OF_TORCH = (1, 2, 5), (3, 4, 5)
"""Where running mean and variance stand among the arguments of a norm, and whether these move."""
_NORMS: dict[Any, tuple[tuple[int, ...], str, bool]] = {
    functional.batch_norm: (_OF_FUNCTIONAL, "training", False),
    functional.instance_norm: (_OF_FUNCTIONAL, "use_input_stats", True),
    torch.batch_norm: (_OF_TORCH, "training", False),
    torch.instance_norm: (_OF_TORCH, "use_input_stats", False),
    torch.native_batch_norm: (_OF_TORCH, "training", False),
}
"""Functions that move the running statistics that they are given, which no version counts: when they do so."""

_PLAIN = (bool, int, float, complex, str, type(None), torch.dtype, torch.device, torch.memory_format, torch.layout)


_COMPILED = (BuiltinFunctionType, MethodDescriptorType, MethodWrapperType, WrapperDescriptorType)


class Call:
    """What is known of a torch function, once and for all."""

    __slots__ = (
        "has_mode",
        "is_in_place",
        "is_passed",
        "is_plain",
        "is_quiet",
        "leaves_graph",
        "moves",
        "name",
        "reads_grad",
        "sets_data",
        "sets_grad",
        "title",
    )

    def __init__(self, function: Callable[..., Any]) -> None:
        getter = _GETTERS.get(function)
        plain = getattr(function, "__name__", type(function).__name__)
        self.name = getter or (plain.strip("_") if plain.startswith("__") else plain)
        self.title = _title(function, self.name)
        """As people write it: `torch.mm`, `F.linear`, `Tensor.tanh`."""
        self.is_passed = plain in _PASSED or (plain in {"__get__", "__set__", "__delete__"} and getter is None)
        attribute = getattr(getattr(function, "__self__", None), "__name__", "")
        self.is_quiet = self.is_passed and (attribute if plain == "__get__" else plain) in _QUIET
        self.reads_grad = function == _GRAD_GETTER
        """Which warns where the tensor is no leaf."""
        self.leaves_graph = plain in _EXITS or function == _DATA_GETTER
        """Whether what it returns leads back to no graph."""
        self.has_mode = self.name in MODAL and is_of_functional(function)
        """Whether it does something else while a model trains."""
        self.sets_grad = function in {_GRAD_SETTER, _GRAD_DELETER}
        self.sets_data = function == _DATA_SETTER
        self.is_in_place = plain in _IN_PLACE or (plain.endswith("_") and not plain.endswith("__"))
        self.moves = _NORMS.get(function) if isinstance(function, FunctionType | BuiltinFunctionType) else None
        """How it is told to move the running statistics that it is given; None: it has none."""
        is_python = isinstance(function, FunctionType)  # `torch.ops` too may lead to code of the script's
        is_torchs = (
            (function.__module__ or "").split(".")[0] == "torch" if is_python else isinstance(function, _COMPILED)
        )
        is_writer = self.is_in_place or self.name in MAKERS or self.moves is not None
        self.is_plain = is_torchs and not is_writer
        """Whether no code of the script's runs in it, and it makes new tensors that it has written."""

    def moved(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
        """Return the running statistics that a call has moved."""
        if self.moves is None:
            return []
        places, name, default = self.moves
        mean, variance, is_moving = (
            args[place] if place < len(args) else kwargs.get(word, otherwise)
            for place, word, otherwise in zip(
                places, ("running_mean", "running_var", name), (None, None, default), strict=True
            )
        )
        return [each for each in (mean, variance) if is_moving and isinstance(each, torch.Tensor)]


def is_of_functional(function: Callable[..., Any]) -> bool:
    """Whether a function is one of `torch.nn.functional`'s own."""
    return getattr(function, "__module__", None) == "torch.nn.functional"


def _title(function: Callable[..., Any], name: str) -> str:
    module = getattr(function, "__module__", None) or ""
    if hasattr(function, "__objclass__") or module == "torch._tensor" or getattr(function, "__self__", None) in _SLOTS:
        return f"Tensor.{name}"
    if module in {"torch.nn.functional", "torch._C._nn"}:
        return f"F.{name}"
    if module == "torch.nn.init":
        return f"init.{name}"
    return f"torch.{name}"


_SLOTS = {getter.__self__ for getter in _GETTERS}


@cache
def name_of_op(name: str) -> str:
    """Return what the op behind a grad_fn's name is called: `log_softmax` for `LogSoftmaxBackward0`."""
    plain = re.sub(r"(Backward)?\d*$", "", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain).lower() or name


def flatten(values: Any) -> list[torch.Tensor]:
    """Return the tensors in arguments or results, also in lists, tuples and dicts, in order.

    A lazy module's parameter that has no shape yet is none.
    """
    found: list[torch.Tensor] = []
    _collect((values,), found)
    return found


def _collect(values: Iterable[Any], found: list[torch.Tensor]) -> None:
    for value in values:
        if isinstance(value, torch.Tensor):
            if type(value) is torch.Tensor or not is_lazy(value):
                found.append(value)
        elif isinstance(value, list | tuple):
            _collect(value, found)
        elif isinstance(value, dict):
            _collect(value.values(), found)


def label_view(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Write a view of data as the script does: `.t()`, `[0:32]`, `.reshape(-1, 1)`."""
    if call.name == "getitem":
        return f"[{_write_index(args[1])}]"
    if call.name in {"T", "mT", "H", "mH", "real", "imag"}:
        return f".{call.name}"
    words = [_write(value) for value in args[1:]] + [f"{name}={_write(value)}" for name, value in kwargs.items()]
    return f".{call.name}({', '.join(words)})"


def _write(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(_write, value))
    # Only what is written the same everywhere: an object's own __str__ would run code, and might name an address.
    return str(value).removeprefix("torch.") if isinstance(value, _PLAIN) else "…"


def _write_index(index: Any) -> str:
    if isinstance(index, tuple):
        return ", ".join(map(_write_index, index))
    if isinstance(index, slice):
        first, last = ("" if part is None else _write_number(part) for part in (index.start, index.stop))
        return f"{first}:{last}" + (f":{_write_number(index.step)}" if index.step is not None else "")
    return _write_number(index) if index is not Ellipsis else "..."


def _write_number(index: Any) -> str:
    """Write an index; one that was drawn with torch (`torch.randint`) is a number too."""
    if type(index) is torch.Tensor and not index.dim() and index.is_cpu and not is_opaque(index):
        return str(index.item())
    return _write(index)


_TEMPLATE = compile("def call(function, args, kwargs): return function(*args, **kwargs)", "<graphlab>", "exec")
_CODE: CodeType = next(part for part in _TEMPLATE.co_consts if isinstance(part, CodeType))


class Trampolines:
    """Calls a function so that it seems to be called from the script's own line.

    torch's warnings take file, line and registry from the Python frame that called it; with a frame of ours in
    between all of them would be blamed on one line of ours, and all but the first be suppressed. A frame that carries
    the caller's file, line and globals keeps them in place.
    """

    def __init__(self) -> None:
        self.codes: set[CodeType] = set()
        self.made: dict[tuple[int, int], tuple[CodeType, FunctionType]] = {}
        """By the address of a code object that is held here (hashing it takes longer), and the place in it."""

    def for_frame(self, frame: FrameType) -> FunctionType:
        """Return the function `(function, args, kwargs)` that calls from where a frame is now."""
        caller = frame.f_code
        key = id(caller), frame.f_lasti
        made = self.made.get(key)
        if made is None:
            code = _CODE.replace(co_filename=caller.co_filename, co_firstlineno=frame.f_lineno, co_name=caller.co_name)
            self.codes.add(code)
            made = self.made[key] = caller, FunctionType(code, frame.f_globals)
        return made[1]
