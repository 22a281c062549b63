"""A run, or a graph, as one HTML file that needs no network: for a teacher to mail to a class.

`render_recording` writes the page with every moment of the run; `render` that of a graph alone, which has one moment.
Markup, style and script are small files of our own beside this module; what they show is one JSON object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlab import language
from graphlab.crowd import without_collector
from graphlab.language import _
from graphlab.layout.fold import fold, without_strays
from graphlab.renderers.drawing import escape
from graphlab.renderers.faces import MARK_BORDERS
from graphlab.renderers.options import Options
from graphlab.renderers.page.groups import describe_groups
from graphlab.renderers.page.prose import read_prose
from graphlab.renderers.page.questions import derive_questions, pack_questions
from graphlab.renderers.page.steps import EDGE, GRADIENT, MOST_NODES, NAMES, PARAMETERS, VALUE, StepPacker, pack_steps
from graphlab.renderers.page.structures import PageStructure, describe_nodes
from graphlab.renderers.page.tensors import WHOLE, TensorPool, shown_number
from graphlab.renderers.page.words import WORDS
from graphlab.renderers.palette import THEMES, Theme, readable_on
from graphlab.renderers.reading import (
    KIND_WORDS,
    MARK_SIGNS,
    MARK_WORDS,
    kind_words,
    number_words,
    plain,
    title_lines,
    value_words,
)
from graphlab.scenario import narration_told

if TYPE_CHECKING:
    import networkx

    from graphlab.quiz import Question
    from graphlab.recording import Recording

SCRIPTS = (
    "data", "picture", "layout", "view", "walk", "quiz", "source", "panel", "legend", "search", "scene", "controls",
)  # fmt: skip
"""Our scripts in the order in which they are read; they share one scope."""
MOST_TEXT = 200_000
"""Characters of a script's file that a page carries."""
MOST_RANGES = 24
"""Runs of steps that the page still names where it has not all of them."""
MOST_POINTS = 400
"""Points of the curve of losses."""


