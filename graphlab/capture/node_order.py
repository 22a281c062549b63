"""Puts the nodes that a call made in the order in which they were made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def put_in_order(nodes: Iterable[Any]) -> Sequence[Any]:
    """Return nodes of autograd, the oldest first."""
    order = sorted(nodes, key=lambda fn: fn._sequence_nr())
    return order if len(order) < 2 or _is_below_first(order) else _sort_by_edges(order)


def _is_below_first(order: Sequence[Any]) -> bool:
    """Whether each of some nodes stands behind those that it leads to."""
    ahead = {id(fn) for fn in order}
    for fn in order:
        if any(id(below) in ahead for below, _ in fn.next_functions if below is not fn):
            return False
        ahead.discard(id(fn))
    return True


def _sort_by_edges(nodes: Sequence[Any]) -> list[Any]:
    """Put nodes behind those that they lead to, where numbers do not tell: each thread counts for itself."""
    wanted = {id(fn) for fn in nodes}
    placed: dict[int, Any] = {}
    for root in nodes:
        stack = [root]
        while stack:
            fn = stack[-1]
            below = [each for each, _ in fn.next_functions if id(each) in wanted and id(each) not in placed]
            if below and id(fn) not in placed:
                stack += reversed(below)
            else:
                placed[id(stack.pop())] = fn
    return list(placed.values())
