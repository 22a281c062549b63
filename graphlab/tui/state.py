"""What the explorer shows, as a plain object: recording, cursor, stride, selection, jumps, marks.

Free of textual: every decision about where a key leads is made here, and tested here. Widgets show it and are told of
changes through `watch`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from graphlab.model import LEAF_KINDS
from graphlab.recording import made_name
from graphlab.tui import messages, places
from graphlab.tui.arrivals import Arrivals
from graphlab.tui.box_book import BoxBook
from graphlab.tui.bulk import edges_of, leaf_lines_of
from graphlab.tui.comparing import Comparing
from graphlab.tui.find import find_place, nearest
from graphlab.tui.gradient_book import GradientBook
from graphlab.tui.lane_table import LaneBook
from graphlab.tui.lit import Lighting
from graphlab.tui.plain_tensor import plain_snapshot, plain_tensor
from graphlab.tui.search import Search
from graphlab.tui.values import is_read_at_once

if TYPE_CHECKING:
    from graphlab.model import Change, Edge, Event, Node, Snapshot, Step
    from graphlab.recording import Recording

Stride = Literal["line", "op", "event"]
TensorView = Literal["heat", "numbers", "histogram"]

_MOST_LISTED = 4000
_TENSOR_VIEWS: tuple[TensorView, ...] = ("heat", "numbers", "histogram")


@dataclass(frozen=True, slots=True)
class EdgeChoice:
    """An edge that was selected."""

    target: int
    slot: int


class ExplorerState:
    """One person's look at one recording."""

    def __init__(self, recording: Recording, *, at: int | None = None) -> None:
        self.recording = recording
        self.moment = min(max(at or 0, 0), recording.event_count)
        self.stride: Stride = "line"
        self.selected: int | EdgeChoice | None = None
        """A node or an edge that was selected; None: what the cursor's event made."""
        self.marks: list[int] = []
        self.tensor_view: TensorView | None = None
        """How tensors are shown; None until the person has chosen: few elements as numbers, many as a heat map."""
        self.is_playing = False
        self.speed = 4.0
        """Stops a second while playing."""
        self.search = Search(recording)
        self.comparing = Comparing(self)
        self.jumps: list[int] = []
        self.notice = ""
        """What to tell the person about the last key, once."""
        self._watchers: list[Callable[[], None]] = []
        self.place = lru_cache(64)(self._place)
        self.lane_book = LaneBook(self)
        self.box_book = BoxBook(self)
        self.lighting = Lighting(self)
        self.gradients = GradientBook(self)

    # -- who looks on ----------------------------------------------------------------------------------------------

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call a function after every change."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Stop calling it."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def changed(self) -> None:
        """Tell everybody who looks on."""
        for watcher in list(self._watchers):
            watcher()

    def tell(self, text: str) -> None:
        """Leave a word for the person, and have it shown."""
        self.notice = text
        self.changed()

    # -- where the cursor is ---------------------------------------------------------------------------------------

    @property
    def event(self) -> Event | None:
        """The event that just happened."""
        return self.recording.event(self.moment) if self.moment else None

    @property
    def last(self) -> int:
        """The last moment there is so far."""
        return self.recording.event_count

    @property
    def is_at_end(self) -> bool:
        """Whether nothing comes after the cursor (so far)."""
        return self.moment >= self.last

    @property
    def step(self) -> Step | None:
        """The training step that the cursor is in."""
        return self._step(self.moment, self.last)

    @lru_cache(16)  # noqa: B019 - a state lives as long as the app
    def _step(self, moment: int, count: int) -> Step | None:
        # A picture asks for it hundreds of times, and a light step is put together from its block each time.
        return self.recording.step_of(moment) if self.recording.steps else None

    @property
    def recent(self) -> range:
        """The events that the last step of the cursor passed: what they made is marked as new."""
        return self._recent(self.moment, self.stride, self.last)

    @lru_cache(64)  # noqa: B019 - a state lives as long as the app
    def _recent(self, moment: int, stride: Stride, count: int) -> range:
        return range(places.previous_stop(self, moment) + 1, moment + 1)

    def _place(self, moment: int, stride: Stride, count: int) -> places.Place:
        return places.find_place_in_source(self, moment)

    @property
    def here(self) -> places.Place:
        """The lines of the source that the cursor stands at."""
        return self.place(self.moment, self.stride, self.last)

    @lru_cache(32)  # noqa: B019 - a state lives as long as the app
    def stops(self, first: int, last: int, stride: Stride, count: int) -> list[Event] | None:
        """Return the stops of a stride between two events; None where there are too many to list."""
        return places.stops_between(self, first, last) if last - first < _MOST_LISTED else None

    # -- moving ----------------------------------------------------------------------------------------------------

    def go(self, moment: int, *, is_jump: bool = True) -> None:
        """Put the cursor somewhere; a jump can be taken back."""
        moment = min(max(moment, 0), self.last)
        if moment == self.moment:
            self.changed()
            return
        if is_jump:
            self.jumps.append(self.moment)
            del self.jumps[:-200]
        old = self.step
        self.moment = moment
        if old is not None and self.step is not None and self.step.step != old.step:
            self.selected = places.same_choice(self.recording, self.selected, old.step, self.step.step)
        self.changed()

    def next(self) -> None:
        """Go to the next stop."""
        if self.is_at_end:
            self.tell(messages.AT_END)
        else:
            self.go(places.next_stop(self, self.moment), is_jump=False)

    def previous(self) -> None:
        """Go to the stop before."""
        if self.moment == 0:
            self.tell(messages.AT_START)
        else:
            self.go(places.previous_stop(self, self.moment), is_jump=False)

    def first(self) -> None:
        """Go to before the first event."""
        self.go(0)

    def go_last(self) -> None:
        """Go to after the last event."""
        self.go(self.last)

    def turn_stride(self) -> None:
        """Take the next kind of stride."""
        order: tuple[Stride, ...] = ("line", "op", "event")
        self.stride = order[(order.index(self.stride) + 1) % len(order)]
        self.tell(messages.STRIDE_IS.format(stride=messages.STRIDES[self.stride]))

    def phase(self, direction: int) -> None:
        """Go to the beginning of the next (or this, or the previous) phase or chapter."""
        self.go(places.phase_stop(self, direction))

    def training_step(self, direction: int) -> None:
        """Go to the same place in another training step."""
        step = self.step
        if step is None:
            self.tell(messages.NO_STEPS)
            return
        number = step.step + direction
        if not 1 <= number <= len(self.recording.steps):
            self.tell(messages.NO_SUCH_STEP.format(step=number, last=len(self.recording.steps)))
            return
        self.go_to_step(number)

    def go_to_step(self, number: int) -> None:
        """Go to a training step, at the place in it where the cursor stands in this one."""
        self.go(places.same_place(self, self.recording.step(number)))

    def jump_back(self) -> None:
        """Go back to where the last jump began."""
        if not self.jumps:
            self.tell(messages.NO_JUMP)
            return
        self.go(self.jumps.pop(), is_jump=False)

    def go_to(self, text: str) -> bool:
        """Go to a place that a person named; False (and a notice) where there is none."""
        found = find_place(self, text)
        if isinstance(found, str):
            self.tell(found)
            return False
        self.go(found.moment)
        if found.node is not None:
            self.choose(found.node)
        return True

    def go_to_line(self, file: int, line: int) -> None:
        """Go to where a line ended next (from the start again where it does not run any more)."""
        found = nearest(self, "kind = 'line' AND file = ? AND line = ?", [file, line], 1)
        if found is None:
            self.tell(messages.NO_SUCH_LINE.format(line=line))
        else:
            self.go(found)

    def find(self, text: str) -> None:
        """Search, and go to the first match from the cursor on."""
        self.search.ask(text)
        self.match(1)

    def match(self, direction: int) -> None:
        """Go to the next match of the search, or the one before; over the end it starts again."""
        self.search.go(self, direction)

    # -- selecting -------------------------------------------------------------------------------------------------

    @property
    def selected_node(self) -> int | None:
        """The node that is looked at: the selected one, or the one that the cursor's event made or reached."""
        if isinstance(self.selected, EdgeChoice):
            return self.selected.target
        if self.selected is not None:
            return self.selected
        return self._current_node(self.moment, self.stride, self.last)

    @lru_cache(64)  # noqa: B019 - a state lives as long as the app
    def _current_node(self, moment: int, stride: Stride, count: int) -> int | None:
        return places.current_node(self, moment)

    def choose(self, choice: int | EdgeChoice | None) -> None:
        """Select a node or an edge; None lets go, so that the inspector follows the cursor."""
        self.selected = choice
        self.changed()

    def release(self) -> None:
        """Let go of selection, marks, and what a search or a comparison has marked."""
        self.selected = None
        self.search.is_shown = False
        self.comparing.clear()
        self.marks.clear()
        self.changed()

    def enter_node(self) -> None:
        """Move the cursor to where the selected node was made."""
        node = self.selected_node
        if node is not None and self.node(node).event:
            self.go(self.node(node).event)
        else:
            self.tell(messages.NO_SELECTION if node is None else messages.NOT_KNOWN_WHERE)

    def where_made(self) -> None:
        """Go to the event that made the value that is looked at."""
        node = self.selected_node
        event = places.made_at(self, node) if node is not None else None
        if event is None:
            self.tell(messages.NO_SELECTION if node is None else messages.NOT_KNOWN_WHERE)
            return
        self._keep_in_sight(node)
        self.go(event)

    def next_use(self) -> None:
        """Go to the next event that uses the value that is looked at, or brings its gradient."""
        node = self.selected_node
        event = places.next_use(self, node) if node is not None else None
        if event is None:
            self.tell(messages.NO_SELECTION if node is None else messages.NO_USE)
            return
        self._keep_in_sight(node)
        self.go(event)

    def _keep_in_sight(self, node: int | None) -> None:
        """Select what was looked at, so that a jump does not lose it."""
        if self.selected is None:
            self.selected = node

    @property
    def next_tensor_view(self) -> TensorView:
        """What follows in the order of heat map, numbers, histogram."""
        snapshot = None
        if self.tensor_view is None:
            plain, node = plain_tensor(self), self.selected_node
            if plain is not None:
                snapshot = plain_snapshot(self, plain)
            elif node is not None:
                snapshot = self.value(node)
        return _TENSOR_VIEWS[(_TENSOR_VIEWS.index(self.view_of(snapshot)) + 1) % len(_TENSOR_VIEWS)]

    def view_of(self, snapshot: Snapshot | None) -> TensorView:
        """Return how a tensor is shown: as the person chose, else by how many elements it has."""
        if self.tensor_view is not None:
            return self.tensor_view
        return "numbers" if snapshot is not None and is_read_at_once(snapshot) else "heat"

    def turn_tensor_view(self) -> None:
        """Show tensors in the next way."""
        self.tensor_view = self.next_tensor_view
        self.changed()

    @property
    def is_large(self) -> bool:
        """Whether the cursor's step has more nodes than there can be objects."""
        return self.step is not None and self.recording.is_large(self.step.step)

    def line_of(self, node: Node) -> int | None:
        """Return the line that made a node: that of its event, for a leaf may be noticed only when it is used."""
        if self.step is not None and self.step.detail == "light" and node.kind == "op":
            return None  # no line was followed: it is found with the backward
        return (self.recording.event(node.event).line if node.event else None) or node.line

    def node(self, number: int) -> Node:
        """Return a node as the cursor's step has it: light steps that repeat a graph share its nodes."""
        step = self.step
        if step is None or step.detail == "full":
            return self.recording.node(number)
        if self.is_large:
            return self.recording.packed(step.step).node(number)
        return self.recording.structure(step.step).nodes.get(number) or self.recording.node(number)

    def edges_into(self, node: int) -> list[Edge]:
        """Return the edges into a node, in the order of their slots."""
        if self.step is None:
            return []
        return edges_of(self, node) if self.is_large else self._edges_into(self.step.step, self.last).get(node, [])

    @lru_cache(8)  # noqa: B019 - a state lives as long as the app
    def _edges_into(self, step: int, count: int) -> dict[int, list[Edge]]:
        found: dict[int, list[Edge]] = {}
        for edge in self.recording.structure(step).edges:
            found.setdefault(edge.target, []).append(edge)
        return found

    def value(self, node: int) -> Snapshot | None:
        """Return a node's forward value at the cursor."""
        return self._value(node, self.moment, self.last)

    @lru_cache(256)  # noqa: B019 - a state lives as long as the app
    def _value(self, node: int, moment: int, count: int) -> Snapshot | None:
        return self.recording.value(node, moment)

    def gradient(self, node: int) -> Snapshot | None:
        """Return a node's gradient at the cursor."""
        return self._gradient(node, self._latest(node), self.last)

    def _latest(self, node: int) -> int:
        """Return a moment at which a node's gradients were as at the cursor, the same as long as may be."""
        step = self.step
        if step is None or step.detail == "light" or self.is_large or not step.first <= self.moment <= step.last:
            return self.moment
        return self._arrivals(step.step, self.last).latest(node, self.moment)

    @lru_cache(4)  # noqa: B019 - a state lives as long as the app
    def _arrivals(self, step: int, count: int) -> Arrivals:
        return Arrivals(self.recording, self.recording.step(step))

    @lru_cache(1024)  # noqa: B019 - a state lives as long as the app
    def _gradient(self, node: int, moment: int, count: int) -> Snapshot | None:
        return self.recording.gradient(node, moment)

    def changes(self, event: int) -> list[Change]:
        """Return what an event changed in leaves."""
        kinds = {"accumulate", "update", "zero_grad", "unscale", "clip"}
        return self.recording.changes(event) if self.recording.event(event).kind in kinds else []

    def has_edge_gradient(self, target: int, slot: int) -> bool:
        """Whether a gradient has flowed back along an edge at the cursor."""
        return self._has_edge_gradient(target, slot, self._latest(target), self.last)

    @lru_cache(4096)  # noqa: B019 - a state lives as long as the app
    def _has_edge_gradient(self, target: int, slot: int, moment: int, count: int) -> bool:
        return self.recording.edge_gradient(target, slot, moment) is not None

    def has_gradient(self, node: int) -> bool:
        """Whether a gradient of a node is there at the cursor (a leaf's `.grad` may have been set to None again)."""
        return self._has_gradient(node, self._latest(node), self.last)

    @lru_cache(4096)  # noqa: B019 - a state lives as long as the app
    def _has_gradient(self, node: int, moment: int, count: int) -> bool:
        if self.recording.node(node).kind in LEAF_KINDS:
            return self._gradient(node, moment, count) is not None
        return self.recording.has_gradient(node, moment)

    def leaf_lines(self, file: int) -> frozenset[int]:
        """Return the lines of a file that made the leaves of the cursor's step."""
        return self._leaf_lines(self.step.step, file, self.last) if self.step is not None else frozenset()

    @lru_cache(16)  # noqa: B019 - a state lives as long as the app
    def _leaf_lines(self, step: int, file: int, count: int) -> frozenset[int]:
        if self.is_large:
            return leaf_lines_of(self, file)
        nodes = [n for n in self.recording.structure(step).nodes.values() if n.kind in LEAF_KINDS]
        lines = (self.line_of(node) for node in nodes if (node.file or 1) == file)
        return frozenset(line for line in lines if line is not None)

    # -- names -----------------------------------------------------------------------------------------------------

    def names(self) -> dict[int, list[str]]:
        """Return the names that sit on each node at the cursor."""
        return self._names(self.moment, self.last)

    @lru_cache(64)  # noqa: B019 - a state lives as long as the app
    def _names(self, moment: int, count: int) -> dict[int, list[str]]:
        return self.recording.names(moment)

    def step_name(self, number: int) -> str:
        """Return the variable that holds a node at the end of the cursor's step, or nothing."""
        step = self.step
        return next(iter(self._names(step.last, self.last).get(number, ())), "") if step is not None else ""

    def tag_of(self, node: Node) -> str:
        """Return the name that sits on a node at the cursor; before it is made, the one that it will have.

        A leaf or data that never has one is called by what made it.
        """
        tags = self.names().get(node.id, [])
        name = node.name or next(iter(tags), "")
        if name or (node.kind == "op" and node.event <= self.moment):
            return name
        return self.step_name(node.id) or self._made_name(node, self.last)

    @lru_cache(4096)  # noqa: B019 - a state lives as long as the app
    def _made_name(self, node: Node, count: int) -> str:
        return made_name(self.recording, node) or ""

    def name_of(self, number: int) -> str:
        """Return what people call a node at the cursor."""
        node: Node = self.recording.node(number)
        tags = self.names().get(number, [])
        return node.name or next(iter(tags), None) or self.step_name(number) or places.call_name(self, node)

    # -- playing and following -------------------------------------------------------------------------------------

    def toggle_play(self) -> None:
        """Play or pause; at the end it starts again from the start."""
        self.is_playing = not self.is_playing
        if self.is_playing and self.is_at_end and not self.recording.is_running:
            self.go(0)
        self.changed()

    def pause(self) -> None:
        """Stop playing, because a key moved the cursor."""
        self.is_playing = False

    def tick(self) -> None:
        """Take one step of playing."""
        if self.is_at_end:
            if not self.recording.is_running:
                self.is_playing = False
                self.changed()
            return
        self.go(places.next_stop(self, self.moment), is_jump=False)

    def follow(self) -> bool:
        """Look what the run has added; True if there was anything.

        Raises:
            RecordingError: the file is damaged or gone.
        """
        has_grown = self.recording.refresh()
        if has_grown:
            self.changed()
        return has_grown

    @property
    def permalink(self) -> str:
        """The words that bring one back here."""
        return f"{self.recording.facts.scenario} --at e{self.moment}"
