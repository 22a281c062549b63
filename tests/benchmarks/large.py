"""Recordings of a million nodes, written through the store's writer: `python -m tests.benchmarks.large chain FILE`.

`chain`: one op after the other, some with a connection that skips thirty; `random`: each op uses two of the forty
before it. In both every fifth node is a parameter, and modules are two levels deep.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy

from graphlab.store import Writer

_OPS = 200
"""Lines of the script that make ops."""
_SNAPSHOTS = 1000
_COMMIT = 20_000


class LargeRun:
    """Writes one step: a forward of so many nodes, and its backward."""

    def __init__(self, path: Path, kind: str, count: int) -> None:
        self.kind, self.count = kind, count
        self.writer = Writer(path)
        self.chance = random.Random(0)
        self.event = 0
        facts = {
            "format": 2, "scenario": kind, "script": f"{kind}.py", "argv": [], "device": "cpu", "torch": "2.13.0",
            "seed": 0, "detail": "full", "error": None, "parameters": {}, "notes": [], "status": "ok",
        }  # fmt: skip
        for key, value in facts.items():
            self.writer.set_meta(key, value)
        source = "import torch\n" + "x = x * w\n" * _OPS + "loss.backward()\n"
        self.writer.insert("files", (1, f"{kind}.py", source))
        self.writer.insert("frames", (1, None, "<module>", 1, 1, None))

    def happen(self, kind: str, line: int, node: int | None, data: str | None = None) -> None:
        self.event += 1
        self.writer.insert("events", (self.event, kind, self.event * 1e-6, 1, line, 1, node, "mul", data))

    def forward(self) -> int:
        """Write the nodes; every fifth is a parameter that the next op uses. Return the last op."""
        ops: list[int] = []
        for index in range(self.count):
            node = index + 1
            line, module = 2 + index % _OPS, f"layers.{index // 1200}.{index // 100 % 12}"
            if index % 5 == 0:
                row = (node, "parameter", 0, None, None, f"{module}.weight{index % 100}", None, 1, 2)
                self.writer.insert("nodes", (*row, "4x4", "float32", "cpu"))
                continue
            self.happen("op", line, node)
            op = "MulBackward0" if index % 3 else "AddBackward0"
            self.writer.insert(
                "nodes", (node, "op", self.event, op, "torch.mul", None, module, 1, line, "4x4", "float32", "cpu")
            )
            inputs = [*self.inputs(index, ops), *([node - 1] if index % 5 == 1 else [])]
            for slot, source in enumerate(inputs):
                self.writer.insert("edges", (node, slot, source, 0, self.event, ""))
            ops.append(node)
            del ops[:-40]
            if index % _COMMIT == 0:
                self.writer.commit()
        return ops[-1]

    def inputs(self, index: int, ops: list[int]) -> list[int]:
        if not ops:
            return []
        if self.kind == "random":
            return [self.chance.choice(ops), self.chance.choice(ops)]
        return [ops[-1], *(ops[-30:-29] if index % 40 == 3 else [])]

    def backward(self, last: int) -> None:
        output, line = self.count + 1, _OPS + 2
        self.happen("backward_start", line, None, f'{{"call": "backward", "roots": [{output}], "losses": [1.0]}}')
        row = (output, "output", self.event, None, None, None, None, 1, line, "", "float32", "cpu")
        self.writer.insert("nodes", row)
        self.writer.insert("edges", (output, 0, last, 0, self.event, ""))
        reached = numpy.arange(1, self.count + 1, dtype="<i4").tobytes()
        self.writer.insert("backwards", (self.event, 1, reached, 0))
        for number in range(1, _SNAPSHOTS + 1):
            self.writer.insert("snapshots", (number, "4x4", "float32", "cpu", "<f4", 1, None, number / 100, 0.0, 1.0))
        for node in range(self.count, 0, -1):
            if node % 5 != 1:
                self.happen("gradient", line, node)
                self.writer.insert("gradients", (node, -1, self.event, 1 + node % _SNAPSHOTS))
            if node % _COMMIT == 0:
                self.writer.commit()
        self.happen("backward_end", line, None)

    def write(self) -> None:
        last = self.forward()
        ended = self.event
        self.backward(last)
        losses, spans = numpy.array([1.0]).tobytes(), f"forward {ended} backward {self.event}"
        self.writer.insert("steps", (1, 1, self.event, self.count, self.count, losses, "", spans))
        self.writer.close()


def write_large(path: Path, kind: str, count: int = 1_000_000) -> Path:
    """Write a recording of one step with so many nodes."""
    LargeRun(path, kind, count).write()
    return path


if __name__ == "__main__":
    write_large(Path(sys.argv[2]), sys.argv[1])
