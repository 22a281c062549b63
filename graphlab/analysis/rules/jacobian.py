"""The Jacobian of a small node: how each number of its output depends on each number of an input, and its rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from graphlab.analysis.rules import messages
from graphlab.analysis.rules.facts import Array
from graphlab.analysis.rules.local import Reckoner, read_gradients
from graphlab.recording.arguments import read_arguments

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording

MOST = 64
"""Elements of output and input up to which a Jacobian is reckoned."""


@dataclass(frozen=True)
class Jacobian:
    """∂y/∂x of one node and one of its inputs, at the values of the recording."""

    slot: int
    matrix: Array
    """A row for each element of the output, a column for each of the input."""
    singular: tuple[float, ...]
    """Its singular values, the largest first."""
    rank: int

    @property
    def condition(self) -> float | None:
        """The largest singular value over the smallest; None where the smallest is zero."""
        return self.singular[0] / self.singular[-1] if self.singular and self.singular[-1] > 0 else None


def find_jacobian(recording: Recording, node: Node, slot: int, moment: int) -> Jacobian | str:
    """Return the Jacobian of a node in one of its inputs, or why there is none.

    Row after row: what the local rule makes of a gradient that is 1 for one element of the output and 0 for all others.
    """
    with recording.reading():
        event, gradients = read_gradients(recording, node.id, moment)
        arguments = read_arguments(recording, node.id)
    upstream, recorded = gradients.get(-1), gradients.get(slot)
    if event is None:
        return messages.NOT_RUN
    if upstream is None or recorded is None:
        return messages.NO_GRADIENT_THERE
    if upstream.size > MOST or recorded.size > MOST:
        return messages.TOO_LARGE_FOR_JACOBIAN.format(rows=upstream.size, columns=recorded.size, most=MOST)
    reckoner = Reckoner.of(node, gradients, arguments)
    matrix = numpy.zeros((upstream.size, recorded.size))
    for place in range(upstream.size):
        unit = numpy.zeros(upstream.size)
        unit[place] = 1.0
        found = reckoner.send({0: unit.reshape(upstream.shape)}, slot)
        if isinstance(found, str):
            return found
        matrix[place] = found.ravel()
    if not numpy.isfinite(matrix).all():
        return Jacobian(slot, matrix, (), 0)
    singular = numpy.linalg.svd(matrix, compute_uv=False) if matrix.size else numpy.zeros(0)
    # Values in 32 bits: what is below their rounding is zero.
    least = float(singular.max(initial=0.0)) * max(matrix.shape, default=0) * float(numpy.finfo("f4").eps)
    return Jacobian(slot, matrix, tuple(map(float, singular)), int((singular > least).sum()))