@without_collector()
def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the page of a graph at one moment."""
    graph = without_strays(graph)
    is_too_large = len(graph) > MOST_NODES
    # Of more nodes than a page can hold the folded picture is all that there is.
    shown = fold(graph, opened=options.opened) if is_too_large else graph
    title, place, doing = title_lines(shown.graph)
    nodes = sorted(shown)
    places = {node: index for index, node in enumerate(nodes)}
    keys = sorted(shown.edges(keys=True), key=lambda key: (key[1], shown.edges[key].get("slot") or 0, key[0], key[2]))
    edges = [
        (places[source], places[target], data.get("slot") or 0, data.get("output") or 0, plain(data.get("label") or ""))
        for source, target, data in ((*key[:2], shown.edges[key]) for key in keys)
    ]
    groups = [] if is_too_large else describe_groups(shown, places, options.fold, options.opened)
    structure = PageStructure(describe_nodes(shown), edges, groups)
    structure.marks = [str(shown.edges[key].get("mark") or "") for key in keys]
    pool = TensorPool()
    names: dict[tuple[str, ...], int] = {(): 0}
    states = [shown.nodes[node].get("state") for node in nodes]
    moment = {
        "step": shown.graph.get("step") or 1,
        "structure": 0,
        "events": [shown.graph.get("moment") or 0],
        "ids": nodes,
        "kinds": ["backward_end" if shown.graph.get("is_backward_over") else ""],
        "lines": [0],
        "files": [0],
        "now": [states.index("now") if "now" in states else -1],
        "said": [0],
        "spans": [],
        "born": [1 if state == "future" else -1 for state in states],
        "edges": [1 if shown.edges[key].get("state") == "future" else -1 for key in keys],
        "changes": [
            *_state_of_nodes(shown, structure, pool, names),
            *(
                number
                for index, key in enumerate(keys)
                for number in (0, EDGE, index, pool.add(shown.edges[key].get("gradient")))
            ),
        ],
        "loss": None,
    }
    is_comparison = bool(shown.graph.get("is_comparison"))
    notes = [WORDS["only_folded"].format(most=f"{MOST_NODES:,}") if is_too_large else WORDS["no_source"]]
    data = {
        "run": {"title": title, "scenario": place, "facts": [], "error": None, "question": "", "about": []},
        "structures": [structure.pack(options.direction)],
        "steps": [moment],
        "names": list(names),
        "said": [doing],
        "tensors": pool.pack(),
        "count": {"steps": 0, "events": 0},
        "hasMoments": False,
        "isComparison": is_comparison,
        # Who compares two graphs misses no script: there would be two of them.
        "notes": [] if is_comparison and not is_too_large else notes,
        "kinds": kind_words(shown.graph),
    }
    return _compose(data, options)


def _state_of_nodes(
    graph: networkx.MultiDiGraph, structure: PageStructure, pool: TensorPool, names: dict[tuple[str, ...], int]
) -> Iterator[int]:
    """Yield what each node of a graph has, as changes from nothing."""
    for index, (_unused, data) in enumerate(sorted(graph.nodes(data=True))):
        for what, key in ((VALUE, "value"), (GRADIENT, "gradient"), (PARAMETERS, "leaf_gradient")):
            if data.get(key) is not None:
                yield from (0, what, index, pool.add(data[key]))
        structure.note_value(index, value_words(data.get("value")))
        is_named = data.get("kind") == "op" and data.get("name")
        tags = tuple(map(plain, data.get("names") or ((data["name"],) if is_named else ())))
        structure.note_tags(index, tags)
        yield from (0, NAMES, index, names.setdefault(tags, len(names)))


def render_recording(
    recording: Recording, options: Options, moment: int | None = None, questions: Sequence[Question] | None = None
) -> bytes:
    """Return the page of a run, opened at a moment (default: the end).

    Args:
        questions: those of the quiz (default: what the recording has to ask).
    """
    moment = recording.event_count if moment is None else moment
    if (
        not recording.steps
        or recording.step_of(moment).nodes > MOST_NODES
        or recording.is_large(recording.number_at(moment))
    ):
        # Of a graph as large as this one folded picture is shown.
        return render(recording.graph(at=moment), options)
    with recording.reading():
        packer = StepPacker(recording, options.fold, options.opened)
        steps = pack_steps(packer, recording.number_at(moment))
        losses = recording.losses
    for step in steps:
        loss = losses[step["step"] - 1]
        step["loss"] = None if loss is None else number_words(loss, 5)
    wanted = recording.number_at(moment)
    start = next(index for index, step in enumerate(steps) if step["step"] == wanted)
    place = max(0, sum(event <= moment for event in steps[start]["events"]) - 1)
    tensors = packer.pool.pack()
    files = [
        {"id": file.id, "path": plain(file.path), "text": _text(file.text) if len(file.text) <= MOST_TEXT else None}
        for file in recording.files
    ]
    main = recording.files[0].text if recording.files else ""
    data = {
        "run": _describe_run(recording),
        "structures": [structure.pack(options.direction) for structure in packer.structures],
        "steps": steps,
        "names": list(packer.names),
        "said": list(packer.said),
        "tensors": tensors,
        "count": {"steps": len(recording.steps), "events": recording.event_count},
        "losses": _curve(losses),
        "files": files,
        "narration": {line: _text(words) for line, words in narration_told(main).items()},
        "chapters": [[chapter.line, plain(chapter.title)] for chapter in recording.scenario.chapters],
        "hasMoments": True,
        "start": [start, place],
        "isCover": moment == recording.event_count,
        "quiz": pack_questions(derive_questions(recording) if questions is None else questions, steps),
        "notes": _notes(packer, [step["step"] for step in steps], len(recording.steps)),
    }
    return _compose(data, options)


def _describe_run(recording: Recording) -> dict[str, Any]:
    facts, scenario = recording.facts, recording.scenario
    error = None
    if facts.error is not None:
        file = next((file.id for file in recording.files if file.path == facts.error.file), 1)
        text = plain(f"{facts.error.type}: {facts.error.message}")
        error = {"text": text, "file": file, "line": facts.error.line}
    about = [
        _("torch {torch}").format(torch=facts.torch),
        facts.device,
        _("seed {seed}").format(seed=facts.seed) if facts.seed is not None else "",
    ]
    return {
        "title": plain(recording.title),
        "scenario": plain(facts.scenario),
        "facts": [plain(word) for word in about if word],
        "error": error,
        "question": _text(scenario.question or ""),
        "about": read_prose(scenario.description or ""),
    }


def _text(text: str) -> str:
    """Keep the lines of a text, each without characters that a page could trip over."""
    return "\n".join(plain(line.replace("\t", "    ")) for line in text.replace("\r\n", "\n").split("\n"))


def _curve(losses: list[float | None]) -> list[tuple[int, Any]]:
    """Return steps and losses; of very many the lowest and highest in each stretch, so that no peak is lost."""
    points = [(number, loss) for number, loss in enumerate(losses, 1) if loss is not None]
    stretch = max(1, -(-2 * len(points) // MOST_POINTS))
    if stretch > 1:
        stretches = [points[start : start + stretch] for start in range(0, len(points), stretch)]
        kept = {point for part in stretches for point in (min(part, key=_height), max(part, key=_height))}
        points = sorted(kept | {points[0], points[-1]})
    return [(number, shown_number(loss)) for number, loss in points]


def _height(point: tuple[int, float]) -> float:
    return point[1]


def _notes(packer: StepPacker, kept: Sequence[int], steps: int) -> list[str]:
    """Say what the page leaves out of the recording."""
    notes = []
    if len(kept) < steps:
        said = WORDS["steps_kept"].format(kept=f"{len(kept):,}", steps=f"{steps:,}")
        which = _ranges(kept)
        notes.append(f"{said} ({which})" if which else said)
    if packer.thinned > 1:
        notes.append(WORDS["moments_kept"].format(count=packer.thinned))
    if packer.pool.most < WHOLE:
        notes.append(WORDS["values_kept"].format(most=packer.pool.most))
    return notes


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers as `1–10, 20, 30`; nothing where that would be a long list."""
    present = set(numbers)
    starts = [number for number in numbers if number - 1 not in present]
    if len(starts) > MOST_RANGES:
        return ""
    ends = [number for number in numbers if number + 1 not in present]
    return ", ".join(str(start) if start == end else f"{start}–{end}" for start, end in zip(starts, ends, strict=True))


