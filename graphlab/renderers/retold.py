"""A step in light detail, told node by node: its own events say only when a backward began and when it had ended.

The forward is told in the order in which the nodes were made, the backward against that order, as autograd's engine
runs what is ready: what was made last goes first. A leaf has its gradient when the last of its users has handed it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx

MADE, RAN = "{node} is made", "{node} runs"


def retell(graph: networkx.MultiDiGraph, most: int, *, has_future: bool = False) -> Iterator[networkx.MultiDiGraph]:
    """Yield the graph of a step as it grows, then as its gradients flow back: `most` graphs at most.

    Args:
        has_future: keep what is not made yet, marked `future`.
    """
    made = _order_made(graph)
    ran = _order_ran(graph, made)
    forward = sorted({made[node] for node in graph if graph.nodes[node]["kind"] == "op"})
    backward = sorted(set(ran.values()))
    moments = [(False, place) for place in forward] + [(True, place) for place in backward]
    if len(moments) > most:
        moments = [moments[index * (len(moments) - 1) // max(most - 1, 1)] for index in range(most)]
    for is_back, place in moments:
        yield _at(graph, made, ran, place, is_back=is_back, has_future=has_future)


def _order_made(graph: networkx.MultiDiGraph) -> dict[int, int]:
    """Return when each node comes: ops in the order of their numbers, leaves with their first user."""
    ops = sorted((node for node in graph if graph.nodes[node]["kind"] == "op"), key=lambda node: _age(graph, node))
    made = {node: place for place, node in enumerate(ops)}
    for node in graph:
        if node not in made:
            is_output = graph.nodes[node]["kind"] == "output"
            beside = graph.predecessors(node) if is_output else graph.successors(node)
            places = [made[other] for other in beside if other in made and graph.nodes[other]["kind"] == "op"]
            made[node] = (max(places) if is_output else min(places)) if places else 0
    return made


def _age(graph: networkx.MultiDiGraph, node: int) -> tuple[int, int]:
    return graph.nodes[node].get("event") or 0, node


def _order_ran(graph: networkx.MultiDiGraph, made: dict[int, int]) -> dict[int, int]:
    """Return when the gradient of each node that has one is there, counted from the beginning of the backward."""
    last = max(made.values(), default=0)
    ran = {}
    for node, data in graph.nodes(data=True):
        if data.get("gradient") is None:
            continue
        ran[node] = last - made[node] if data["kind"] == "op" else max(_users(graph, node, made, last), default=0)
    return ran


def _users(graph: networkx.MultiDiGraph, node: int, made: dict[int, int], last: int) -> Iterable[int]:
    return (last - made[user] for user in graph.successors(node) if graph.nodes[user]["kind"] == "op")


def _at(
    graph: networkx.MultiDiGraph,
    made: dict[int, int],
    ran: dict[int, int],
    place: int,
    *,
    is_back: bool,
    has_future: bool,
) -> networkx.MultiDiGraph:
    """Return the graph when the node at a place has just been made, or has just run."""
    there = [node for node in graph if is_back or has_future or made[node] <= place]
    shown = graph.subgraph(there).copy()
    shown.graph["is_backward_over"] = False
    said = ""
    for node, data in shown.nodes(data=True):
        is_future = not is_back and made[node] > place
        has_come = is_back and ran.get(node, place + 1) <= place
        is_now = ran.get(node) == place if is_back else made[node] == place
        if not has_come:
            data["gradient"] = None
        if data["kind"] == "op" and is_now:
            said = (RAN if is_back else MADE).format(node=data["op"])
        data["state"] = "future" if is_future else "now" if is_now and data["kind"] == "op" else "done"
    for _, target, data in shown.edges(data=True):
        if not is_back or ran.get(target, place + 1) > place:
            data["gradient"] = None
        data["state"] = "future" if not is_back and made[target] > place else "done"
    shown.graph["doing"] = said
    return shown
