"""Gradients of several tensors as one: what flowed back along many edges, and what many parameters got.

Apart from folding, because it is arithmetic: edges that carry one tensor add up element by element, different tensors
are one long vector whose norm is the root of the sum of squares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from graphlab.model import Snapshot

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.boxes import EdgeKey


def join_gradients(gradients: Iterable[Snapshot | None]) -> Snapshot | None:
    """Return different tensors' gradients as one, of which only the norm is known; None where there is none."""
    known = [(gradient, norm) for gradient in gradients if gradient and (norm := gradient.magnitude) is not None]
    if len(known) < 2:
        return known[0][0] if known else None
    norms = [norm for _, norm in known]
    # hypot says infinity where one is infinite and another NaN; NaN is the worse.
    norm = math.nan if any(map(math.isnan, norms)) else math.hypot(*norms)
    first = known[0][0]
    return Snapshot((sum(gradient.size for gradient, _ in known),), first.dtype, first.device, first.stored, norm=norm)


def flow_back(graph: networkx.MultiDiGraph, edges: Iterable[EdgeKey]) -> Snapshot | None:
    """Return the gradient that flowed back along some edges, all of them together."""
    tensors: dict[tuple[int, int], list[EdgeKey]] = {}
    for edge in edges:
        tensors.setdefault((edge[0], graph.edges[edge].get("output") or 0), []).append(edge)
    return join_gradients(_flow_of_tensor(graph, *tensor, keys) for tensor, keys in tensors.items())


def find_invalid(gradients: Iterable[Snapshot | None]) -> str | None:
    """Return `NaN` or `∞` if that is in a gradient, NaN first; else None."""
    norms = [gradient.magnitude for gradient in gradients if gradient is not None]
    found = [norm for norm in norms if norm is not None and not math.isfinite(norm)]
    return None if not found else "NaN" if any(map(math.isnan, found)) else "∞"


def _flow_of_tensor(
    graph: networkx.MultiDiGraph, source: int, output: int, edges: Sequence[EdgeKey]
) -> Snapshot | None:
    known = [gradient for edge in edges if (gradient := graph.edges[edge].get("gradient")) is not None]
    if len(known) < 2:
        return known[0] if known else None
    data = graph.nodes[source]
    if data.get("kind") == "op" and not output and data.get("gradient") is not None:
        every = [number for *_, number in graph.out_edges(source, data="output") if not number]
        if len(every) == len(edges):
            whole: Snapshot = data["gradient"]
            return whole
    return _add(known)


def _add(gradients: Sequence[Snapshot]) -> Snapshot | None:
    """Return the sum of one tensor's gradients; None where too little of them was kept to know it."""
    import numpy

    first = gradients[0]
    arrays = [gradient.array for gradient in gradients if gradient.is_complete and gradient.shape == first.shape]
    if len(arrays) == len(gradients):
        with numpy.errstate(all="ignore"):
            total = numpy.sum([array for array in arrays if array is not None], axis=0)
        return Snapshot(first.shape, first.dtype, first.device, total.dtype.str, data=total.tobytes())
    return next((gradient for gradient in gradients if find_invalid([gradient])), None)
