"""The source pane: the script with the line that just ran, what it did with which shapes, and its variables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len

from graphlab.language import _
from graphlab.scenario import narration_told
from graphlab.sentences import format_number, format_shape, say_event
from graphlab.tui import messages, places
from graphlab.tui.brief import say_briefly, wrap_within
from graphlab.tui.code import highlight
from graphlab.tui.lane_columns import short_op
from graphlab.tui.pane import Pane
from graphlab.tui.prose import sentence
from graphlab.tui.rows import Row, clean, fit, over, row_text, rule, shorten, spread, wrap

if TYPE_CHECKING:
    from graphlab.model import Event, SourceFile, Variable
    from graphlab.recording import Recording
    from graphlab.tui.state import ExplorerState

_INFIX = {
    "mm": "@", "matmul": "@", "__matmul__": "@", "bmm": "@", "add": "+", "__add__": "+", "__radd__": "+", "sub": "-",
    "__sub__": "-", "mul": "*", "__mul__": "*", "__rmul__": "*", "div": "/", "__truediv__": "/",
}  # fmt: skip


# --- the code


def shown_file(state: ExplorerState) -> SourceFile | None:
    """Return the file that the cursor stands in."""
    files = state.recording.files
    place = state.here.shown
    return next((file for file in files if place is not None and file.id == place[0]), files[0] if files else None)


def code_rows(state: ExplorerState, width: int, height: int, chosen: int | None = None) -> tuple[int, list[Row]]:
    """Return the number of the first line that is shown, and the lines around the cursor (or the chosen one)."""
    file = shown_file(state)
    if file is None:
        return 1, [fit([(messages.NOTHING_YET, "quiet")], width)]
    lines = highlight(file.text)
    place = state.here
    shown = place.shown
    focus = chosen or (shown[1] if shown is not None else 1)
    coming = place.coming[1] if place.coming and place.coming[0] == file.id else None
    # During a backward the line that called it stands far below the one that is differentiated.
    caller = place.ran[1] if chosen is None and place.differentiated and place.ran and place.ran[0] == file.id else None
    if caller is not None and height >= 5 and not 0 <= caller - _top(len(lines), focus, None, height) < height:
        top = _top(len(lines), focus, None, height - 2)
        rows = [_code_row(state, file, number, width, chosen) for number in range(top, top + height - 2)]
        elision = fit([("   ⋯", "quiet")], width)
        last = _code_row(state, file, caller, width, chosen)
        return top, [*rows, elision, last] if caller > top else [last, elision, *rows]
    top = _top(len(lines), focus, coming, height)
    numbers = range(top, min(top + height, len(lines) + 1))
    return top, [_code_row(state, file, number, width, chosen) for number in numbers]


def _code_row(state: ExplorerState, file: SourceFile, number: int, width: int, chosen: int | None) -> Row:
    """Return one line with its number and the signs of what ran, comes, and is being differentiated."""
    place = state.here
    at = (file.id, number)
    first, second = " ", " "
    names = ["quiet", "quiet"]
    if at == place.differentiated:
        first, names[0] = "◀", "differentiated"
    elif at == place.ran:
        first, names[0] = "▷", "ran"
    if at == place.coming:
        second, names[1] = "▶", "coming"
    is_current = at in {place.ran, place.differentiated}
    signs = ((first, names[0]), (second, names[1]))
    is_leaf = number in state.leaf_lines(file.id)
    row = _signed_row(file.text, number, signs, width, is_current=is_current, is_leaf=is_leaf)
    if number == chosen:
        return over(row, "selected")
    return over(row, "line") if is_current else row


@lru_cache(1024)  # a step of the cursor changes the signs of few lines
def _signed_row(
    text: str, number: int, signs: tuple[tuple[str, str], ...], width: int, *, is_current: bool, is_leaf: bool
) -> Row:
    lines = highlight(text)
    style = "text" if is_current else "faint"
    code = [*signs, (f"{number:>{len(str(len(lines)))}} ", style), *lines[number - 1]]
    return spread(code, [(" ∇", "parameter")], width) if is_leaf else fit(code, width)


def _top(count: int, focus: int, coming: int | None, height: int) -> int:
    """Keep the cursor's line a little above the middle, and the next line in sight where both fit."""
    top = focus - height // 2
    if coming is not None and 0 < abs(coming - focus) < height:
        top = min(top, coming)
        top = max(top, coming - height + 1)
        top = max(min(top, focus), focus - height + 1)
    return max(1, min(top, count - height + 1))


# --- what the line did


