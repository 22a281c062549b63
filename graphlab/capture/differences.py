"""Measures gradients without autograd: runs a script again in 64 bits, with one number of a leaf moved a little.

The script runs as it was, up to the backward that is asked about; what it makes in fewer bits is widened on the way, so
that the numbers it starts from are those of the recorded run, and only what is reckoned from them is more exact.
"""

from __future__ import annotations

import contextlib
import io
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import torch
from torch.autograd import Function
from torch.overrides import TorchFunctionMode

from graphlab.capture.calls import Call, flatten
from graphlab.capture.engine import Engine
from graphlab.capture.identity import grad_fn_of, is_accumulate

_NARROW = frozenset({torch.float32, torch.float16, torch.bfloat16})
_RANDOM = frozenset(
    {"uniform_", "normal_", "exponential_", "cauchy_", "log_normal_", "geometric_", "random_", "trunc_normal_"}
)
"""Calls that fill a tensor with random numbers: of another width they would draw others."""
_STEP = 1e-6
_BEGINNING = "_bootstrap_inner"
"""Where a thread begins, also one whose class has a `run` of its own."""


@dataclass(frozen=True)
class Move:
    """A change of one leaf before the forward: which (in the order of first use), and each element by how much."""

    leaf: int
    difference: Any
    """A numpy array in the leaf's shape."""


@dataclass(frozen=True)
class Reached:
    """What the script had come to when it began the backward that was asked for."""

    loss: float
    leaves: tuple[int, ...]
    """The leaves of the graph in the order of a walk from its roots; each as its place in the order of first use."""
    values: tuple[Any, ...]
    """Of each of these: its numbers."""
    gradients: tuple[Any, ...]
    """Of each of these: autograd's own gradient in 64 bits; None where it has none, or a leaf was moved."""


class _Enough(BaseException):
    """Ends the script where it begins the backward that was asked for. Not an Exception: scripts catch those."""


