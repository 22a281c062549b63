"""The lists of the gallery as rows: scenarios by section, and recent recordings. Pure: no widgets."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphlab.sentences import format_number
from graphlab.tui import messages
from graphlab.tui.recent import Recent, count_words, say_when
from graphlab.tui.rows import Row, fit, over, row_width, shorten, spread

if TYPE_CHECKING:
    from graphlab.errors import ScenarioError
    from graphlab.scenario import Scenario

TALL = 26
"""From so many rows on an entry has two: its title, and its name with what is recorded of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the gallery that can be chosen: a scenario, or a script that cannot be read."""

    scenario: Scenario | None
    problem: str = ""

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.scenario.name if self.scenario is not None else ""


def make_entries(scenarios: Sequence[Scenario], problems: Sequence[ScenarioError]) -> list[Entry]:
    """Return what the gallery offers, what cannot be read at the end."""
    return [*(Entry(scenario) for scenario in scenarios), *(Entry(None, str(problem)) for problem in problems)]


def matching(entries: Sequence[Entry], words: str) -> list[Entry]:
    """Return the entries that contain every word, wherever a person would look for it."""
    wanted = _without_accents(words).split()
    return [entry for entry in entries if all(word in _haystack(entry) for word in wanted)]


def _haystack(entry: Entry) -> str:
    scenario = entry.scenario
    if scenario is None:
        return _without_accents(entry.problem)
    parts = (scenario.name, scenario.title, scenario.section, scenario.question, scenario.description)
    return _without_accents("\n".join(parts))


def _without_accents(text: str) -> str:
    """Return a text as it is typed in a hurry: small letters, `grafica` for `gráfica`."""
    return "".join(sign for sign in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(sign))


def newest_by_scenario(recents: Sequence[Recent]) -> dict[str, Recent]:
    """Return the newest recording of each scenario, of recordings that come newest first."""
    newest: dict[str, Recent] = {}
    for recent in recents:
        newest.setdefault(recent.scenario, recent)
    return newest


def entry_rows(
    entries: Sequence[Entry], chosen: int, newest: dict[str, Recent], width: int, *, is_tall: bool
) -> tuple[list[Row], list[int | None]]:
    """Return the rows of the scenario list, and which entry each row belongs to."""
    rows: list[Row] = []
    owners: list[int | None] = []

    def add(row: Row, owner: int | None) -> None:
        rows.append(fit(row, width))
        owners.append(owner)

    section: str | None = None
    for index, entry in enumerate(entries):
        own = messages.BROKEN if entry.scenario is None else entry.scenario.section or messages.OTHER_SECTION
        if own != section:
            if rows and is_tall:
                add([], None)
            add([(f" {own}", "heading")], None)
            section = own
        for row in _entry(entry, newest, width, is_chosen=index == chosen, is_tall=is_tall):
            add(over(row, "selected") if index == chosen else row, index)
    return rows, owners


def _entry(entry: Entry, newest: dict[str, Recent], width: int, *, is_chosen: bool, is_tall: bool) -> list[Row]:
    mark = "▸ " if is_chosen else "  "
    if entry.scenario is None:
        return [fit([(mark, "cursor"), (entry.problem, "alarm")], width)]
    scenario = entry.scenario
    recent = newest.get(scenario.name)
    counts = count_words(recent.events, recent.steps) if recent else ""
    title = "bold" if is_chosen else "text"
    if is_tall:
        below = [(f"  {scenario.name}", "quiet")]
        return [
            fit([(mark, "cursor"), (scenario.title, title)], width),
            spread(below, [(f" {counts} ", "faint")] if counts else [], width),
        ]
    right: Row = [(f" {counts} ", "faint")] if counts and len(counts) + len(scenario.name) + 5 <= width else []
    return [spread([(mark, "cursor"), (scenario.name, title)], right, width)]


_STATUS_MARKS = {
    "ok": ("✓", "good"),
    "error": ("✗", "alarm"),
    "interrupted": ("⏸", "quiet"),
    "running": ("…", "quiet"),
    "cut_off": ("✗", "alarm"),
}


def recent_rows(recents: Sequence[Recent], chosen: int, width: int, now: float | None = None) -> list[Row]:
    """Return one row a recording: how it ended, its file, what it holds, its last loss, and when."""
    if not recents:
        return [fit([(f" {messages.NO_RECORDINGS}", "quiet")], width)]
    name_width = min(max(len(recent.path.name) for recent in recents), max(width // 3, 10))
    rows = []
    for index, recent in enumerate(recents):
        mark, names = _STATUS_MARKS.get(recent.status, ("?", "quiet"))
        row: Row = [
            ("▸ " if index == chosen else "  ", "cursor"),
            (mark, names),
            (f" {shorten(recent.path.name, name_width):<{name_width}}", "bold" if index == chosen else "text"),
            (f"  {count_words(recent.events, recent.steps)}", "quiet"),
        ]
        when = f" {say_when(recent.when, now)} "
        status = messages.STATUS_WORDS.get(recent.status, "") if width >= 60 else ""
        room = width - row_width(row) - len(when) - len(messages.LOSS) - 3
        if recent.loss is not None and width >= 70:
            # The words give way to the number: the mark says how it ended too.
            loss = _number_within(recent.loss, room - len(status) - 2)
            status = status if loss else ""
            loss = loss or _number_within(recent.loss, room)
            row += [(f"  {messages.LOSS} ", "quiet"), (loss, "number")] if loss else []
        if status:
            row.append((f"  {status}", names))
        row = spread(row, [(when, "quiet")], width)
        rows.append(over(row, "selected") if index == chosen else row)
    return rows


def _number_within(number: float, width: int) -> str:
    """Write a number with as many digits as there is room for; nothing rather than a part of it."""
    texts = (format_number(number), *(f"{number:.{digits}g}" for digits in (4, 3, 2, 1)))
    return next((text for text in texts if len(text) <= width), "")


def head_rows(entry: Entry, recent: Recent | None, width: int) -> list[Row]:
    """Return what stands above a scenario's description: its title, its name, and the question it answers."""
    from graphlab.tui.prose import sentence
    from graphlab.tui.rows import wrap

    if entry.scenario is None:
        return [[], *([(f" {line}", "alarm")] for line in wrap(entry.problem, max(width - 2, 8)))]
    scenario = entry.scenario
    rows: list[Row] = [[(f" {line}", "title")] for line in wrap(scenario.title, max(width - 2, 8))]
    facts: Row = [(f" {scenario.name}.py", "quiet")]
    if recent is not None:
        facts += [
            ("  · ", "faint"),
            (f"{messages.NEWEST} {count_words(recent.events, recent.steps)}, {say_when(recent.when)}", "quiet"),
        ]
    else:
        facts += [("  · ", "faint"), (messages.NEVER_RECORDED, "quiet")]
    rows.append(facts)
    if scenario.question:
        rows.append([])
        rows += [
            [(" ▌ ", "cursor"), (line, "narration")] for line in wrap(sentence(scenario.question), max(width - 4, 8))
        ]
    return rows


def source_rows(scenario: Scenario, most: int) -> list[Row]:
    """Return the first lines of a scenario's source after its docstring, numbered and coloured."""
    import ast

    from graphlab.tui.code import highlight

    first = 1
    try:
        body = ast.parse(scenario.text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    if body and ast.get_docstring(ast.Module(body[:1], [])) is not None:
        first = (body[0].end_lineno or 0) + 1
    lines = highlight(scenario.text)
    while first <= len(lines) and not "".join(text for text, _ in lines[first - 1]).strip():
        first += 1
    shown = lines[first - 1 : first - 1 + most]
    size = len(str(first + len(shown)))
    rows: list[Row] = [[(f" {number:>{size}}  ", "faint"), *line] for number, line in enumerate(shown, first)]
    left = len(lines) - first + 1 - len(shown)
    if left > 0:
        rows.append([(f" {messages.MORE_LINES.format(count=left)}", "faint")])
    return rows