def shape_rows(state: ExplorerState, width: int) -> list[Row]:
    """Return the ops of the last step of the cursor with their shapes: `20x20 @ 20x1 -> 20x1`."""
    event = state.event
    if event is None:
        return []
    recording = state.recording
    if event.kind == "gradient" and event.node is not None:
        return [fit([(f" {_backward_shapes(state, event.node)}", "shapes")], width)]
    recent = state.recent
    if len(recent) > 40 or event.kind not in {"line", "op"}:
        return []
    rows: list[Row] = []
    for number in recent:
        found: Event = recording.event(number)
        if found.kind == "op" and found.line == event.line:
            rows.append(fit([(f" {op_shapes(state, found)}", "shapes")], width))
    return rows[-3:]


def op_shapes(state: ExplorerState, event: Event) -> str:
    """Write an op with the shapes that it read and made."""
    inputs = [format_shape(tensor.shape) for tensor in state.recording.inputs(event.id)]
    made = ", ".join(format_shape(tensor.shape) for tensor in state.recording.outputs(event.id))
    name = event.text.rpartition(".")[2]
    sign = _INFIX.get(name)
    if sign and len(inputs) == 2:
        return f"{inputs[0]} {sign} {inputs[1]} -> {made}"
    return f"{name}({', '.join(inputs)}) -> {made}" if inputs else f"{name} -> {made}"


def _backward_shapes(state: ExplorerState, number: int) -> str:
    node = state.recording.node(number)
    sources = [state.recording.node(edge.source) for edge in state.edges_into(number)]
    into = [format_shape(source.shape) for source in sources if source.kind != "data"]
    return f"∇ {format_shape(node.shape)} -> {', '.join(f'∇ {shape}' for shape in into) or 'nothing'}"


@lru_cache(16)
def _narration(text: str) -> dict[int, str]:
    return narration_told(text)


def narration_of(state: ExplorerState) -> str:
    """Return what the comment above the line that just ran says; at the start the scenario's question."""
    place = state.here
    if place.ran is None:
        return sentence(state.recording.scenario.question) or messages.NOTHING_RAN
    event = state.event
    said = {"accumulate", "gradient", "update", "zero_grad", "unscale", "clip", "error"}
    if event is not None and event.kind in said:
        return say_event(state.recording, state.moment)
    number, line = place.ran
    file = next((file for file in state.recording.files if file.id == number), None)
    return sentence(_narration(file.text).get(line, "")) if file is not None else ""


def printed_lines(state: ExplorerState) -> list[str]:
    """Return what the line that just ran has printed: all since the line before, also where the stride is finer."""
    event = state.event
    if event is None or event.kind not in {"line", "output"}:
        return []
    recording = state.recording
    before = recording.next_event(event.id, ("line",), back=True) or 0
    found = recording.find_events("kind = 'output' AND id > ? AND id <= ? ORDER BY id DESC LIMIT 8", before, event.id)
    texts = [each.text for each in reversed(found)]
    # Of a line that was written over, as bars of progress do, the last state is what stood there.
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in "\n".join(texts).split("\n")]
    return [line for line in lines if line]


def printed_rows(state: ExplorerState, width: int, height: int) -> list[Row]:
    """Return the last lines that were printed, in columns as they stand there if they fit, else wrapped."""
    room = max(width - 2, 1)
    rows: list[str] = []
    for line in printed_lines(state)[-height:]:
        text = clean(line)
        rows += [text] if cell_len(text) <= room else wrap(text, room)
    return [fit([(f" {row}", "text")], width) for row in rows[-height:]]


# --- variables


def variable_rows(state: ExplorerState, width: int, height: int | None = None) -> list[Row]:
    """Return the script's variables: name, shape, whether they have a gradient, and where their value came from."""
    present = state.recording.variables(state.moment) if state.moment else []
    step = state.step
    coming = _coming_variables(state, present)
    tensors = [v for v in present if v.tensor is not None]
    others = [v for v in present if v.tensor is None and _is_number(v.text)]
    later = [variable for variable in coming if variable.tensor is not None]
    every = [*tensors, *others, *later]
    shown = every
    if height is not None and len(every) > height:
        # What this step bound says most, then what can have a gradient.
        first = step.first if step is not None else 0
        ranked = sorted(every, key=lambda v: (-(v.event in state.recent), v.event < first, not _has_grad(v)))
        kept = {id(variable) for variable in ranked[: max(height - 1, 0)]}
        shown = [variable for variable in every if id(variable) in kept]
    is_later = {id(variable) for variable in later}
    rows = [
        _coming_row(variable, width) if id(variable) in is_later else _variable_row(state, variable, width)
        for variable in shown
    ]
    if len(shown) < len(every):
        rows.append(fit([(_("  … {count} more (z)").format(count=len(every) - len(shown)), "quiet")], width))
    return rows[:height]


