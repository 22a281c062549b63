"""Packs steps in light detail, and unpacks them: at most 50 bytes a parameter and step, and quick to open.

Steps that are alike (the same events, leaves, metrics: the same outline) lie in one block as rows of numbers. A block
is written anew with every commit until it is full, so that a long run leaves few of them.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphlab.errors import RecordingError
from graphlab.language import _

if TYPE_CHECKING:
    import numpy

ABSENT: float = struct.unpack("<d", struct.pack("<Q", 0x7FF80000676C6162))[0]
"""The NaN that says that there is no number; told from others by its bits (see `is_absent`)."""
_ABSENT_BITS = struct.pack("<d", ABSENT)

_FULL_STEPS = 256
_FULL_BYTES = 65_536
_IS_BIG_ENDIAN = sys.byteorder == "big"


def is_absent(number: float) -> bool:
    """Whether a number is the one that stands for none."""
    return number != number and struct.pack("<d", number) == _ABSENT_BITS  # noqa: PLR0124 - a NaN, and quickly


def pack_reals(numbers: Sequence[float]) -> bytes:
    """Write a column of numbers: little-endian, 64 bits each."""
    return _bytes_of(array("d", numbers))


def unpack_reals(packed: bytes) -> array[float]:
    """Read what `pack_reals` wrote."""
    return _array_of("d", packed)


def _bytes_of(numbers: array[Any]) -> bytes:
    if _IS_BIG_ENDIAN:
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _array_of(code: str, packed: bytes) -> array[Any]:
    numbers: array[Any] = array(code)
    numbers.frombytes(packed)
    if _IS_BIG_ENDIAN:
        numbers.byteswap()
    return numbers


@dataclass(frozen=True)
class OutlineEvent:
    """An event that each step of a block has."""

    kind: str
    file: int | None = None
    line: int | None = None
    call: str | None = None
    """Of a backward_start: `backward` or `grad`."""
    losses: int = 0
    """Of a backward_start: how many scalars it began at."""
    again: bool = False
    optimizer: str | None = None


@dataclass(frozen=True)
class Outline:
    """What the steps of a block have in common."""

    events: tuple[OutlineEvent, ...]
    rates: tuple[str, ...]
    """The optimizer of each learning rate."""
    metrics: tuple[str, ...]
    leaves: tuple[int, ...]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The indices of its backward_start events."""
        return tuple(index for index, event in enumerate(self.events) if event.kind == "backward_start")

    @cached_property
    def last_end(self) -> int:
        """The index of the event that left its gradients; of its last event, where an interrupt came before it."""
        ends = [index for index, event in enumerate(self.events) if event.kind in {"backward_end", "unscale"}]
        return max(ends, default=len(self.events) - 1)

    @cached_property
    def places(self) -> dict[int, int]:
        """The place of each leaf's figure."""
        return {leaf: place for place, leaf in enumerate(self.leaves)}

    @cached_property
    def losses(self) -> int:
        """How many losses a step has."""
        return sum(event.losses for event in self.events)

    @cached_property
    def integers(self) -> int:
        """How many integers a step takes."""
        return len(self.events) + len(self.starts) + 2

    @cached_property
    def reals(self) -> int:
        """How many reals a step takes."""
        return 1 + self.losses + len(self.rates) + len(self.metrics) + len(self.leaves)

    def write(self) -> str:
        """Return it as JSON, without what is empty."""
        events = [{key: value for key, value in vars(event).items() if value} for event in self.events]
        return json.dumps({"events": events, "rates": self.rates, "metrics": self.metrics, "leaves": self.leaves})

    @classmethod
    def read(cls, text: str) -> Outline:
        """Read what `write` wrote."""
        data = json.loads(text)
        events = tuple(OutlineEvent(**event) for event in data["events"])
        return cls(events, tuple(data["rates"]), tuple(data["metrics"]), tuple(data["leaves"]))


