"""What a tracer made of a script's code: a static graph, as plain rows.

Beside `graphlab.model`: the nouns of the graph that autograd builds are there, those of the graphs that others write
down beforehand are here. Both are plain values, so that explorer and exporters need no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from graphlab.model import NodeKind

Tracer = Literal["fx", "export", "compile", "step", "jit", "make_fx"]
Role = Literal["forward", "backward", "update"]

TRACERS: Mapping[Tracer, str] = {
    "fx": "torch.fx.symbolic_trace",
    "export": "torch.export",
    "compile": "torch.compile",
    "step": "make_fx of a training step",
    "jit": "torch.jit.trace",
    "make_fx": "make_fx",
}
"""Each tracer with its own name."""

ASKED: tuple[Tracer, ...] = ("fx", "export", "compile", "step", "jit")
"""Those that can be asked for; the graphs of any other are there where a script made them itself."""


@dataclass(frozen=True, slots=True)
class StaticNode:
    """A node of a static graph."""

    id: int
    """From 1, in the order of the graph's own list."""
    kind: NodeKind
    role: Role
    """Of a whole step: whether it computes the loss, the gradients, or the update."""
    op: str | None
    """What it calls, as the tracer names it (`aten.addmm.default`)."""
    call: str | None
    """The same in one word (`addmm`)."""
    name: str | None
    """A parameter's dotted name, an input's name, what an update changes; of any other op nothing."""
    module: str | None
    file: str | None
    line: int | None
    """The line of the script that it comes from; of a gradient that of the forward op."""
    autograd: str | None
    """Whose backward it is a part of: a node of autograd (`AddmmBackward0`), or the call of the forward."""
    shape: tuple[int, ...] | None
    dtype: str | None
    inputs: tuple[int, ...]
    """The nodes it reads, in the order of its arguments."""
    is_implied: bool = False
    """Whether it is no node of the tracer's own list: the parameters of a module that is one node there."""


@dataclass(frozen=True, slots=True)
class StaticNote:
    """Something that the graph does not hold, in words, with the line that it is about."""

    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class StaticGraph:
    """What one tracer made of a model, a function, or a training step."""

    tracer: Tracer
    target: str
    """What was traced: the variable that holds the model, the function's name, or `lines 80 to 101`."""
    nodes: tuple[StaticNode, ...]
    notes: tuple[StaticNote, ...]
    failure: StaticNote | None
    """Why there is no graph."""

    @property
    def title(self) -> str:
        """The picture's heading."""
        return f"{TRACERS[self.tracer]}: {self.target}"


def encode(graph: StaticGraph) -> dict[str, Any]:
    """Return the graph as JSON's plain values."""
    return asdict(graph)


def decode(data: Mapping[str, Any]) -> StaticGraph:
    """Return what `encode` was given."""
    return StaticGraph(
        tracer=data["tracer"],
        target=str(data["target"]),
        nodes=tuple(_decode_node(node) for node in data["nodes"]),
        notes=tuple(StaticNote(**note) for note in data["notes"]),
        failure=StaticNote(**data["failure"]) if data["failure"] is not None else None,
    )


def _decode_node(data: Mapping[str, Any]) -> StaticNode:
    shape: Sequence[int] | None = data["shape"]
    return StaticNode(**{**data, "inputs": tuple(data["inputs"]), "shape": tuple(shape) if shape is not None else None})
