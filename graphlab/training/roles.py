"""Which tensors of a forward are its data, its targets and its prediction.

It is not told by names but by how they flow: the data meets parameters first, the targets meet what was made of the
data, and the prediction is the last tensor through which all of the data passes before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphlab.language import _
from graphlab.training.program import NoPictureError, Trace


@dataclass(frozen=True)
class Roles:
    """Which slots of a trace hold what."""

    inputs: int
    targets: int
    prediction: int
    is_logit: bool
    """Whether 0 parts the two classes: the loss itself takes the sigmoid."""


def find_roles(trace: Trace) -> Roles:
    """Tell data, targets and prediction by how they flow.

    Raises:
        NoPictureError: it cannot be told.
    """
    data = [slot for slot in trace.sources if slot not in trace.leaves]
    inputs = _find_inputs(trace, data)
    rows = trace.tensors[inputs].shape[0]
    late = {slot for slot in data if slot != inputs and trace.tensors[slot].shape[:1] == (rows,)}
    if rows < 2:
        raise NoPictureError(_("the data is one row: there is no space to draw it in"))
    flows, joined = {inputs}, set(late)
    targets: int | None = None
    for call in trace.calls:
        if targets is None and flows & set(call.inputs):
            targets = next((slot for slot in call.inputs if slot in late), None)
        if flows & set(call.inputs):
            flows.add(call.output)
        if joined & set(call.inputs):
            joined.add(call.output)
    if targets is None:
        raise NoPictureError(
            _("nothing in the loss looks like targets: no second tensor has a row for each row of data")
        )
    prediction = _find_prediction(trace, flows, joined, inputs)
    return Roles(inputs, targets, prediction, any("with_logits" in call.op for call in trace.calls))


def _find_inputs(trace: Trace, data: Sequence[int]) -> int:
    """Return the data that first meets a parameter, or what was made of parameters alone."""
    of_parameters = set(trace.leaves)
    for call in trace.calls:
        met = [slot for slot in call.inputs if slot in data and trace.tensors[slot].shape]
        if met and of_parameters & set(call.inputs):
            large = max(met, key=lambda slot: trace.tensors[slot].shape[0])
            if not trace.tensors[large].dtype.startswith(("float", "bfloat")):
                raise NoPictureError(_("the data is whole numbers (such as words): there is no space to draw it in"))
            return large
        if set(call.inputs) <= of_parameters:
            of_parameters.add(call.output)
    raise NoPictureError(_("no data meets a parameter in this step"))


def _find_prediction(trace: Trace, flows: set[int], joined: set[int], inputs: int) -> int:
    last_use: dict[int, int] = {}
    for index, call in enumerate(trace.calls):
        last_use.update(dict.fromkeys(call.inputs, index))
    found = None
    alive_until = last_use.get(inputs, -1)
    for index, call in enumerate(trace.calls):
        if call.output not in flows:
            continue
        if alive_until <= index and call.output not in joined:
            found = call.output
        alive_until = max(alive_until, last_use.get(call.output, -1))
    if found is None:
        raise NoPictureError(_("the data reaches the loss on several ways: no one tensor is the prediction"))
    return found
