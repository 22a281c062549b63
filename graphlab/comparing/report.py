"""A comparison of two runs as the object that `--json` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from graphlab.comparing.comparison import RunComparison
    from graphlab.comparing.growth import Growth
    from graphlab.comparing.moments import Piece
    from graphlab.comparing.outcomes import Outcome
    from graphlab.comparing.walk import Place

_MOST_STEPS = 200
"""Steps whose distances are given; of more of them those at even places."""


def report_numbers(comparison: RunComparison) -> dict[str, Any]:
    """Return the comparison as plain values."""
    relative, absolute = comparison.tolerance.of(*comparison.dtypes)
    return {
        "equal": comparison.is_equal,
        "within_tolerance": comparison.is_within,
        "steps": {"a": comparison.a.skipped + comparison.steps[0], "b": comparison.b.skipped + comparison.steps[1],
                  "compared": comparison.count},
        "begins": {"a": comparison.a.skipped + 1, "b": comparison.b.skipped + 1},
        "tolerance": {"relative": relative, "absolute": absolute, "by_dtype": comparison.tolerance.relative is None},
        "before": {
            "facts": [{"name": change.name, "a": change.a, "b": change.b, "script": change.is_script}
                      for change in comparison.causes.facts],
            "initial_parameters": list(comparison.causes.initial),
            "data": _data(comparison),
        },
        "first_step": _in_a(comparison, comparison.first_step),
        "beyond_step": _in_a(comparison, comparison.beyond.beyond if comparison.beyond is not None else None),
        "other_ops": _other_ops(comparison),
        "first": _place(comparison, comparison.walk.first),
        "beyond": _place(comparison, comparison.walk.beyond),
        "outcomes": [_outcome(comparison, outcome) for outcome in comparison.outcomes],
        "growth": {"loss": _growth(comparison, comparison.loss_growth),
                   "gradients": _growth(comparison, comparison.growth)},
        "distances": _distances(comparison),
    }  # fmt: skip


def _outcome(comparison: RunComparison, outcome: Outcome) -> dict[str, Any]:
    steps = {"first_step": _in_a(comparison, outcome.first), "beyond_step": _in_a(comparison, outcome.beyond)}
    by = "elements" if outcome.is_whole else "norm"
    return {"sort": outcome.sort, "name": outcome.name, **steps, "compared": outcome.compared, "by": by}


def _data(comparison: RunComparison) -> dict[str, Any] | None:
    data = comparison.causes.data
    if data is None:
        return None
    return {"change": data.sort, "step": comparison.in_a(data.step), "rows": data.rows, "shared": data.shared}


def _place(comparison: RunComparison, place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    apart = place.apart
    return {
        "step": comparison.in_a(place.step),
        "what": place.a.sort,
        "difference": apart.what,
        "index": list(apart.index) if apart.index is not None else None,
        "value_a": _plain(apart.a),
        "value_b": _plain(apart.b),
        "ulps": apart.ulps,
        "elements": apart.elements,
        "of": apart.of,
        "another_order": place.is_another_order,
        "a": _piece(place.a, comparison.a.number(place.step), place.dtypes[0]),
        "b": _piece(place.b, comparison.b.number(place.step), place.dtypes[1]),
    }


def _other_ops(comparison: RunComparison) -> dict[str, Any] | None:
    other = comparison.walk.other
    if other is None:
        return None
    sides = {"a": (other.a, comparison.a), "b": (other.b, comparison.b)}
    return {
        side: None if piece is None else _piece(piece, table.number(other.step), None)
        for side, (piece, table) in sides.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, complex):
        return [value.real, value.imag]
    return list(value) if isinstance(value, tuple) else value


def _piece(piece: Piece, step: int, dtype: str | None) -> dict[str, Any]:
    return {"step": step, "event": piece.event, "line": piece.line, "name": piece.name, "slot": piece.slot,
            "node": piece.node, "dtype": dtype}  # fmt: skip


def _in_a(comparison: RunComparison, step: int | None) -> int | None:
    return None if step is None else comparison.in_a(step)


def _growth(comparison: RunComparison, growth: Growth) -> dict[str, Any]:
    steps = {name: _in_a(comparison, getattr(growth, name)) for name in ("start", "at", "jump")}
    return {"kind": growth.kind, "begins": growth.begins, "largest": growth.largest, "last": growth.last,
            "factor": growth.factor, **steps}  # fmt: skip


def _distances(comparison: RunComparison) -> dict[str, Any]:
    places = numpy.unique(numpy.linspace(0, max(comparison.count - 1, 0), _MOST_STEPS).round().astype(int))
    places = places[: comparison.count]
    return {
        "steps": (places + 1 + comparison.a.skipped).tolist(),
        "loss": _or_none(comparison.distances.losses[places]),
        "gradients": _or_none(comparison.distances.gradients[places]),
    }


def _or_none(numbers: Any) -> list[float | None]:
    return [None if numpy.isnan(number) else float(number) for number in numbers]
