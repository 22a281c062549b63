"""Notes what the script's variables hold when a line has ended: tensors, numbers, models and containers of tensors."""

from __future__ import annotations

import itertools
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import torch
from torch.nn.parameter import UninitializedParameter, is_lazy

from graphlab.capture.holding import models_in, parts, tensors_in, unregistered
from graphlab.capture.identity import TensorRef, grad_fn_of, needs_grad
from graphlab.capture.lines import TracedFrame
from graphlab.capture.registry import Registry

_TEXT = 60
_DAY = 86_400.0
_YEAR_2001 = 1e9
_MISSING = object()
_NUMBERS = frozenset({int, float, bool})


@dataclass(slots=True)
class _Root:
    """A model that no other holds."""

    reference: weakref.ref[torch.nn.Module]
    name: str
    is_element: bool
    """Whether it is one of several in a list: its parameters go by its name too, for others have the same."""


class Variables:
    """Knows the names in the script, and gives parameters their dotted names."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.sink = registry.sink
        self.figures: dict[int, dict[str, float | TensorRef]] = defaultdict(dict)
        """By frame, then name: the Python floats and 0-d CPU tensors that variables hold, for metrics."""
        self._classes: dict[str, str] = {}
        """Of which class the module at each path is."""
        self.module_paths: weakref.WeakKeyDictionary[torch.nn.Module, str] = weakref.WeakKeyDictionary()
        self._names: dict[int, dict[str, TensorRef]] = defaultdict(dict)
        self.has_lazy = False
        """Whether parameters of a model had no shape yet when it was named."""
        self._roots: list[_Root] = []
        self._is_numbered = False
        """Whether models have come up that go by one name with a number: a list may have a better one."""

    def read(self, frame: FrameType, names: Sequence[str]) -> list[tuple[str, Any]]:
        """Return what some names of a frame hold now."""
        if not names or torch._C._is_tracing():
            return []
        local = frame.f_locals
        return [(name, local[name] if name in local else _look_up(name, local, frame)) for name in names]

    def look_up(self, frame: FrameType, names: Sequence[str]) -> list[tuple[str, Any]]:
        """Return what some names of a frame hold, and note the ops among it that no call was seen to make."""
        held = self.read(frame, names)
        for _, value in held:
            kind = type(value)
            if kind is int or kind is float or kind is str:
                continue
            tensors = [value] if isinstance(value, torch.Tensor) else [part for _, part in _parts(value)]
            for tensor in tensors:
                if (
                    not _is_wrapped(tensor)
                    and not self.registry.is_known(tensor)
                    and not self.registry.is_stale(tensor)
                    and (fn := grad_fn_of(tensor)) is not None
                ):
                    self.registry.discover(fn, self.sink.event_count)
        return held

    def bind(
        self, event: int, number: int, frame: FrameType, held: Sequence[tuple[str, Any]], *, is_call: bool = False
    ) -> None:
        """Note what names of a frame hold as of an event; of a call these are its arguments."""
        code = frame.f_code
        for name, value in held:
            if value is not _MISSING:
                root = name.partition(".")[0] if "." in name else name
                # What a function declares global is the script's own variable.
                is_global = root in code.co_names and root not in frame.f_locals
                is_receiver = is_call and _is_receiver(code, name, value)
                self._bind(event, 1 if is_global else number, name, value, is_receiver=is_receiver)
            elif "." not in name:
                self.figures[number].pop(name, None)
                self.sink.add_binding(event, number, name, "gone", None, "", is_element=False)

    def bind_leaves(self, event: int, traced: TracedFrame | None) -> None:
        """Note which leaves the statements have bound that have not ended yet: a backward of theirs is to begin."""
        is_numbered, self._is_numbered = self._is_numbered, False
        while traced is not None:
            if is_numbered and traced.frame is not None:
                self._name_by_place(traced.frame)
            names = traced.current.names if traced.current is not None else ()
            for name, value in self.read(traced.frame, names) if traced.frame is not None else ():
                leaf = self.registry.leaves.get(value) if isinstance(value, torch.Tensor) else None
                state = self.registry.states.get(value) if leaf is not None and leaf.name is None else None
                if state is not None and not state.is_bound:
                    self._bind_tensor(event, traced.number, name, value, is_element=False)
            traced = traced.parent

    def bind_held(self, number: int, frame: FrameType) -> None:
        """Note the tensors, models and optimizers that a frame holds already; of its globals the models."""
        local = frame.f_locals
        for name, value in list(local.items()):
            if isinstance(value, torch.Tensor | torch.nn.Module | torch.optim.Optimizer):
                self._bind(0, number, name, value, is_receiver=_is_receiver(frame.f_code, name, value))
        for name, value in list(frame.f_globals.items()):
            if local is not frame.f_globals and isinstance(value, torch.nn.Module):
                self.name_modules(value, name)

    def _bind(self, event: int, frame: int, name: str, value: Any, *, is_receiver: bool) -> None:
        if type(value) in _NUMBERS:  # the count of a loop: by far the most
            text = self._read_number(frame, name, value)
            self.sink.add_binding(event, frame, name, "number", None, text, is_element=False)
            return
        if isinstance(value, torch.Tensor) and not _is_wrapped(value):
            self._bind_tensor(event, frame, name, value, is_element=False)
            return
        self.figures[frame].pop(name, None)
        kind, text = "other", type(value).__name__
        if isinstance(value, bool | int | float):
            kind, text = "number", self._read_number(frame, name, value)
        elif isinstance(value, str):
            text = repr(value)[:_TEXT] if self.registry.has_values else text
        elif isinstance(value, torch.nn.Module):
            if not is_receiver and not self._is_named(value):
                self.name_modules(value, name.rpartition(".")[2])
        elif isinstance(value, torch.optim.Optimizer):
            self.hold_parameters(value, event)
        elif callable(value) and not hasattr(value, "__dict__"):
            return
        self.sink.add_binding(event, frame, name, kind, None, text, is_element=False)
        if not isinstance(value, torch.nn.Module | torch.optim.Optimizer | str | int | float):
            self._name_models_in(name, value)
        for label, part in _parts(value):
            if _is_wrapped(part):
                continue
            self._bind_tensor(event, frame, f"{name}{label}", part, is_element=True)

    def _read_number(self, frame: int, name: str, value: Any) -> str:
        """Return how a number is written; one with a fraction may be a figure of the training."""
        if isinstance(value, float):
            self.figures[frame][name] = float(value)
        else:
            self.figures[frame].pop(name, None)
        return repr(value)[:_TEXT] if self.registry.has_values else type(value).__name__

    def _bind_tensor(self, event: int, frame: int, name: str, value: torch.Tensor, *, is_element: bool) -> None:
        state = self.registry.state(value, event) if is_element else self.registry.bind(value, event)
        self.sink.add_binding(event, frame, name, "tensor", state.origin, "", is_element=is_element)
        if state.requires_grad and value.is_leaf:
            self._names[frame][name] = TensorRef(value)
        if not is_element:
            if _is_figure(value):
                self.figures[frame][name] = TensorRef(value)
            else:
                self.figures[frame].pop(name, None)

    def name_modules(self, root: torch.nn.Module, variable: str, *, is_element: bool = False) -> None:
        """Give a model's parameters, buffers and modules their dotted names, prefixed where two models share one.

        Args:
            variable: what holds it.
            is_element: whether that is a place in a list.
        """
        if "_modules" not in vars(root):
            return  # not built yet: Module.__init__ has not run
        own = self._root_of(root)
        if own is None and root in self.module_paths:
            return  # it is a part of a model
        if own is None:
            self._roots.append(_Root(weakref.ref(root), self._free_name(variable), is_element))
        for known, model in self._living():
            self._name_unregistered(known, model)
        living = self._living()
        # A model that holds an earlier one (a container, a wrapper) names it anew.
        inner = {id(module) for _, outer in living for module in outer.modules() if module is not outer}
        living = [(known, model) for known, model in living if id(model) not in inner]
        had_unnamed = self.registry.has_unnamed
        owners = [name for known, model in living if not known.is_element for name, _ in model.named_parameters()]
        is_shared = len(set(owners)) < len(owners)
        for known, model in living:
            self._name_parts(model, f"{known.name}." if is_shared or known.is_element else "")
        self.sink.set_modules(self._classes)
        self.registry.has_unnamed = had_unnamed  # what was new in here has a name now

    def _name_parts(self, model: torch.nn.Module, prefix: str) -> None:
        for path, part in model.named_modules():
            self.module_paths[part] = f"{prefix}{path}" if path else prefix.removesuffix(".")
            self._classes[self.module_paths[part]] = type(part).__name__
        for path, parameter in model.named_parameters():
            if isinstance(parameter, UninitializedParameter):
                self.has_lazy = True
                continue
            leaf = self.registry.leaf(parameter, self.sink.event_count)
            self.registry.state(parameter, self.sink.event_count)
            self.registry.name_leaf(leaf, "parameter", f"{prefix}{path}")
        for path, buffer in model.named_buffers():
            if not is_lazy(buffer) and not _is_wrapped(buffer):
                self.registry.name_data(buffer, f"{prefix}{path}")

    def _name_unregistered(self, holder: _Root, model: torch.nn.Module) -> None:
        """Layers in a plain list of a model's go by their place there, not by the loop's variable."""
        for place, layer in unregistered(model):
            own = self._root_of(layer)
            name = f"{holder.name}.{place}"
            if own is None and layer not in self.module_paths and "_modules" in vars(layer):
                self._roots.append(_Root(weakref.ref(layer), self._free_name(name), is_element=True))
                self._name_unregistered(self._roots[-1], layer)
            elif own is not None and not own.is_element:
                own.name, own.is_element = self._free_name(name), True

    def _name_by_place(self, frame: FrameType) -> None:
        """Let models that a loop has made, one after the other by one name, go by their places in a list, if any."""
        names = [root.name.partition("#")[0] for root, _ in self._living() if "#" in root.name]
        for name, value in list(frame.f_locals.items()):
            for label, model, is_element in models_in(name, value):
                root = self._root_of(model)
                if is_element and root is not None and root.name.partition("#")[0] in names:
                    root.name, root.is_element = self._free_name(label), True
                    self.name_modules(model, label)

    def _living(self) -> list[tuple[_Root, torch.nn.Module]]:
        return [(root, model) for root in self._roots if (model := root.reference()) is not None]

    def _root_of(self, model: torch.nn.Module) -> _Root | None:
        return next((root for root in self._roots if root.reference() is model), None)

    def _free_name(self, variable: str) -> str:
        """Return what a model is called: with a number where another has its name, as in a loop over a plain list."""
        taken = {root.name for root, _ in self._living()}
        names = itertools.chain([variable], (f"{variable}#{number}" for number in itertools.count(2)))
        self._is_numbered |= variable in taken
        return next(name for name in names if name not in taken)

    def _is_named(self, root: torch.nn.Module) -> bool:
        """Whether a model and all its parts have names: asked each time that a loop binds a layer."""
        return self._root_of(root) is not None and all(part in self.module_paths for part in root.modules())

    def look_around(self, frame: FrameType | None, is_own: Callable[[CodeType], object]) -> None:
        """Name leaves by what the script's running functions hold, where lines are not followed.

        An element of a container names only what no variable does; what is global what no function holds.
        """
        near: list[tuple[str, Any]] = []
        far: dict[int, dict[str, Any]] = {}
        while frame is not None:
            if is_own(frame.f_code):
                local = frame.f_locals
                near += [(name, value) for name, value in local.items() if not _is_receiver(frame.f_code, name, value)]
                near += [("self", value) for name, value in local.items() if _is_receiver(frame.f_code, name, value)]
                if frame.f_globals is not local:
                    far[id(frame.f_globals)] = frame.f_globals
            frame = frame.f_back
        held = [*near, *[item for names in far.values() for item in list(names.items())]]
        for name, value in held:
            if isinstance(value, torch.nn.Module):
                if name != "self" and not self._is_named(value):
                    self.name_modules(value, name)
            elif isinstance(value, torch.optim.Optimizer):
                self.registry.remarks.meet(value)
            elif isinstance(value, torch.Tensor):
                self._name_found(value, name)
            else:
                self._name_models_in(name, value)
        if any(leaf.name is None for leaf in self.registry.leaves.values()):
            for name, value in sorted(held, key=lambda item: item[0] == "self"):
                for label, tensor in tensors_in(name, value):
                    self._name_found(tensor, label)

    def _name_models_in(self, name: str, value: Any) -> None:
        for label, model, is_element in models_in(name, value):
            if not self._is_named(model):
                self.name_modules(model, label, is_element=is_element)

    def _name_found(self, value: torch.Tensor, name: str) -> None:
        leaf = self.registry.leaves.get(value)
        if leaf is not None and leaf.name is None:
            self.registry.name_leaf(leaf, leaf.kind, name)

    def look_at_figures(self, frames: Sequence[FrameType]) -> dict[str, float]:
        """Return the numbers that the script itself and its innermost function hold, where lines are not followed."""
        found: dict[str, float] = {}
        for frame in {id(frame): frame for frame in (*frames[:1], *frames[-1:])}.values():
            for name, value in list(frame.f_locals.items()):
                if name.isupper() or name.startswith("_"):
                    continue
                if type(value) is float:
                    if not _is_moment(value):
                        found[name] = value
                elif isinstance(value, torch.Tensor) and _is_figure(value):
                    found[name] = float(value.detach().item())
        return found

    def name_lazy(self) -> None:
        """Name what models have got since they were named: a lazy one, or one with a part replaced."""
        if self.has_lazy or self.registry.has_unnamed:
            self.has_lazy = self.registry.has_unnamed = False
            for root, model in self._living():
                self.name_modules(model, root.name)

    def hold_parameters(self, optimizer: torch.optim.Optimizer, event: int) -> None:
        """What an optimizer holds is a parameter."""
        self.registry.remarks.meet(optimizer)
        for group in optimizer.param_groups:
            for tensor in group["params"]:
                if not isinstance(tensor, UninitializedParameter) and tensor.is_leaf and needs_grad(tensor):
                    self.registry.state(tensor, event)
                    leaf = self.registry.leaf(tensor, event)
                    self.registry.name_leaf(leaf, "parameter", leaf.name)

    def read_figures(self, frames: Sequence[int]) -> dict[str, float]:
        """Return the numbers that variables of some frames hold now, but for CAPITAL names, which are parameters."""
        values = {}
        for name, held in [item for frame in frames for item in self.figures[frame].items()]:
            if name.isupper():
                continue
            if isinstance(held, float):
                if not _is_moment(held):
                    values[name] = held
            elif (tensor := held()) is not None:
                values[name] = float(tensor.detach().item())
        return values

    def leaf_names(self) -> dict[int, str]:
        """Return what the leaves that variables hold are called, by node."""
        names: dict[int, str] = {}
        for name, reference in [item for held in self._names.values() for item in held.items()]:
            tensor = reference()
            leaf = self.registry.leaves.get(tensor) if tensor is not None else None
            if leaf is not None:
                names.setdefault(leaf.node, name)
        return names

    def forget_frame(self, frame: int) -> None:
        """Let go of what is known of a function's variables: it has returned."""
        self.figures.pop(frame, None)
        self._names.pop(frame, None)


