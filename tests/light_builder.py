"""Long recordings in light detail, in one line and without torch, with the losses and norms that the caller wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy

from graphlab.capture.sink import LightEvent, LightStep
from graphlab.recording import Recording, open_recording
from graphlab.store import Writer
from graphlab.store_sink import StoreSink

SOURCE = '"""A long training"""\n\nSTEPS = 1\n'


def light_run(
    folder: Path,
    steps: int,
    parameters: int,
    figure: Callable[[int, numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]], None] | None = None,
) -> Recording:
    """Return a run of so many light steps.

    Args:
        figure: changes the norms of a step (counted from 1), a number a parameter, before they are written.
    """
    path = folder / "long.glab"
    writer = Writer(path)
    facts = {"format": 2, "scenario": "long", "script": "long.py", "argv": [], "device": "cpu", "torch": "2.13.0",
             "seed": 0, "detail": "light", "status": "ok", "error": None, "parameters": {}, "notes": []}  # fmt: skip
    for key, value in facts.items():
        writer.set_meta(key, value)
    sink = StoreSink(writer, tell=lambda _: None)
    sink.add_file("long.py", SOURCE)
    nodes = [
        sink.add_node("parameter", 0, name=f"layers.{index}.weight", shape=(8, 8), dtype="float32", device="cpu")
        for index in range(parameters)
    ]
    chance = numpy.random.default_rng(0)
    for step in range(1, steps + 1):
        first = sink.event_count + 1
        start, end, update = (sink.number_event() for _ in range(3))
        norms = numpy.exp(chance.standard_normal(parameters)) / (1 + step / steps)
        if figure is not None:
            figure(step, norms)
        kinds = [
            LightEvent(start, "backward_start", 1, 1, call="backward", losses=[1.0 / step]),
            LightEvent(end, "backward_end", 1, 1),
            LightEvent(update, "update", 1, 1, optimizer="SGD"),
        ]
        sink.add_light_step(
            LightStep(
                step, first, kinds, 4, 3, nodes, norms.tolist(), [("SGD", 0.1 / step)], {"accuracy": step / steps}
            )
        )
        if step % 1000 == 0:
            sink.commit(is_asked=True)
    sink.close()
    return open_recording(path)