class _Widening(TorchFunctionMode):
    """Widens what calls make, and moves a leaf when a call first reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.order: dict[int, torch.Tensor] = {}
        """By address: the leaves in the order in which calls first read them since the backward before."""
        self.move: Move | None = None
        self._calls: dict[Any, Call] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        call = self._calls.get(func)
        if call is None:
            call = self._calls[func] = Call(func)
        if call.is_passed:
            return func(*args, **kwargs)
        is_drawn = call.name in _RANDOM or getattr(func, "__module__", "") == "torch.nn.init"
        if not is_drawn:  # what fills a parameter does not read it
            self.meet_all((args, kwargs))
        first = args[0] if args else kwargs.get("tensor")
        if is_drawn and isinstance(first, torch.Tensor) and first.dtype is torch.float64:
            return self._draw(func, first, args, kwargs)
        return _widen(func(*args, **kwargs))

    def _draw(self, func: Callable[..., Any], target: torch.Tensor, args: Any, kwargs: dict[str, Any]) -> torch.Tensor:
        narrow = target.detach().float()
        with torch.no_grad():
            func(narrow, *args[1:], **{name: value for name, value in kwargs.items() if name != "tensor"})
            target.copy_(narrow)
        return target

    def meet_all(self, given: Any) -> None:
        """Take note of the leaves that a call reads."""
        if torch.is_grad_enabled():
            for tensor in flatten(given):
                if tensor.is_leaf and tensor.requires_grad and id(tensor) not in self.order:
                    self._meet(tensor)

    def _meet(self, tensor: torch.Tensor) -> None:
        place = len(self.order)
        self.order[id(tensor)] = tensor
        if self.move is not None and self.move.leaf == place:
            tensor.data.add_(torch.from_numpy(numpy.asarray(self.move.difference)).to(tensor.device))


def _widen(result: Any) -> Any:
    if isinstance(result, torch.Tensor):
        if result.dtype not in _NARROW or type(result) not in {torch.Tensor, torch.nn.Parameter}:
            return result
        if result.is_leaf:
            return result.detach().double().requires_grad_(result.requires_grad)
        return result.double()
    if type(result) in {tuple, list}:
        return type(result)(_widen(part) for part in result)
    return result


class Differences:
    """Runs a script again and again, each time as if it were the first.

    Args:
        run: runs the script once.
        backward: which of the run's backwards is asked about, from 1.
    """

    def __init__(self, run: Callable[[], None], backward: int) -> None:
        self._run = run
        self._backward = backward
        self.raised = ""
        """What the script raised when it last ran, else empty."""
        self._seeds = random.getstate(), numpy.random.get_state(), torch.get_rng_state()  # noqa: NPY002 - the script's

    def reach(self, move: Move | None = None) -> Reached | None:
        """Run the script up to the backward; None where it does not come there.

        Without a move, autograd's own gradients are taken too.
        """
        random.setstate(self._seeds[0])
        numpy.random.set_state(self._seeds[1])  # noqa: NPY002 - as above
        torch.set_rng_state(self._seeds[2])
        mode = _Widening()
        found: list[Reached] = []
        begun = 0

        def before(roots: Sequence[Any], args: Sequence[Any], kwargs: dict[str, Any]) -> None:
            nonlocal begun
            begun += 1
            if begun == self._backward:
                engine.stop()
                with torch._C.DisableTorchFunction():
                    found.append(_look(roots, args[0], mode, has_gradients=move is None))
                raise _Enough
            mode.order.clear()
            mode.move = move if begun == self._backward - 1 else None

        mode.move = move if self._backward == 1 else None
        engine = Engine(before)
        engine.start()
        try:
            with _seeing_functions(mode), _following_threads(mode), mode, _silence(), contextlib.suppress(_Enough):
                self._run()
        except Exception as error:  # noqa: BLE001 - whatever a script that runs in 64 bits does not like
            self.raised = f"{type(error).__name__}: {error}"
        finally:
            engine.stop()
        return found[0] if found else None


@contextlib.contextmanager
def _seeing_functions(mode: _Widening) -> Iterator[None]:
    """Have the mode meet what custom Functions read: `apply` is no torch function, so no mode is told of it."""
    original: Any = vars(Function)["apply"]

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():
            mode.meet_all((args, kwargs))
        return original.__get__(None, cls)(*args, **kwargs)

    setattr(Function, "apply", classmethod(apply))  # noqa: B010 - torch types it more narrowly
    try:
        yield
    finally:
        setattr(Function, "apply", original)  # noqa: B010 - as above


@contextlib.contextmanager
def _following_threads(mode: _Widening) -> Iterator[None]:
    """Have the mode widen in the threads that the script starts too: modes are a thread's own."""
    original: Any = getattr(threading.Thread, _BEGINNING)
    told = threading.excepthook

    def begin(thread: threading.Thread) -> None:
        with mode:
            original(thread)

    def tell(args: Any) -> None:
        # What ends the script where its backward begins is no error of the thread that begins it.
        if not issubclass(args.exc_type, _Enough):
            told(args)

    setattr(threading.Thread, _BEGINNING, begin)
    threading.excepthook = tell
    try:
        yield
    finally:
        setattr(threading.Thread, _BEGINNING, original)
        threading.excepthook = told


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep what the script prints to itself: it was seen in the first run."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _look(roots: Sequence[Any], seeds: Any, mode: _Widening, *, has_gradients: bool) -> Reached:
    tensors = [root for root in roots if isinstance(root, torch.Tensor)]
    weights = [
        torch.ones_like(root) if seed is None else seed.to(root.dtype)
        for root, seed in zip(tensors, seeds or [None] * len(tensors), strict=False)
    ]
    loss = sum(float((root.detach() * weight).sum()) for root, weight in zip(tensors, weights, strict=True))
    leaves = _leaves([fn for root in tensors if (fn := grad_fn_of(root)) is not None])
    places = {address: place for place, address in enumerate(mode.order)}
    known = [leaf for leaf in leaves if id(leaf) in places]
    gradients: dict[int, Any] = {}
    if has_gradients and known:
        given: tuple[torch.Tensor | None, ...] = torch.autograd.grad(tensors, known, weights, allow_unused=True)
        for leaf, each in zip(known, given, strict=True):
            gradients[id(leaf)] = None if each is None else each.detach().cpu().numpy()
    return Reached(
        loss, tuple(places.get(id(leaf), -1) for leaf in leaves),
        tuple(leaf.detach().cpu().numpy().copy() for leaf in leaves),
        tuple(gradients.get(id(leaf)) for leaf in leaves),
    )  # fmt: skip


def _leaves(roots: Sequence[Any]) -> list[torch.Tensor]:
    """Return the leaves below some nodes, in the order of a walk that takes the inputs from the first to the last."""
    found: list[torch.Tensor] = []
    seen: set[Any] = set()
    stack = list(reversed(roots))
    while stack:
        fn = stack.pop()
        if fn in seen:
            continue
        seen.add(fn)
        if is_accumulate(fn):
            found.append(fn.variable)
        stack += [below for below, _ in reversed(fn.next_functions) if below is not None]
    return found


def step_of(value: float) -> float:
    """Return how far to move a number for a central difference."""
    return _STEP * max(1.0, abs(value))