def _compose(data: Mapping[str, Any], options: Options) -> bytes:
    """Put data, words, style and scripts into the page."""
    rest: dict[str, Any] = {"losses": [], "files": [], "narration": {}, "chapters": [], "start": [0, 0],
                            "isCover": False, "quiz": []}  # fmt: skip
    words = {"kinds": KIND_WORDS, "marks": MARK_WORDS, "signs": MARK_SIGNS, "words": WORDS}
    # In a script element only `<` could end it early.
    packed = json.dumps({**rest, **words, **data}, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    scripts = "\n".join(_beside(f"{name}.js") for name in SCRIPTS)
    pieces = {
        "lang": language.current(),
        "theme": "dark" if options.theme == "dark" else "auto",
        "title": escape(data["run"]["title"]),
        "style": _colors() + _beside("page.css"),
        "data": packed.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
        "script": f'"use strict";\n(() => {{\n{scripts}}})();\n',
        **{f"word_{key}": escape(words) for key, words in WORDS.items()},
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: pieces[match[1]], _beside("page.html")).encode()


def _beside(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _colors() -> str:
    """Return the colours of both themes: the reader's own choice of light or dark holds until the button is pressed."""
    light, dark = (_variables(THEMES[name], is_dark=name == "dark") for name in ("light", "dark"))
    return (
        f":root {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ html:not([data-theme='light']) {{ {dark} }} }}\n"
        f"html[data-theme='dark'] {{ {dark} }}\n"
        f"@media print {{ html, html[data-theme='dark'] {{ {light} }} }}\n{_kind_rules()}"
    )


def _variables(theme: Theme, *, is_dark: bool) -> str:
    colors = {
        "background": theme.background, "text": theme.text, "muted": theme.muted, "faint": theme.faint,
        "line": theme.line, "halo": theme.halo, "alarm": theme.alarm, "is-dark": str(int(is_dark)),
        "accent": "#8fb8ff" if is_dark else "#1c5fc4",
        "string": "#9fd08c" if is_dark else "#2c6e2f",
        "soft": "#1b2128" if is_dark else "#f5f7fa",
        "now": "#4a3d10" if is_dark else "#fff3c2",
    }  # fmt: skip
    for level, (chip, line) in enumerate(zip(theme.chips, theme.lines, strict=True)):
        colors |= {f"chip{level}": chip, f"on-chip{level}": readable_on(chip), f"line{level}": line}
    for kind, ink in theme.kinds.items():
        colors |= {
            f"{kind}-fill": ink.fill,
            f"{kind}-border": ink.border,
            f"{kind}-ink": ink.text,
            f"{kind}-muted": ink.muted,
        }
    for mark, color in theme.marks.items():
        colors |= {f"mark-{mark}": color, f"on-mark-{mark}": readable_on(color)}
    return " ".join(f"--{name}: {color};" for name, color in colors.items())


def _kind_rules() -> str:
    rules = [
        f".node.{kind} {{ --fill: var(--{kind}-fill); --border: var(--{kind}-border); --ink: var(--{kind}-ink); "
        f"--muted-ink: var(--{kind}-muted); }}"
        for kind in THEMES["light"].kinds
    ]
    rules += [
        f".is-{mark} {{ --mark: var(--mark-{mark}); --on-mark: var(--on-mark-{mark}); --dashes: {dashes or 'none'}; }}"
        for mark, dashes in MARK_BORDERS.items()
    ]
    return "\n".join(rules) + "\n"
