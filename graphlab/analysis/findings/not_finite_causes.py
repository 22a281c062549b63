"""Why an op of the forward made NaN or infinity, told from its name and the numbers that went in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.entries import Entry, extremes, first_bad_entry
from graphlab.analysis.findings.snapshots import has_infinity, has_nan

if TYPE_CHECKING:
    from graphlab.analysis.findings.finding import Text
    from graphlab.model import Event, Snapshot, Tensor
    from graphlab.recording import Recording

_LARGEST = {"float16": 65504.0, "bfloat16": 3.3895313892515355e38, "float32": 3.4028234663852886e38}
_MAKERS = frozenset({"empty", "empty_like", "new_empty", "empty_strided", "Tensor", "FloatTensor"})
_READERS = frozenset(
    {"tensor", "as_tensor", "from_numpy", "load", "frombuffer", "new_tensor", "FloatTensor", "DoubleTensor", "full",
     "setitem", "fill_", "full_like", "from_dlpack", "asarray"}
)  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """What a finding about NaN or infinity says."""

    finding: str
    text: Text
    evidence: dict[str, Any]
    words: dict[str, Any]


@dataclass(frozen=True)
class Made:
    """An op that made a bad number: its name, what went in, and the first bad entry where it is known."""

    op: str
    output: Snapshot | None
    inputs: list[Snapshot | None]
    entry: Entry | None
    dtype: str
    """Known also of a tensor whose values were not kept."""

    def of(self, place: int) -> float | None:
        """Return what the input at a place held where the bad entry came out."""
        inputs = self.entry.inputs if self.entry is not None else ()
        return inputs[place] if place < len(inputs) else None

    def reaches(self, low: float, high: float, place: int = 0) -> bool:
        """Whether an input had a number between two: at the bad entry where that is known, else anywhere."""
        number = self.of(place)
        if number is not None:
            return low <= number <= high
        if place >= len(self.inputs):
            return False
        least, greatest = extremes(self.inputs[place])
        return least <= high and greatest >= low

    @property
    def is_nan(self) -> bool:
        """Whether there is a NaN in the output."""
        return has_nan(self.output)


def explain_forward(recording: Recording, event: Event | None, made: Tensor, inputs: list[Tensor]) -> Explained:
    """Say why an op made NaN or infinity, or that the data brought it."""
    output = recording.snapshot(made.snapshot)
    states = [recording.snapshot(each.snapshot) for each in inputs]
    name = event.text if event is not None and event.kind == "op" else ""
    op = Made(name.rstrip("_") if name.endswith("_") else name, output, states, first_bad_entry(output, states),
              made.dtype)  # fmt: skip
    what = messages.NAN if op.is_nan else messages.INFINITY
    evidence: dict[str, Any] = {"direction": "forward", "op": name or None, "made": "nan" if op.is_nan else "infinity"}
    evidence.update(_counted(op))
    words: dict[str, Any] = {"op": name or messages.NOTHING, "what": what, "count": _said_count(op)}
    if name in _MAKERS and not inputs:
        return Explained("not-finite", messages.UNINITIALISED, {**evidence, "cause": "uninitialised"}, words)
    if not inputs or name in _READERS:
        return Explained("not-finite-data", messages.DATA_NOT_FINITE, {**evidence, "cause": "data"}, words)
    cause = next((key for key, holds in _RULES if holds(op)), "other")
    reason, remedy = messages.FORWARD_CAUSES[cause]
    given = {"value": _said(op.of(0)), "other": _said(op.of(1)), "dtype": made.dtype, "op": name}
    given["largest"] = _said(_LARGEST.get(given["dtype"], math.inf))
    evidence.update(cause=cause, inputs=[_summary(each) for each in states])
    words.update(reason=reason.format(**given), remedy=remedy.format(**given))
    return Explained("not-finite", messages.NOT_FINITE_FORWARD, evidence, words)


def _counted(op: Made) -> dict[str, Any]:
    if op.entry is None:
        return {}
    return {
        "count": op.entry.count, "of": op.entry.size, "index": list(op.entry.index),
        "values": [None if value is None else _plain(value) for value in op.entry.inputs],
    }  # fmt: skip


def _said_count(op: Made) -> str:
    entry = op.entry
    if entry is None or entry.size == 1:
        return ""
    index = list(entry.index)
    return messages.COUNTED.format(count=entry.count, size=entry.size, index=index)


def _summary(snapshot: Snapshot | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    low, high = extremes(snapshot)
    return {"shape": list(snapshot.shape), "dtype": snapshot.dtype, "min": _plain(low), "max": _plain(high)}


def _plain(number: float) -> float | str:
    """Return a number as JSON has it."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


def _said(number: float | None) -> str:
    return "?" if number is None else f"{number:.6g}"


# -- rules: the first that holds says the cause ------------------------------------------------------------------------

_LOGS = frozenset({"log", "log2", "log10", "log1p"})
_EXPS = frozenset({"exp", "exp2", "expm1", "sinh", "cosh"})
_QUOTIENTS = frozenset({"div", "true_divide", "divide", "truediv", "rtruediv", "rdiv"})
_SPREADS = frozenset({"std", "var", "std_mean", "var_mean"})
_SOFTMAXES = frozenset({"softmax", "log_softmax", "scaled_dot_product_attention", "multi_head_attention_forward"})
_ROOTS = frozenset({"sqrt", "rsqrt"})
_SUMS_OF_PRODUCTS = frozenset({"mm", "matmul", "addmm", "bmm", "baddbmm", "linear", "einsum", "mv", "dot"})


