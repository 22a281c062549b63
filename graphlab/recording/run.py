"""A run as its readers see it: events, steps, variables, tensors and gradients, each as of a moment.

Explorer, exporters and reports ask a `Recording`; it asks the store. Everything here is derived from facts in the
file, lazily: opening a long recording reads none of its events.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from graphlab.errors import UsageError
from graphlab.model import (
    LEAF_KINDS,
    Change,
    Event,
    LeafGradient,
    Node,
    ParameterState,
    Phase,
    RunFacts,
    Snapshot,
    SourceFile,
    Span,
    Step,
    Tensor,
    Variable,
)
from graphlab.recording import messages
from graphlab.recording.facts import read_facts
from graphlab.recording.light import LightReader
from graphlab.recording.shown import ShownInNotebooks
from graphlab.recording.steps import (
    is_large,
    last_backward_end,
    read_metrics,
    read_step_gradients,
    read_step_metrics,
    read_step_parameters,
)
from graphlab.recording.table import Steps, StepTable
from graphlab.recording.variables import bindings_before, bindings_of, names_of_frame, read_names, read_variables
from graphlab.scenario import in_language, parse_source
from graphlab.store import Reader
from graphlab.store.reader import make_change, make_event
from graphlab.structure import Structure, read_structure

if TYPE_CHECKING:
    import os

    from graphlab.graph.shown import Graph
    from graphlab.recording.packed import PackedGraph

_P = ParamSpec("_P")
_T = TypeVar("_T")


def open_recording(path: str | os.PathLike[str]) -> Recording:
    """Open a recording, also one that is still being written.

    Raises:
        RecordingError: it is missing, damaged, no recording, or of a newer format.
    """
    return Recording(Reader(Path(path)))


class Events(Sequence[Event]):
    """All events of a recording, read when asked for. `events[0]` is event 1, as lists count."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def __len__(self) -> int:
        return self._recording.event_count

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [self._recording.event(number + 1) for number in range(len(self))[index]]
        return self._recording.event(range(len(self))[index] + 1)