class OpenBlock:
    """The block that steps are added to."""

    def __init__(self, first: int, event: int, outline: int) -> None:
        self.first = first
        self.event = event
        self.outline = outline
        self.count = 0
        self._integers = array("i")
        self._reals = array("d")

    def add(self, integers: Sequence[int], reals: Sequence[float]) -> None:
        """Add a step."""
        self._integers.extend(integers)
        self._reals.extend(reals)
        self.count += 1

    def takes(self, step: int, event: int, outline: int) -> bool:
        """Whether a step belongs into this block."""
        size = 4 * len(self._integers) + 8 * len(self._reals)
        return (
            outline == self.outline
            and step == self.first + self.count
            and self.count < _FULL_STEPS
            and size < _FULL_BYTES
            and event - self.event < 2**31
        )

    def row(self) -> tuple[int, int, int, int, bytes]:
        """Return it as a row of the file."""
        data = _bytes_of(self._integers) + _bytes_of(self._reals)
        return self.first, self.count, self.event, self.outline, data


@dataclass(frozen=True)
class Block:
    """Some light steps in a row, as they lie in the file."""

    first: int
    count: int
    event: int
    outline: Outline
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        size = self.count * (4 * self.outline.integers + 8 * self.outline.reals)
        if self.count < 1 or len(self.data) != size:
            raise RecordingError(_("the recording is damaged: steps in it are cut short"))

    @cached_property
    def integers(self) -> numpy.ndarray[Any, Any]:
        """Event numbers, graphs and counts: a row a step."""
        table = self._stored_integers.astype("i8")
        table[:, : len(self.outline.events)] += self.event
        return table

    @property
    def _stored_integers(self) -> numpy.ndarray[Any, Any]:
        import numpy

        width = self.outline.integers
        return numpy.frombuffer(self.data, "<i4", self.count * width).reshape(self.count, width)

    @cached_property
    def reals(self) -> numpy.ndarray[Any, Any]:
        """Time, losses, rates, metrics and figures: a row a step."""
        import numpy

        start = 4 * self.count * self.outline.integers
        return numpy.frombuffer(self.data, "<f8", offset=start).reshape(self.count, self.outline.reals)

    @property
    def lasts(self) -> numpy.ndarray[Any, Any]:
        """The last event of each step."""
        # One column alone: a long run is opened by asking each of its blocks for this.
        return self._stored_integers[:, len(self.outline.events) - 1].astype("i8") + self.event

    @property
    def metrics(self) -> dict[str, numpy.ndarray[Any, Any]]:
        """The script's own figures, by name, of each step."""
        start = 1 + self.outline.losses + len(self.outline.rates)
        return {name: self.reals[:, start + place] for place, name in enumerate(self.outline.metrics)}

    @property
    def rates(self) -> list[tuple[str, numpy.ndarray[Any, Any]]]:
        """The learning rates of each step, and whose each is."""
        start = 1 + self.outline.losses
        return [(optimizer, self.reals[:, start + place]) for place, optimizer in enumerate(self.outline.rates)]

    def figures(self, leaf: int) -> numpy.ndarray[Any, Any]:
        """Return the figure of a leaf's gradient in each step."""
        return self.reals[:, self.outline.reals - len(self.outline.leaves) + self.outline.places[leaf]]

    def step(self, number: int) -> LightStep:
        """Return one of its steps."""
        row = number - self.first
        return LightStep(number, self.outline, self.integers[row].tolist(), self.reals[row])


