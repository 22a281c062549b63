"""The nouns of graphlab as frozen dataclasses of plain values.

Everything that a recording holds can be said with these: no tensors, no callables, nothing of torch. They are what
the store reads and writes, what a `Recording` hands out, and what graphs carry on their nodes and edges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy

EventKind = Literal[
    "line",
    "op",
    "backward_start",
    "gradient",
    "accumulate",
    "backward_end",
    "zero_grad",
    "unscale",
    "clip",
    "update",
    "skipped_update",
    "static_graph",
    "metric",
    "output",
    "error",
]
NodeKind = Literal["op", "parameter", "leaf", "data", "output"]
Phase = Literal["setup", "forward", "backward", "update"]
Status = Literal["running", "ok", "error", "interrupted", "cut_off"]

LEAF_KINDS: frozenset[str] = frozenset({"parameter", "leaf"})
"""Kinds of node that have a `.grad`: in autograd each is an AccumulateGrad node."""


@dataclass(frozen=True)
class Snapshot:
    """What is kept of a tensor (or of a gradient) at one event."""

    shape: tuple[int, ...]
    dtype: str
    """The name torch gives it, without `torch.`: `float32`, `bfloat16`, `int64`."""
    device: str
    stored: str
    """The numpy dtype of `data` (`<f4`); a dtype that numpy lacks is stored as `<f4`."""
    stride: int = 1
    """1: `data` holds every element, row by row. n: every n-th element of the flattened tensor, a sample."""
    data: bytes | None = None
    """The elements, or None where values were not kept."""
    norm: float | None = None
    """The exact 2-norm, where `data` does not hold every element."""
    minimum: float | None = None
    maximum: float | None = None

    @cached_property
    def size(self) -> int:
        """Number of elements of the tensor."""
        return math.prod(self.shape)

    @property
    def is_complete(self) -> bool:
        """Whether every element was kept."""
        return self.data is not None and self.stride == 1

    @cached_property
    def array(self) -> numpy.ndarray[Any, Any] | None:
        """The elements in the tensor's shape, or the sample as one row, or None where nothing was kept."""
        import numpy

        if self.data is None:
            return None
        flat = numpy.frombuffer(self.data, dtype=self.stored)
        return flat.reshape(self.shape) if self.is_complete else flat

    @property
    def magnitude(self) -> float | None:
        """Its 2-norm, as in `statistics`, without the work for the other figures."""
        return self.norm if self.data is None or self.stride != 1 else self._exact_norm

    @cached_property
    def _exact_norm(self) -> float:
        import numpy

        assert self.array is not None
        with numpy.errstate(all="ignore"):
            return float(numpy.linalg.norm(_widened(self.array)))

    @cached_property
    def statistics(self) -> Statistics:
        """Norm, extremes, mean and counts: exact where every element was kept, else of the sample."""
        return _statistics(self)

    def summary(self) -> dict[str, Any]:
        """The object that `--json` and `.json` files show for a tensor."""
        statistics = self.statistics
        array = self.array
        return {
            "shape": list(self.shape),
            "norm": statistics.norm,
            "min": statistics.minimum,
            "max": statistics.maximum,
            "mean": statistics.mean,
            "values": array.tolist() if array is not None and self.is_complete else None,
        }


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers that describe a tensor; None where it has no elements or its values were not kept."""

    norm: float | None
    minimum: float | None
    maximum: float | None
    mean: float | None
    zeros: int | None
    nans: int | None
    infinities: int | None
    is_sampled: bool
    """Whether mean and counts come from a sample (norm and extremes never do)."""


def _statistics(snapshot: Snapshot) -> Statistics:
    import numpy

    array = snapshot.array
    if array is None or array.size == 0:
        empty_norm = 0.0 if array is not None else snapshot.norm
        return Statistics(empty_norm, snapshot.minimum, snapshot.maximum, None, None, None, None, False)
    with numpy.errstate(all="ignore"):
        wide = _widened(array)
        real = numpy.abs(wide) if wide.dtype.kind == "c" else wide
        nans = int(numpy.isnan(wide).sum())
        exact = snapshot.is_complete
        return Statistics(
            norm=float(numpy.linalg.norm(wide)) if exact else snapshot.norm,
            minimum=float(real.min()) if exact else snapshot.minimum,
            maximum=float(real.max()) if exact else snapshot.maximum,
            mean=float(real.mean()),
            zeros=int((wide == 0).sum()),
            nans=nans,
            infinities=int(numpy.isinf(wide).sum()),
            is_sampled=not exact,
        )


def _widened(array: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """Return the elements as one row, in float64, so that figures do not depend on how a sum was blocked."""
    return array.astype("c16" if array.dtype.kind == "c" else "f8").ravel()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. Events are numbered from 1; moment 0 is before the first."""

    id: int
    kind: EventKind
    step: int
    phase: Phase
    file: int | None
    """The number of the script's own file, or None where the event has no place in the source."""
    line: int | None
    frame: int | None
    """The number of the call of a function of the script (1: the script itself) that was running."""
    node: int | None
    """The node that an `op` made, whose `gradient` came, or whose `.grad` accumulated."""
    text: str
    """`op`: what was called (`mm`); `output`: what was printed; `error`: the exception's one line; else short."""
    time: float
    """Seconds since the run began."""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the graph: a grad_fn, a leaf, a data tensor, or an output."""

    id: int
    kind: NodeKind
    event: int
    """The event that made it; 0: it was there before the first event."""
    op: str | None
    """`grad_fn.name()` word for word for an `op` node (`AddmmBackward0`)."""
    call: str | None
    """The torch call that made it (`F.linear`)."""
    name: str | None
    """A parameter's dotted name (`fc1.weight`), or None: variables' names depend on the moment."""
    module: str | None
    """The path of the module whose forward made it (`encoder.3`)."""
    file: int | None
    line: int | None
    shape: tuple[int, ...] | None
    dtype: str | None
    device: str | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A tensor flowing from the node that made it to one that uses it, in the direction of the forward."""

    source: int
    target: int
    slot: int
    """Which of the target's inputs: the index in `grad_fn.next_functions`; data beyond those counts on."""
    output: int
    """Which of the source's outputs (0 but for ops with several)."""
    event: int
    label: str
    """Views of data that stand on the way and are no node (`.t()`)."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One state of one tensor: an in-place change makes another state of the same `object`."""

    id: int
    object: int
    """The id of the first state of the same tensor."""
    event: int
    node: int | None
    output: int
    label: str
    shape: tuple[int, ...]
    dtype: str
    device: str
    requires_grad: bool
    snapshot: int | None