class Recording(ShownInNotebooks):
    """What one run left. Moments are event numbers: at moment k the events 1..k have happened."""

    facts: RunFacts
    event_count: int
    steps: Steps
    """All training steps; the last may be under way."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.path = reader.path
        self._table = StepTable(reader)
        self.steps = Steps(self._table)
        self.light = LightReader(self, self._table.light)
        self._caches: list[Any] = []
        self.event = self._cached(self._event, 4096)
        self.node = self._cached(self._node, 65_536)
        self.structure = self._cached(self._structure, 8)
        self.packed = self._cached(self._packed, 2)
        self.is_large = self._cached(partial(is_large, self), 64)
        self.variables = self._cached(self._variables, 64)
        self.names = self._cached(self._names, 64)
        self.names_of_frame = self._cached(partial(names_of_frame, self), 64)
        self.bindings_of = self._cached(partial(bindings_of, self), 64)
        self.bindings_before = self._cached(partial(bindings_before, self), 4)
        self.metrics = self._cached(partial(read_metrics, self), 1)
        self.spans_of = self._cached(self._table.spans_of, 64)
        self.snapshot = lru_cache(2048)(self._snapshot)
        self.scenario = parse_source("", "")
        self.files: list[SourceFile] = []
        self.event_count = -1
        self.refresh()

    def __repr__(self) -> str:
        facts = self.facts
        steps = len(self.steps)
        return f"<Recording {facts.scenario}: {facts.status}, {self.event_count} events, {steps} steps, {self.path}>"

    def _cached(self, function: Callable[_P, _T], size: int) -> Callable[_P, _T]:
        """Remember answers until the recording grows."""
        cache = lru_cache(size)(function)
        self._caches.append(cache)
        return cast("Callable[_P, _T]", cache)

    # -- the run as a whole ---------------------------------------------------------------------------------------

    def refresh(self) -> bool:
        """Look what has been added since; True if there was anything.

        Raises:
            RecordingError: the file is damaged or gone.
        """
        with self.reader.session():
            meta = self.reader.meta()
            facts = read_facts(meta)
            is_running = facts.is_unfinished
            self._table.take_ended()
            count = self._table.last_event(is_running=is_running)
            is_same = count == self.event_count and facts == getattr(self, "facts", None)
            self.notes: list[str] = meta.get("notes", [])
            self.facts = facts
            self.has_values: bool = meta.get("values", True)
            self.origin: dict[str, Any] | None = meta.get("origin")
            if is_same:
                return False
            self.event_count = count
            self._read_files()
            self._table.look_at_open(count, is_running=is_running)
        for cache in self._caches:
            cache.cache_clear()
        if facts.status != "running":
            self.reader.keep_open()
        return True

    def _read_files(self) -> None:
        files = self.reader.files()
        if files and files != self.files:
            self.scenario = in_language(parse_source(files[0].text, self.facts.script, is_lenient=True))
        self.files = files

    @property
    def is_running(self) -> bool:
        """Whether the run had not ended when the recording was last looked at."""
        return self.facts.status == "running"

    @property
    def title(self) -> str:
        """The scenario's title, or what the run is called where it has none: a notebook's cell is a numbered file."""
        title = self.scenario.title
        return title if title and title != self.scenario.name else self.facts.scenario

    @property
    def events(self) -> Events:
        """All events, as a sequence."""
        return Events(self)

    @property
    def losses(self) -> list[float | None]:
        """The loss of every step."""
        return self._table.losses()

    @property
    def spans(self) -> list[Span]:
        """Step and phase of every event, in order and without gaps, up to the last event."""
        return [span for number in range(1, len(self.steps) + 1) for span in self.spans_of(number)]

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Answer all questions of a block from one state of the file (and, while it grows, much faster)."""
        with self.reader.session():
            yield

    def close(self) -> None:
        """Let go of the file."""
        self.reader.close()

    # -- events, and finding one's way among them -----------------------------------------------------------------

    def _event(self, number: int) -> Event:
        if rows := self.reader.events("WHERE id = ?", number):
            return self._make_event(rows[0])
        event = self.light.event(number) if 1 <= number <= self.event_count else None
        if event is None:
            raise UsageError(messages.NO_EVENT.format(number=number, last=self.event_count))
        return event

    def _make_event(self, row: tuple[Any, ...]) -> Event:
        span = self.span_of(row[0])
        return make_event(row, span.step, span.phase)

    def find_events(self, where: str, *values: Any) -> list[Event]:
        """Return the events for which an SQL condition on the columns of `events` holds; light steps have no rows."""
        return [self._make_event(row) for row in self.reader.events(f"WHERE {where}", *values)]

    def events_between(self, first: int, last: int, kinds: Sequence[str] = ()) -> list[Event]:
        """Return the events from one to another, of some kinds, in order."""
        picked = f"kind IN ({', '.join('?' * len(kinds))}) AND " if kinds else ""
        found = self.find_events(f"{picked}id BETWEEN ? AND ? ORDER BY id", *kinds, first, last)
        light = self.light.events_between(first, last, kinds)
        return sorted([*found, *light], key=lambda event: event.id) if light else found

    def next_event(self, moment: int, kinds: Sequence[str] = (), *, back: bool = False) -> int | None:
        """Return the number of the nearest event after (or before) a moment, of some kinds, or None."""
        picked = f"kind IN ({', '.join('?' * len(kinds))}) AND " if kinds else ""
        light = self.light.next_event(moment, kinds, -1 if back else 1)
        best, sign = ("MAX", "<") if back else ("MIN", ">")
        row = self.reader.number(f"SELECT {best}(id) FROM events WHERE {picked}id {sign} ?", *kinds, moment)
        known = [event for event in (row, light) if event is not None and event <= self.event_count]
        return (max if back else min)(known, default=None)

    def number_at(self, moment: int) -> int:
        """Return the number of the step that a moment lies in; of what comes after all steps the last."""
        return self._table.number_at(moment)

    def span_of(self, moment: int) -> Span:
        """Return the span that an event lies in; for moment 0 the first."""
        spans = self.spans_of(self.number_at(moment)) if self.steps else []
        if not spans:
            return Span(0, 0, 1, "setup")
        return spans[max(bisect_right(spans, moment, key=lambda span: span.first) - 1, 0)]

    def next_span(self, moment: int, *, back: bool = False, phase: Phase | None = None) -> int | None:
        """Return where the nearest span (of a phase) after or before a moment begins, or None."""
        number = self.number_at(moment)
        while 1 <= number <= len(self.steps):
            starts = [span.first for span in self.spans_of(number) if phase is None or span.phase == phase]
            beyond = [start for start in starts if (start < moment if back else start > moment)]
            if beyond:
                return beyond[-1] if back else beyond[0]
            number += -1 if back else 1
        return None

    def step_of(self, moment: int) -> Step:
        """Return the step that a moment lies in.

        Raises:
            UsageError: nothing was recorded.
        """
        if not self.steps:
            raise UsageError(messages.NO_EVENTS)
        return self.steps[self.number_at(moment) - 1]

    def step(self, number: int) -> Step:
        """Return a step by its number.

        Raises:
            UsageError: there is none.
        """
        if not 1 <= number <= len(self.steps):
            raise UsageError(messages.NO_STEP.format(number=number, count=len(self.steps)))
        return self.steps[number - 1]

    def moment(
        self, *, at: int | None = None, step: int | None = None, phase: Phase | None = None, line: int | None = None
    ) -> int:
        """Find the moment that these words mean: an event, the end of a step or phase, or when a line last ended.

        Raises:
            UsageError: there is no such event, step, phase or line.
        """
        if at is not None:
            if not 0 <= at <= self.event_count:
                raise UsageError(messages.NO_MOMENT.format(number=at, last=self.event_count))
            return at
        first, last = 1, self.event_count
        if step is not None:
            chosen = self.step(step)
            first, last = chosen.first, chosen.last
        elif phase is not None and self.steps:
            chosen = self.steps[-1]
            first, last = chosen.first, chosen.last
        if phase is not None and self.steps:
            ends = [span.last for span in self.spans_of(self.number_at(last)) if span.phase == phase]
            if not ends:
                raise UsageError(messages.NO_PHASE.format(phase=phase))
            last = min(ends[-1], last)
        if line is not None:
            found = self.reader.number(
                "SELECT MAX(id) FROM events WHERE kind = 'line' AND line = ? AND file = 1 AND id BETWEEN ? AND ?",
                line, first, last,
            )  # fmt: skip
            if found is None:
                raise UsageError(messages.NO_LINE.format(line=line))
            return found
        return last

    # -- tensors ---------------------------------------------------------------------------------------------------

    def _snapshot(self, number: int | None) -> Snapshot | None:
        return None if number is None else self.reader.snapshot(number)

    def _node(self, number: int) -> Node:
        nodes = self.reader.nodes("WHERE id = ?", number)
        if not nodes:
            raise UsageError(messages.NO_NODE.format(number=number))
        return nodes[0]

    def _structure(self, step: int) -> Structure:
        with self.reading():
            light = self.light.structure(step)
            return light or read_structure(self.reader, self.steps[step - 1], self.spans_of(step))

    def _packed(self, step: int) -> PackedGraph:
        """Read the graph of a step as columns: what `structure` gives, for any size."""
        from graphlab.recording.packed import PackedGraph

        return PackedGraph(self, step)

    def value_tensor(self, node: int, moment: int) -> Tensor | None:
        """Return the state that a node's tensor had at a moment, or None if it was not made yet or not kept."""
        where = "WHERE node = ? AND event <= ? AND label = ''"
        # A parameter has a state for each step: the index leads to the last one where nothing else is sorted by first.
        tensors = self.reader.tensors(f"{where} AND output = 0 ORDER BY event DESC, id DESC LIMIT 1", node, moment)
        tensors = tensors or self.reader.tensors(f"{where} ORDER BY output, event DESC, id DESC LIMIT 1", node, moment)
        return tensors[0] if tensors else None

    def value(self, node: int, moment: int) -> Snapshot | None:
        """Return the forward value of a node as of a moment."""
        tensor = self.value_tensor(node, moment)
        event, number = (tensor.event, tensor.snapshot) if tensor is not None else (0, None)
        if self.light.blocks and self.node(node).kind == "parameter":
            event, number = max((event, number), self.light.value_of(node, moment), key=lambda pair: pair[0])
            number = None if self.light.has_moved(event, moment) else number
        return self.snapshot(number)

    def gradient(self, node: int, moment: int) -> Snapshot | None:
        """Return the gradient of a node as of a moment: a leaf's `.grad`, else the upstream gradient of its output.

        None where none has come yet, and where a None came; `has_gradient` tells the two apart.
        """
        if self.node(node).kind in LEAF_KINDS:
            row = self._leaf_row(node, moment)
            light = self.light.leaf_gradient(node, moment, after=row[1] if row else 0)
            return light[0] if light else self.snapshot(row[0]) if row else None
        return self.edge_gradient(node, self._output_slot(node), moment)

    def has_gradient(self, node: int, moment: int) -> bool:
        """Whether the backward has reached a node as of a moment, even with None."""
        if self.node(node).kind in LEAF_KINDS:
            row = self._leaf_row(node, moment)
            return row is not None or self.light.leaf_gradient(node, moment, after=0) is not None
        slot = self._output_slot(node)
        is_row = self._edge_row(node, slot, moment) is not None
        return is_row or self.light.edge_norm(node, slot, moment) is not None

    def _output_slot(self, node: int) -> int:
        return 0 if self.node(node).kind == "output" else -1

    def _leaf_row(self, node: int, moment: int) -> Any:
        return self.reader.row(
            "SELECT after, event FROM changes WHERE node = ? AND what = 'grad' AND event <= ? "
            "ORDER BY event DESC LIMIT 1",
            node, moment,
        )  # fmt: skip

    def edge_gradient(self, target: int, slot: int, moment: int) -> Snapshot | None:
        """Return the gradient that had flowed back along an edge (slot -1 - n: into output n) as of a moment."""
        row = self._edge_row(target, slot, moment)
        return self.snapshot(row[0]) if row else self.light.edge_norm(target, slot, moment)

    def _edge_row(self, node: int, slot: int, moment: int) -> Any:
        return self.reader.row(
            "SELECT snapshot FROM gradients WHERE node = ? AND slot = ? AND event <= ? ORDER BY event DESC LIMIT 1",
            node, slot, moment,
        )  # fmt: skip

    def inputs(self, event: int) -> list[Tensor]:
        """Return the tensors that an op read, in the order of its arguments."""
        rows = self.reader.rows("SELECT tensor FROM uses WHERE event = ? ORDER BY position", event)
        return [self.tensor(number) for (number,) in rows]

    def outputs(self, event: int) -> list[Tensor]:
        """Return the tensors that an op made or changed; none where it ran before anything was recorded (event 0)."""
        numbers = self.event(event).details.get("outputs", ()) if event else ()
        return [self.tensor(number) for number in numbers]

    def tensor(self, number: int) -> Tensor:
        """Return a state of a tensor by its number."""
        return self.reader.tensor(number)

    def next_use(self, tensor_object: int, moment: int) -> int | None:
        """Return the next op after a moment that reads a tensor, or None."""
        return self.reader.number(
            "SELECT MIN(u.event) FROM uses u JOIN tensors t ON t.id = u.tensor WHERE t.object = ? AND u.event > ?",
            tensor_object, moment,
        )  # fmt: skip

    def changes(self, event: int, most: int = -1) -> list[Change]:
        """Return what an event changed in leaves, `.grad` or values; where `most` is given, only so many."""
        rows = self.reader.changes("WHERE event = ? ORDER BY node LIMIT ?", event, most)
        return [self._make_change(row) for row in rows]

    def changes_of(self, node: int, what: str, first: int, last: int) -> list[Change]:
        """Return the changes of a leaf's `grad` or `value` between two events, in order."""
        rows = self.reader.changes(
            "WHERE node = ? AND what = ? AND event BETWEEN ? AND ? ORDER BY event", node, what, first, last
        )
        return [self._make_change(row) for row in rows]

    def _make_change(self, row: tuple[Any, ...]) -> Change:
        return make_change(row, self.snapshot(row[3]), self.snapshot(row[4]), self.snapshot(row[5]))

    def saved(self, node: int) -> list[tuple[str, str, str]]:
        """Return name, shape (`20x10`) and dtype of each tensor that a grad_fn keeps for its backward."""
        rows = self.reader.rows("SELECT name, shape, dtype FROM saved WHERE node = ? ORDER BY name", node)
        return [(row[0], row[1], row[2]) for row in rows]

    # -- variables and steps ---------------------------------------------------------------------------------------

    def _variables(self, moment: int) -> list[Variable]:
        with self.reading():
            return read_variables(self, moment)

    def _names(self, moment: int) -> dict[int, list[str]]:
        with self.reading():
            return read_names(self, moment)

    def last_backward_end(self, step: Step) -> int:
        """Return the event at which the step's last backward ended, or the step's end."""
        return last_backward_end(self, step)

    def step_gradients(self, number: int) -> list[LeafGradient]:
        """Return each leaf's `.grad` when the step's last backward had ended; None where it got none."""
        with self.reading():
            return read_step_gradients(self, self.step(number))

    def step_parameters(self, number: int) -> list[ParameterState]:
        """Return each parameter at the end of a step, and how far the step moved it."""
        with self.reading():
            return read_step_parameters(self, self.step(number))

    def step_metrics(self, number: int) -> dict[str, float]:
        """Return the script's own figures at the end of a step, by variable: those that change over the steps."""
        return read_step_metrics(self, self.step(number))

    @property
    def graph_count(self) -> int:
        """How many distinct graphs the run's backwards ran through."""
        return self.reader.number("SELECT COUNT(*) FROM graphs") or 0

    def torchviz(self, moment: int) -> str | None:
        """Return torchviz's own DOT text of the graph of the last backward that began by a moment of its step."""
        if not self.steps:
            return None
        step = self.step_of(moment)
        row = self.reader.row(
            "SELECT g.torchviz FROM backwards b JOIN graphs g ON g.id = b.graph "
            "WHERE b.event BETWEEN ? AND ? ORDER BY b.event <= ? DESC, b.event DESC LIMIT 1",
            step.first, step.last, moment,
        )  # fmt: skip
        return row[0] if row else None

    # -- views built on top ----------------------------------------------------------------------------------------

    def graph(
        self,
        *,
        at: int | None = None,
        step: int | None = None,
        phase: Phase | None = None,
        line: int | None = None,
        future: bool = False,
    ) -> Graph:
        """Return the graph at a moment (default: the end), with values and gradients as of then.

        Raises:
            UsageError: there is no such event, step, phase or line.
        """
        from graphlab.graph import build_graph

        return build_graph(self, self.moment(at=at, step=step, phase=phase, line=line), has_future=future)