def _coming_variables(state: ExplorerState, present: list[Variable]) -> list[Variable]:
    """Return what the rest of the step will bind in the functions that are running now, and in the script itself."""
    step, event, recording = state.step, state.event, state.recording
    if step is None:
        return []
    frame = (event.frame if event is not None else None) or 1
    row = recording.reader.row("SELECT last FROM frames WHERE id = ?", frame)
    ends = [step.last]
    if row and row[0] and state.moment < row[0] < step.last:
        # A function that returns within the step has its own last moment.
        ends.insert(0, row[0])
    known = {(variable.frame, variable.name) for variable in present}
    shown = {frame, 1, *(variable.frame for variable in present)}
    found: dict[tuple[int, str], Variable] = {}
    for end in ends:
        for variable in recording.variables(end):
            key = variable.frame, variable.name
            if variable.frame in shown and key not in known:
                found.setdefault(key, variable)
    return list(found.values())


def _has_grad(variable: Variable) -> bool:
    return variable.tensor is not None and variable.tensor.requires_grad


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in {"-", "'", '"'} or text in {"True", "False", "None", "nan", "inf"}


def _columns(width: int) -> tuple[int, int]:
    name = max(8, min(16, (width - 6) * 2 // 5))
    return name, max(6, min(10, width // 5))


def _variable_row(state: ExplorerState, variable: Variable, width: int) -> Row:
    name_width, shape_width = _columns(width)
    tensor = variable.tensor
    is_new = variable.event in state.recent or (tensor is not None and tensor.event in state.recent)
    mark = "+" if variable.event in state.recent else "±" if is_new else " "
    name = f"{shorten(variable.name, name_width - 1):<{name_width}}"
    head: Row = [(f"{mark} ", "made"), (name, "bold" if is_new else "text")]
    if tensor is None:
        return fit([*head, (variable.text, "number")], width)
    where, names = _tensor_state(state, variable)
    shape = f"{shorten(format_shape(tensor.shape), shape_width - 1):<{shape_width}}"
    return fit([*head, (shape, "shapes"), (where, names)], width)


def _tensor_state(state: ExplorerState, variable: Variable) -> tuple[str, str]:
    tensor = variable.tensor
    assert tensor is not None
    node = state.recording.node(tensor.node) if tensor.node is not None else None
    is_leaf = node is not None and node.kind in {"parameter", "leaf"}
    if not tensor.requires_grad:
        return _("no ∇"), "quiet"
    if node is not None and is_leaf:
        gradient = state.recording.gradient(node.id, state.moment)
        if gradient is None:
            words = places.missing_gradient(state, node.id)
            # There is no room to say when; the inspector does.
            return f"∇ {messages.NONE_YET if words.startswith(messages.NONE_YET) else words}", "quiet"
        return f"∇ {format_number(gradient.statistics.norm)}", "gradient"
    made = short_op(node.op) if node is not None else ""
    return _("via {made} e{event}").format(made=made, event=tensor.event), "quiet"


def _coming_row(variable: Variable, width: int) -> Row:
    name_width, shape_width = _columns(width)
    name = f"{shorten(variable.name, name_width - 1):<{name_width}}"
    shape = shorten(format_shape(variable.tensor.shape), shape_width - 1) if variable.tensor is not None else ""
    return fit([("  ", "future"), (f"{name}{shape:<{shape_width}}{messages.NOT_MADE}", "future")], width)


# --- all of it


def _extra_rows(state: ExplorerState, width: int, height: int) -> list[Row]:
    """Return what the line did and what it is about; in a low pane a row of each, if the code leaves any."""
    shapes = shape_rows(state, width)
    # What is told goes before a line of code more: it may take a third of the rows, where there are enough of them.
    most = min(4, height // 3) if height >= 8 else 1
    room = max(width - 2, 1)
    words = narration_of(state)
    if state.moment and len(wrap(words, room)) > most and words == say_event(state.recording, state.moment):
        words = say_briefly(state.recording, state.moment)
    said = [fit([(f" {line}", "narration")], width) for line in wrap_within(words, room, most)]
    printed = printed_rows(state, width, 2 if height < 14 else 4) if height >= 8 else []
    if printed:
        # The numbers that a lesson comes to say more than the shapes of the ops that formatted them.
        return [*([rule("", width), *said] if said else []), rule(messages.PRINTED, width), *printed]
    if height >= 8:
        return [rule(messages.SHAPES, width), *shapes, *said] if shapes else [rule("", width), *said] if said else []
    return [*(shapes[-1:] if height >= 5 else []), *(said if height >= 4 else [])]


def source_rows(
    state: ExplorerState, width: int, height: int, chosen: int | None = None, *, is_zoomed: bool = False
) -> tuple[int, int, list[Row]]:
    """Return the first line shown, how many lines of code there are, and all rows of the pane.

    Args:
        is_zoomed: list every variable, also where that takes more rows than there are: the pane scrolls.
    """
    extra = _extra_rows(state, width, height)
    variables: list[Row] = []
    room = height - len(extra)
    if room >= 14:
        found = variable_rows(state, width, room - max(room // 2, 8) - 1)
        variables = [rule(messages.VARIABLES, width), *found] if found else []
    code_height = max(height - len(extra) - len(variables), 1)
    file = shown_file(state)
    if file is not None:
        # A short script needs no more rows than it has; what is left goes to the variables.
        code_height = min(code_height, max(len(highlight(file.text)), 1))
        if variables and code_height + len(extra) + len(variables) < height:
            found = variable_rows(state, width, height - code_height - len(extra) - 1)
            variables = [rule(messages.VARIABLES, width), *found]
    top, code = code_rows(state, width, code_height, chosen)
    if is_zoomed:
        found = variable_rows(state, width)
        rows = [*code, *extra, *([rule(messages.VARIABLES, width), *found] if found else [])]
    else:
        rows = [*code, *extra, *variables][:height]
    return top, len(code), rows + [fit([], width) for _ in range(height - len(rows))]


def is_edited(recording: Recording, file: SourceFile) -> bool:
    """Whether one of the script's files is no longer what was recorded; one that is not there says nothing."""
    if recording.path is None or recording.origin is None:
        return False
    script = Path(os.path.normpath(recording.path.absolute().parent / recording.origin["script"]))
    try:
        text = (script.parent / file.path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError):
        return False
    return text.splitlines() != file.text.splitlines()


class SourcePane(Pane):
    """Pane 1."""

    number = 1

    def __init__(self, state: ExplorerState, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(state, id=id)
        self.chosen: int | None = None
        self._is_edited: dict[int, bool] = {}
        self._top = 1
        self._lines = 0
        self._seen_moment = state.moment

    def build(self, width: int, height: int) -> Sequence[Row]:
        is_zoomed = self.has_class("-zoomed")
        if self.scroll_y and (self.state.moment != self._seen_moment or not is_zoomed):
            self.scroll_home(animate=False, immediate=True)
        if self.state.moment != self._seen_moment:
            self._seen_moment = self.state.moment
            self.chosen = None
        self._top, self._lines, rows = source_rows(self.state, width, height, self.chosen, is_zoomed=is_zoomed)
        return rows

    def title(self) -> str:
        file = shown_file(self.state)
        if file is None:
            return messages.TITLES["source"]
        if file.id not in self._is_edited:
            self._is_edited[file.id] = is_edited(self.state.recording, file)
        name = messages.EDITED_SINCE.format(file=file.path) if self._is_edited[file.id] else file.path
        return f"{messages.TITLES['source']} {name}"

    def wanted_row(self) -> int | None:
        return self.chosen - self._top if self.chosen is not None else None

    def legend(self) -> str:
        has_backward = self.state.here.differentiated is not None
        text = messages.LEGEND_BACKWARD if has_backward else messages.LEGEND_SOURCE
        return text if len(text) + 4 < self.size.width else messages.LEGEND_SHORT

    def _line_count(self) -> int:
        file = shown_file(self.state)
        return len(highlight(file.text)) if file is not None else 0

    def select(self, delta: int) -> None:
        here = self.state.here.shown
        start = self.chosen or (here[1] if here is not None else 0)
        count = self._line_count()
        if count:
            self.chosen = min(max(start + delta, 1), count)
            self.refresh_rows()

    def page(self, direction: int) -> None:
        if len(self._rows) > self.size.height:
            super().page(direction)  # every variable is listed below the code
        else:
            self.select(direction * max(self._lines - 1, 1))

    def enter(self) -> None:
        if self.chosen is None:
            return
        file = shown_file(self.state)
        if file is not None:
            self.state.go_to_line(file.id, self.chosen)

    def click(self, x: int, y: int) -> None:
        if y < self._lines:
            self.chosen = self._top + y
            self.enter()
            self.refresh_rows()

    def copy_text(self) -> str:
        file = shown_file(self.state)
        here = self.state.here.shown
        number = self.chosen or (here[1] if here is not None else None)
        if file is None or number is None or number > self._line_count():
            return ""
        return f"{row_text(highlight(file.text)[number - 1]).strip()}  # {file.path}:{number}, {self.state.permalink}"