def _log_zero(op: Made) -> bool:
    pole = -1.0 if op.op == "log1p" else 0.0
    return op.op in _LOGS and not op.is_nan and op.reaches(pole, pole)


def _log_negative(op: Made) -> bool:
    return op.op in _LOGS and op.is_nan and op.reaches(-math.inf, -1e-300 if op.op != "log1p" else -1.0)


def _root_negative(op: Made) -> bool:
    return op.op in _ROOTS and op.is_nan and op.reaches(-math.inf, -1e-300)


def _root_zero(op: Made) -> bool:
    return op.op == "rsqrt" and op.reaches(0.0, 0.0)


def _power_of_negative(op: Made) -> bool:
    return op.op in {"pow", "float_power"} and op.is_nan and op.reaches(-math.inf, -1e-300)


def _power_of_zero(op: Made) -> bool:
    return op.op in {"pow", "float_power"} and not op.is_nan and op.reaches(0.0, 0.0)


def _divided(op: Made) -> int:
    """Return the place of the divisor among the inputs."""
    return 0 if op.op in {"reciprocal", "rtruediv", "rdiv"} or len(op.inputs) == 1 else 1


def _zero_by_zero(op: Made) -> bool:
    is_quotient = op.op in _QUOTIENTS and op.is_nan and len(op.inputs) > 1
    return is_quotient and op.reaches(0.0, 0.0, 1) and op.reaches(0.0, 0.0, 0)


def _by_zero(op: Made) -> bool:
    if op.op not in _QUOTIENTS | {"reciprocal", "remainder", "fmod"}:
        return False
    # A Python number as divisor is no input: one number over it is infinite only where it is 0.
    return op.reaches(0.0, 0.0, _divided(op)) or (len(op.inputs) == 1 and op.op != "reciprocal" and not _is_huge(op))


def _infinite_by_infinite(op: Made) -> bool:
    return op.op in _QUOTIENTS and op.is_nan and all(has_infinity(each) for each in op.inputs[:2])


def _zero_times_infinity(op: Made) -> bool:
    return op.op in {"mul", "multiply", "rmul", "mm", "matmul", "addmm", "bmm", "linear", "einsum"} and (
        op.is_nan and any(has_infinity(each) for each in op.inputs)
    )


def _infinity_less_infinity(op: Made) -> bool:
    return op.op in {"sub", "add", "rsub", "sum", "mean", "subtract", "cumsum", "logsumexp"} and (
        op.is_nan and any(has_infinity(each) for each in op.inputs)
    )


def _all_masked(op: Made) -> bool:
    return op.op in _SOFTMAXES and op.is_nan and any(has_infinity(each) for each in op.inputs)


def _of_nothing(op: Made) -> bool:
    return op.is_nan and op.op in {"mean", "std", "var", "nanmean"} and any(
        each is not None and each.size == 0 for each in op.inputs
    )  # fmt: skip


def _spread_of_one(op: Made) -> bool:
    first = next((each for each in op.inputs if each is not None), None)
    if op.op not in _SPREADS or not op.is_nan or first is None or op.output is None:
        return False
    return bool(first.size == op.output.size)


def _no_target(op: Made) -> bool:
    return op.is_nan and op.op in {"nll_loss", "cross_entropy", "nll_loss_nd", "cross_entropy_loss", "nll_loss2d"}


def _outside_domain(op: Made) -> bool:
    return op.op in {"acos", "asin", "arccos", "arcsin", "atanh", "arctanh", "acosh", "logit", "erfinv"}


def _is_huge(op: Made) -> bool:
    limit: float = _LARGEST.get(op.dtype, 1.7e308) ** 0.25
    ends = [abs(end) for each in op.inputs for end in extremes(each) if not math.isnan(end)]
    return bool(max(ends, default=0.0) > limit)


def _exponent_too_large(op: Made) -> bool:
    return op.op in _EXPS and not op.is_nan


def _half_overflow(op: Made) -> bool:
    return op.dtype == "float16" and not any(map(has_infinity, op.inputs))


def _overflow(op: Made) -> bool:
    # A product of matrices adds up products that are infinite by then, of either sign: that is NaN.
    is_sum_of_products = op.op in _SUMS_OF_PRODUCTS and _is_huge(op)
    return (not op.is_nan or is_sum_of_products) and not any(map(has_infinity, op.inputs))


_RULES: tuple[tuple[str, Callable[[Made], bool]], ...] = (
    ("mean-of-nothing", _of_nothing),
    ("spread-of-one", _spread_of_one),
    ("all-masked", _all_masked),
    ("log-of-zero", _log_zero),
    ("log-of-negative", _log_negative),
    ("root-of-negative", _root_negative),
    ("root-of-zero", _root_zero),
    ("power-of-negative", _power_of_negative),
    ("power-of-zero", _power_of_zero),
    ("zero-by-zero", _zero_by_zero),
    ("division-by-zero", _by_zero),
    ("infinity-by-infinity", _infinite_by_infinite),
    ("zero-times-infinity", _zero_times_infinity),
    ("infinity-less-infinity", _infinity_less_infinity),
    ("no-target", _no_target),
    ("outside-domain", _outside_domain),
    ("float16-overflow", _half_overflow),
    ("exponent-overflow", _exponent_too_large),
    ("overflow", _overflow),
)