def _is_moment(value: float) -> bool:
    """Whether a number is a time of the last day (`t0 = time.time()`), which is no figure of a training's.

    Readings of other clocks (`time.perf_counter()`) begin anywhere, and cannot be told from figures.
    """
    return value > _YEAR_2001 and 0 <= time.time() - value < _DAY


def _is_figure(tensor: torch.Tensor) -> bool:
    return not tensor.dim() and tensor.device.type == "cpu" and tensor.is_floating_point()


def _is_receiver(code: CodeType, name: str, value: Any) -> bool:
    """Whether a name is what a method calls the object that it is called on, which is no name of a model.

    Most call it `self`; whoever calls it `s` or `this` is told by the class that the code belongs to.
    """
    if name == "self":
        return True
    if not code.co_argcount or name != code.co_varnames[0]:
        return False
    owner = code.co_qualname.rpartition(".")[0].rpartition(".")[2]
    return any(owner == base.__name__ for base in type(value).__mro__)


def _is_wrapped(tensor: torch.Tensor) -> bool:
    """Whether a tensor is `torch.func`'s own, and none of the script's graph."""
    active = torch._C._are_functorch_transforms_active()
    return active and torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def _look_up(name: str, local: Mapping[str, Any], frame: FrameType) -> Any:
    root, _, attribute = name.partition(".")
    value = local.get(root, _MISSING)
    if value is _MISSING and root in frame.f_code.co_names:
        value = frame.f_globals.get(root, _MISSING)
    if not attribute or value is _MISSING:
        return value
    # Only what was put there: a property or a __getattr__ would be code of the user's.
    found = getattr(value, "__dict__", {}).get(attribute, _MISSING)
    return found if isinstance(found, torch.Tensor | torch.nn.Module) else _MISSING


def _parts(value: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Name the tensors in a list, tuple or dict, or in the attributes of a plain object of the script's."""
    kind = type(value)
    if kind in {list, tuple, dict} or kind.__module__ == "__main__":
        for label, part in parts(value):
            if isinstance(part, torch.Tensor):
                yield label, part