@dataclass(frozen=True)
class LightStep:
    """What was kept of a step in light detail."""

    number: int
    outline: Outline
    _integers: list[int]
    _reals: numpy.ndarray[Any, Any]

    @property
    def events(self) -> list[int]:
        """The numbers of its events."""
        return self._integers[: len(self.outline.events)]

    @property
    def graphs(self) -> list[int]:
        """The graph of each backward; 0 where it was not kept."""
        return self._integers[len(self.outline.events) : -2]

    @property
    def nodes(self) -> int:
        """Autograd's count of the nodes of its backwards."""
        return self._integers[-2]

    @property
    def edges(self) -> int:
        """Autograd's count of the edges of its backwards."""
        return self._integers[-1]

    @property
    def time(self) -> float:
        """Seconds since the run began."""
        return float(self._reals[0])

    @property
    def losses(self) -> list[float]:
        """The scalars at which its backwards began."""
        return self._take(1, self.outline.losses)

    @property
    def rates(self) -> list[float]:
        """The learning rates, of each group of parameters of each optimizer."""
        return self._take(1 + self.outline.losses, len(self.outline.rates))

    @property
    def metrics(self) -> dict[str, float]:
        """The script's own figures at its end."""
        start = 1 + self.outline.losses + len(self.outline.rates)
        values = self._take(start, len(self.outline.metrics))
        return {name: value for name, value in zip(self.outline.metrics, values, strict=True) if not is_absent(value)}

    def figure(self, leaf: int) -> float | None:
        """Return the figure of a leaf's gradient; None where it got none.

        Raises:
            KeyError: the leaf was not known in this step.
        """
        value = float(self._reals[self._reals.size - len(self.outline.leaves) + self.outline.places[leaf]])
        return None if is_absent(value) else value

    @property
    def figures(self) -> numpy.ndarray[Any, Any]:
        """The figures of the gradients of all leaves."""
        return self._reals[self._reals.size - len(self.outline.leaves) :]

    def losses_from(self, start: int) -> list[float]:
        """Return the losses of the backward that begins with an event of the outline."""
        skipped = sum(event.losses for event in self.outline.events[:start])
        return self.losses[skipped : skipped + self.outline.events[start].losses]

    def graph_of(self, start: int) -> int:
        """Return the graph of the backward that begins with an event of the outline."""
        return self.graphs[self.outline.starts.index(start)]

    def _take(self, start: int, count: int) -> list[float]:
        numbers: list[float] = self._reals[start : start + count].tolist()
        return numbers


def absent_mask(numbers: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """Return where the numbers of an array are the one that stands for none."""
    import numpy

    wanted = numpy.frombuffer(_ABSENT_BITS, "<u8")[0]
    return numpy.asarray(numpy.ascontiguousarray(numbers).view("<u8") == wanted)


class Blocks:
    """The blocks of a recording, in order. Grows with it."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._firsts: list[int] = []
        self._outlines: dict[int, Outline] = {}

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def __iter__(self) -> Any:
        return iter(self._blocks)

    @property
    def read_from(self) -> int:
        """The step from which on blocks are to be read again: the first of the last, which may have grown."""
        return self._firsts[-1] if self._firsts else 0

    def read(
        self, outlines: Sequence[tuple[int, str]], rows: Sequence[tuple[int, int, int, int, bytes]]
    ) -> list[Block]:
        """Take rows of the file from `read_from` on, and return them as blocks."""
        self._outlines.update((number, Outline.read(text)) for number, text in outlines)
        if rows and self._firsts and rows[0][0] == self._firsts[-1]:
            self._blocks.pop()
            self._firsts.pop()
        made = []
        for first, count, event, outline, data in rows:
            if outline not in self._outlines or first < (self._firsts[-1] if self._firsts else 1):
                raise RecordingError(_("the recording is damaged: its steps do not follow each other"))
            made.append(Block(first, count, event, self._outlines[outline], data))
            self._blocks.append(made[-1])
            self._firsts.append(first)
        return made

    def forget(self, step: int) -> None:
        """Let go of the blocks before the one that holds a step, for who follows a run and never looks back."""
        index = max(bisect_right(self._firsts, step) - 1, 0)
        del self._blocks[:index], self._firsts[:index]

    @property
    def known_outlines(self) -> int:
        """The last outline that was read."""
        return max(self._outlines, default=0)

    def block_of(self, step: int) -> Block | None:
        """Return the block that holds a step, or None where it is in full detail."""
        index = bisect_right(self._firsts, step) - 1
        if index < 0 or step >= self._firsts[index] + self._blocks[index].count:
            return None
        return self._blocks[index]

    def next_step(self, number: int, direction: int) -> int | None:
        """Return the nearest light step after or before a step, or None."""
        number += direction
        index = bisect_right(self._firsts, number) - 1
        block = self._blocks[index] if index >= 0 else None
        if block is not None and (direction < 0 or number < block.first + block.count):
            return min(number, block.first + block.count - 1)
        return self._firsts[index + 1] if direction > 0 and index + 1 < len(self._firsts) else None

    def step(self, number: int) -> LightStep | None:
        """Return a step, or None where it is in full detail."""
        block = self.block_of(number)
        return block.step(number) if block is not None else None
