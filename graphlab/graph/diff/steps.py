"""The graph of a step as it is compared with that of another step or run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.graph.shown import Graph
    from graphlab.recording import Recording


def graph_of_step(recording: Recording, step: int | None = None) -> Graph:
    """Return the graph at the end of a step (default: the last), with the gradients that the step had.

    A leaf's gradient is the one when the step's last backward had ended: scripts reset gradients at different places,
    and the last step of a run would else have none where the others have some.
    """
    graph = recording.graph(step=step)
    if recording.steps:
        number = graph.graph["step"]
        for leaf in recording.step_gradients(number):
            if leaf.node in graph:
                graph.nodes[leaf.node]["gradient"] = leaf.gradient
    return graph
