"""Where the training steps of a run lie in its file, in full detail or light: found fast, and read when asked for."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast, overload

from graphlab.model import Phase, Span, Step
from graphlab.store.light import Blocks, LightStep, unpack_reals

if TYPE_CHECKING:
    from graphlab.store import Reader


class Steps(Sequence[Step]):
    """All training steps, each read when asked for: opening a recording of 100,000 steps builds none of them."""

    def __init__(self, table: StepTable) -> None:
        self._table = table

    def __len__(self) -> int:
        return self._table.count

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self._table.step(number + 1) for number in range(len(self))[index]]
        return self._table.step(range(len(self))[index] + 1)

    @property
    def ends(self) -> array[int]:
        """The last event of each step that has ended."""
        return self._table.lasts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows


class StepTable:
    """Where each step lies, in full detail or light; grows with the recording.

    Args:
        reader: the recording's file.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.light = Blocks()
        self._lasts = array("q")
        """The last event of each step that has ended."""
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._spans_row: tuple[int, str] = (0, "")
        self._open: Step | None = None
        self._open_spans: list[Span] = []
        self._ended = lru_cache(1024)(self._read_ended)
        self._seen = 0
        """The last event that was found with all before it: events are added, never taken away."""

    @property
    def count(self) -> int:
        """How many steps there are, with the one that is under way."""
        return len(self._lasts) + (self._open is not None)

    @property
    def lasts(self) -> array[int]:
        """The last event of each step that has ended."""
        return self._lasts

    def last_event(self, *, is_running: bool) -> int:
        """Return the last event that can be read, with all before it.

        While a run goes on, the events of its light step under way are not there yet, what it printed since is.
        """
        last = self._reader.number("SELECT MAX(id) FROM events") or 0
        ended = self._lasts[-1] if self._lasts else 0
        if last <= ended or not (self.light or is_running):
            return max(last, ended)
        seen = max(self._seen, ended)
        rows = self._reader.rows("SELECT id FROM events WHERE id > ? ORDER BY id", seen)
        for event, (found,) in enumerate(rows, seen + 1):
            if found != event:
                break
            seen = event
        self._seen = seen
        return seen

    def take_ended(self) -> None:
        """Read the steps of both kinds that have ended since, in order."""
        self._ended.cache_clear()
        known = len(self._lasts)
        query = "SELECT id, last, first, nodes, edges, losses, again FROM steps WHERE id > ? ORDER BY id"
        rows = {row[0]: row for row in self._reader.rows(query, max(self._rows, default=0))}
        self._rows.update(rows)
        blocks = self._reader.light_blocks(self.light)
        if not blocks:
            self._lasts.extend([row[1] for row in rows.values()])
            return
        # A block that has grown comes again as a whole.
        del self._lasts[min(known, blocks[0].first - 1) :]
        begun = {block.first: block for block in blocks}
        number = len(self._lasts) + 1
        while number in self._rows or number in begun:
            if number in begun:
                self._lasts.extend(begun[number].lasts.tolist())
            else:
                self._lasts.append(self._rows[number][1])
            number = len(self._lasts) + 1

    def look_at_open(self, last: int, *, is_running: bool) -> None:
        """Tell the step under way from its events, of which `last` is one."""
        first = self._lasts[-1] + 1 if self._lasts else 1
        losses, again = self._losses(first, last)
        counts = "SELECT TOTAL(LENGTH(nodes) / 4), TOTAL(edges) FROM backwards WHERE event >= ?"
        nodes, edges = map(int, self._reader.row(counts, first))
        self._open = None
        if first <= last and (losses or not self._lasts):
            self._open = Step(len(self._lasts) + 1, first, last, losses, nodes, edges, again)
        self._open_spans = self._tell_spans(first, last, is_running=is_running) if first <= last else []

    def step(self, number: int) -> Step:
        """Return a step."""
        if number > len(self._lasts):
            assert self._open is not None
            return self._open
        return self._ended(number)

    def _read_ended(self, number: int) -> Step:
        light = self.light.step(number)
        first = self._lasts[number - 2] + 1 if number > 1 else 1
        if light is None:
            row = self._rows[number]
            again = frozenset(map(int, row[6].split(","))) if row[6] else frozenset()
            return Step(number, first, row[1], tuple(unpack_reals(row[5])), row[3], row[4], again)
        begun = [event for event in light.outline.events if event.kind == "backward_start"]
        marks = [event.again for event in begun for _ in range(event.losses)]
        again = frozenset(index for index, is_again in enumerate(marks) if is_again)
        return Step(
            number, first, light.events[-1], tuple(light.losses), light.nodes, light.edges, again, detail="light"
        )

    def number_at(self, moment: int) -> int:
        """Return the number of the step that a moment lies in; of what comes after all steps the last."""
        return max(min(bisect_left(self._lasts, moment) + 1, self.count), 1)

    def losses(self) -> list[float | None]:
        """Return the loss of every step."""
        found: list[float | None] = []
        for block in self.light:
            found += [self.step(number).loss for number in range(len(found) + 1, block.first)]
            outline = block.outline
            if outline.losses == 1:
                found += block.reals[:, 1].tolist()
            else:
                found += [self.step(number).loss for number in range(block.first, block.first + block.count)]
        return found + [self.step(number).loss for number in range(len(found) + 1, self.count + 1)]

    # -- spans -----------------------------------------------------------------------------------------------------

    def spans_of(self, number: int) -> list[Span]:
        """Return the spans of a step; those of the last with what came after it."""
        spans = self._spans_of_ended(number) if number <= len(self._lasts) else []
        if number >= len(self._lasts):
            spans += [span for span in self._open_spans if number in {span.step, self.count}]
        return spans

    def _spans_of_ended(self, number: int) -> list[Span]:
        first = self._lasts[number - 2] + 1 if number > 1 else 1
        light = self.light.step(number)
        if light is not None:
            marks = _light_marks(light)
        else:
            if self._spans_row[0] != number:
                text = self._reader.row("SELECT spans FROM steps WHERE id = ?", number)[0]
                self._spans_row = (number, text)
            words = self._spans_row[1].split()
            marks = list(zip(words[::2], map(int, words[1::2]), strict=True))
        return _make_spans(first, number, marks)

    def _losses(self, first: int, last: int) -> tuple[tuple[float, ...], frozenset[int]]:
        query = "WHERE kind = 'backward_start' AND id BETWEEN ? AND ? ORDER BY id"
        rows = self._reader.events(query, first, last)
        found = [(float(loss), bool(row[8].get("again"))) for row in rows for loss in row[8].get("losses", ())]
        again = frozenset(index for index, (_, is_again) in enumerate(found) if is_again)
        return tuple(loss for loss, _ in found), again

    def _tell_spans(self, first: int, end: int, *, is_running: bool) -> list[Span]:
        """Tell step and phase of the events after the last step: the run goes on, or was cut off, or has ended."""
        number = len(self._lasts) + 1
        written = self._reader.spans()
        spans = [span for span in written if span.first >= first]
        if not spans and self._open is None and not is_running:
            return [Span(first, end, max(number - 1, 1), "setup")]
        last = spans[-1] if spans else Span(0, first - 1, number, "setup")
        first = last.last + 1
        if first > end:
            return spans
        if last.phase in {"backward", "update"}:
            update = self._reader.number("SELECT MAX(id) FROM events WHERE kind = 'update' AND id >= ?", first)
            if update is not None:
                spans.append(Span(first, update, number, "update"))
                first, number = update + 1, number + 1
        forward = "SELECT MIN(id) FROM events WHERE kind = 'op' AND node > 0 AND id >= ?"
        backward = "SELECT MAX(id) FROM events WHERE kind = 'backward_start' AND id >= ?"
        marks: list[tuple[int | None, Phase]] = [
            (first, "setup"),
            (self._reader.number(forward, first), "forward"),
            (self._reader.number(backward, first), "backward"),
        ]
        starts = [(event, phase) for event, phase in marks if event is not None and event <= end]
        for index, (event, phase) in enumerate(starts):
            until = starts[index + 1][0] - 1 if index + 1 < len(starts) else end
            if event <= until:
                spans.append(Span(event, until, number, phase))
        return spans


def _light_marks(light: LightStep) -> list[tuple[str, int]]:
    """Return the phases of a light step, each with its last event."""
    marks: list[tuple[str, int]] = []
    for event, outlined in zip(light.events, light.outline.events, strict=True):
        if outlined.kind == "backward_start":
            marks.append(("setup", event - 1))
        else:
            marks.append(("backward" if outlined.kind == "backward_end" else "update", event))
    return marks


def _make_spans(first: int, step: int, marks: Sequence[tuple[str, int]]) -> list[Span]:
    spans = []
    for phase, last in marks:
        if last >= first:
            spans.append(Span(first, last, step, cast("Phase", phase)))
            first = last + 1
    return spans
