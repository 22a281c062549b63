"""Builds the graph of a moment from a recording.

The graph is in the direction of the forward data. What does not exist yet at the moment is absent, or marked
`future` where asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphlab.crowd import without_collector
from graphlab.recording.calls import read_calls
from graphlab.recording.figures import Figures
from graphlab.recording.variables import made_name
from graphlab.sentences import say_event

if TYPE_CHECKING:
    from graphlab.graph.shown import Graph
    from graphlab.model import Node
    from graphlab.recording import Recording


@without_collector()
def build_graph(recording: Recording, moment: int, *, has_future: bool = False) -> Graph:
    """Return the graph of the step that a moment lies in, as of that moment.

    Nodes carry id, kind, name, names, made (what a leaf or data without a name is called: `ones@L5`), op, call, calls
    (of the script's functions, in which an op was made), module, file, line, shape, dtype, device, value, gradient (a
    `Snapshot` or None), event and state (done, now, future); edges slot, output, label, gradient and state.

    Args:
        has_future: keep the nodes and edges of the step that do not exist yet, marked `future`.

    Raises:
        UsageError: the recording holds no event.
    """
    from graphlab.graph.shown import Graph

    graph = Graph()
    with recording.reading():
        graph.graph.update(_describe(recording, moment))
        if not recording.steps:
            return graph
        structure = recording.structure(recording.step_of(moment).step)
        names = recording.names(moment)
        calls = read_calls(recording, structure.nodes.values())
        figures = Figures(recording, structure, moment)
        files = {file.id: file.path for file in recording.files}
        now = recording.event(moment).node if moment else None
        for node in structure.nodes.values():
            is_future = node.event > moment
            if has_future or not is_future:
                state = "future" if is_future else "now" if node.id == now or node.event == moment else "done"
                facts = _node_facts(figures, node, state, names, files)
                if not facts["name"] and (made := made_name(recording, node)):
                    facts["made"] = made
                graph.add_node(node.id, **facts, calls=calls.get(node.id, ()))
        for edge in structure.edges:
            if edge.source in graph and edge.target in graph and (has_future or edge.event <= moment):
                graph.add_edge(
                    edge.source,
                    edge.target,
                    slot=edge.slot,
                    output=edge.output,
                    label=edge.label,
                    gradient=figures.edge_gradient(edge.target, edge.slot),
                    state="future" if edge.event > moment else "done",
                )
    return graph


def _describe(recording: Recording, moment: int) -> dict[str, Any]:
    step = recording.step_of(moment).step if recording.steps else None
    return {
        "title": recording.title,
        "scenario": recording.facts.scenario,
        "step": step,
        "steps": len(recording.steps),
        "moment": moment,
        "events": recording.event_count,
        "doing": say_event(recording, moment),
        "detail": recording.facts.detail,
        "torch": recording.facts.torch,
        "device": recording.facts.device,
        "seed": recording.facts.seed,
        "parameters": dict(recording.facts.parameters),
        "sources": {file.path: file.text for file in recording.files},
        "modules": recording.facts.modules,
        "is_backward_over": _is_backward_over(recording, moment),
        "torchviz": recording.torchviz(moment),
    }


def _is_backward_over(recording: Recording, moment: int) -> bool:
    """Return whether a backward of the step has ended and no other is under way."""
    last = recording.next_event(moment + 1, ("backward_start", "backward_end"), back=True)
    if not last or last < recording.step_of(moment).first:
        return False
    return recording.event(last).kind == "backward_end"


def _node_facts(
    figures: Figures, node: Node, state: str, names: dict[int, list[str]], files: dict[int, str]
) -> dict[str, Any]:
    tags = names.get(node.id, [])
    is_future = state == "future"
    return {
        "id": node.id,
        "kind": node.kind,
        "name": node.name or next(iter(tags), None),
        "names": tags,
        "op": node.op,
        "call": node.call,
        "module": node.module,
        "file": files.get(node.file) if node.file else None,
        "line": node.line,
        "shape": node.shape,
        "dtype": node.dtype,
        "device": node.device,
        "value": None if is_future else figures.value(node),
        "gradient": None if is_future else figures.gradient(node),
        "event": node.event,
        "state": state,
    }
