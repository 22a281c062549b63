"""The order in which the nodes of a graph ran, told from their numbers and its edges.

Separate, because comparing two graphs and grouping one both begin with it, and neither knows the other.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable


def order_as_run(numbers: Iterable[int], edges: Collection[tuple[int, int]]) -> list[int] | None:
    """Return the nodes in the order of their numbers, as far as sources come before their targets; None for a cycle."""
    ordered = sorted(numbers)
    if all(source < target for source, target in edges):
        return ordered
    waiting = dict.fromkeys(ordered, 0)
    targets: dict[int, list[int]] = {number: [] for number in ordered}
    for source, target in edges:
        waiting[target] += 1
        targets[source].append(target)
    ready = [number for number, count in waiting.items() if not count]
    order = []
    while ready:
        number = heapq.heappop(ready)
        order.append(number)
        for target in targets[number]:
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, target)
    return order if len(order) == len(ordered) else None