@dataclass(frozen=True, slots=True)
class Variable:
    """What a variable of the script holds at a moment."""

    name: str
    frame: int
    function: str
    """The function the variable is local to, empty for the script itself."""
    event: int
    """The `line` event that bound it."""
    text: str
    """A number as Python writes it, or the type of anything else (`Linear`); for a tensor empty."""
    tensor: Tensor | None
    is_changed: bool
    """Whether the event of this very moment bound or changed it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One tensor that an event changed: a leaf's `.grad` (accumulate, zero_grad, unscale, clip) or a value (update)."""

    event: int
    node: int
    what: Literal["grad", "value"]
    before: Snapshot | None
    """None for a `.grad` that was None."""
    added: Snapshot | None
    """`accumulate`: the gradient that came."""
    after: Snapshot | None
    difference: float | None
    """The 2-norm of after − before."""


@dataclass(frozen=True, slots=True)
class LeafGradient:
    """A leaf's `.grad` when a step's last backward had ended; `gradient` is None where it got none."""

    node: int
    name: str
    shape: tuple[int, ...]
    gradient: Snapshot | None


@dataclass(frozen=True, slots=True)
class ParameterState:
    """A parameter at the end of a step, and how far the step moved it."""

    node: int
    name: str
    shape: tuple[int, ...]
    value: Snapshot | None
    update_norm: float | None
    """The 2-norm of the change over the step: 0 where nothing changed it, None where it was not recorded."""


@dataclass(frozen=True, slots=True)
class Step:
    """One training step, from its first event to its last."""

    step: int
    first: int
    last: int
    losses: tuple[float, ...]
    """The scalars at which the step's backwards began, in their order."""
    nodes: int
    edges: int
    again: frozenset[int] = frozenset()
    """The indices in `losses` of backwards that an optimizer ran once more (LBFGS calls its closure several times)."""
    detail: Literal["full", "light"] = "full"

    @property
    def loss(self) -> float | None:
        """The sum of `losses` (of an optimizer's closure the first), or None where no backward began at a scalar."""
        return sum(loss for index, loss in enumerate(self.losses) if index not in self.again) if self.losses else None

    def _repr_html_(self) -> str:
        """Show a step in a notebook."""
        loss = "none" if self.loss is None else f"{self.loss:.6g}"
        rows = (("loss", loss), ("nodes", f"{self.nodes:,}"), ("edges", f"{self.edges:,}"),
                ("events", f"e{self.first}–e{self.last}"), ("detail", self.detail))  # fmt: skip
        cells = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
        return f"<table><caption>step {self.step}</caption>{cells}</table>"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of events that share a step and a phase."""

    first: int
    last: int
    step: int
    phase: Phase


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the script's own, as it was when it ran."""

    id: int
    path: str
    """Relative to the script's folder, with `/`."""
    text: str


@dataclass(frozen=True, slots=True)
class RunError:
    """The exception that ended a run."""

    type: str
    message: str
    file: str | None
    line: int | None
    traceback: str


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run as a whole."""

    scenario: str
    script: str
    """The script's path relative to where it was found, `rnn_cell.py`."""
    argv: tuple[str, ...]
    device: str
    torch: str
    seed: int | None
    detail: Literal["full", "light"]
    status: Status
    error: RunError | None
    parameters: Mapping[str, Any]
    """The script's CAPITAL parameters as this run had them."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """The class of the module at each path (`encoder.3`: `EncoderLayer`)."""

    @property
    def is_unfinished(self) -> bool:
        """Whether the run goes on or was cut off: its last step may not have ended."""
        return self.status in {"running", "cut_off"}
