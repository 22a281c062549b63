"""The numbers that show a finding, as words in the language of the process: what JSON calls `factor_a_layer`.

Separate from the finders, which give evidence under the keys that JSON keeps for ever, and from those who show it, so
that command line and explorer say the same. What the message has in words already stands for programs alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlab.analysis.findings.finding import Finding
from graphlab.analysis.findings.number_messages import INFINITY, NAN, percent
from graphlab.language import _
from graphlab.sentences import format_number, format_shape

EVENTS = frozenset({"backward_at", "changed_at", "saved_at", "squashed_at", "update_at"})
"""The keys of moments: numbers of events of the recording that was searched."""
FOR_PROGRAMS = frozenset({"cause", "reason", "what", "record_in_full"})
"""What the message, or a line of its own, says as a sentence, under the code that programs ask for."""
_UNSAID: tuple[object, ...] = (None, [], "")


def say_evidence(finding: Finding) -> str:
    """Return the numbers that show a finding as words: `share: 100 %; since step: 3`."""
    said = [
        f"{NAMES.get(key, key.replace('_', ' '))}: {_KINDS.get(key, _say)(value)}"
        for key, value in finding.evidence.items()
        if key not in FOR_PROGRAMS and value not in _UNSAID
    ]
    return "; ".join(said)


def _say(value: Any) -> str:
    """Return numbers and names as they are written; of several each."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else format_number(value)
    return ", ".join(map(_say, value)) if isinstance(value, list) else "?" if value is None else str(value)


def _say_event(value: int) -> str:
    return f"e{value}"


def _say_node(value: int) -> str:
    return _("node {number}").format(number=value)


def _say_shape(value: list[int]) -> str:
    return format_shape(tuple(value))


def _say_result(value: int | list[int]) -> str:
    """Return the node that came out, or its shape."""
    return _say_node(value) if isinstance(value, int) else _say_shape(value)


def _say_shapes(value: list[list[int]]) -> str:
    return ", ".join(map(_say_shape, value))


def _say_place(value: list[int]) -> str:
    """Return a place in a tensor as Python indexes it."""
    return f"[{', '.join(map(str, value))}]" if value else "()"


def _say_tensors(value: list[dict[str, Any] | None]) -> str:
    """Return tensors by what there is in them: `4x3 float32 from -1 to 2`."""
    return "; ".join(map(_say_tensor, value))


def _say_tensor(value: dict[str, Any] | None) -> str:
    if value is None:
        return "?"
    words = {name: _say(each) for name, each in value.items()} | {"shape": _say_shape(value["shape"])}
    return _("{shape} {dtype} from {min} to {max}").format(**words)


NAMES = {
    "backward_at": _("backward at"),
    "backwards": _("backwards"),
    "changed_at": _("changed at"),
    "count": _("entries that are not finite"),
    "cut": _("cut off from"),
    "dead_units": _("dead units"),
    "direction": _("direction"),
    "dtype": _("kind of number"),
    "factor_a_layer": _("factor a layer"),
    "factors": _("factors of 0"),
    "first_loss": _("first loss"),
    "first_to_last": _("first layer to last"),
    "gradient_norm": _("norm of the gradient"),
    "gradients": _("gradients"),
    "index": _("the first of them at"),
    "inputs": _("inputs"),
    "its_factor": _("its factor"),
    "last_loss": _("last loss"),
    "layers": _("layers"),
    "leaf": _("leaf"),
    "learning_rates": _("learning rates"),
    "leaves": _("leaves"),
    "loss": _("loss"),
    "lowest_loss": _("lowest loss"),
    "made": _("made"),
    "mean_slope": _("mean slope"),
    "module": _("module"),
    "name": _("name"),
    "nodes": _("nodes"),
    "nodes_kept": _("nodes kept"),
    "norm_left_over": _("norm left over"),
    "norm_with_it": _("norm with the new gradient"),
    "not_taken_at": _("line of the choice that did not take it"),
    "of": _("of so many"),
    "of_steps": _("of steps"),
    "of_the_others": _("of the others"),
    "op": _("op"),
    "ops": _("ops"),
    "optimizer": _("optimizer"),
    "optimizers": _("optimizers"),
    "parameters": _("parameters"),
    "replayed": _("seen in a replay"),
    "result": _("result"),
    "saved_at": _("saved at"),
    "shape": _("shape"),
    "shapes": _("shapes"),
    "share": _("share"),
    "shared_nodes": _("nodes that both go through"),
    "since_step": _("since step"),
    "squashed_at": _("squashed at"),
    "squashed_by": _("squashed by"),
    "steepest_op": _("steepest op"),
    "steps": _("steps"),
    "steps_kept": _("steps kept"),
    "steps_without_gradient": _("steps without a gradient"),
    "times": _("times"),
    "trainings": _("trainings"),
    "units": _("units"),
    "update_at": _("update at"),
    "update_to_weight": _("update to weight"),
    "upstream": _("gradient that came"),
    "value": _("value"),
    "values": _("of the values"),
    "variable": _("variable"),
    "weight_norm": _("norm of the weight"),
    "with_gradient": _("with a gradient"),
}
_DIRECTIONS = {"forward": _("forward"), "backward": _("backward")}
_MADE = {"nan": NAN, "infinity": INFINITY}
_KINDS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(EVENTS, _say_event),
    "direction": lambda value: _DIRECTIONS[value],
    "index": _say_place,
    "inputs": _say_tensors,
    "leaf": _say_node,
    "made": lambda value: _MADE[value],
    "not_taken_at": str,
    "result": _say_result,
    "shape": _say_shape,
    "shapes": _say_shapes,
    "share": percent,
    "since_step": str,
}
