"""The lesson on the page: what it is about, its chapters, values and questions, clicked through in Chromium."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from graphlab.quiz import Choice, Question
from graphlab.quiz.question import Belief
from graphlab.recording import Recording
from graphlab.renderers import render_run
from graphlab.renderers.options import Options
from graphlab.renderers.page.document import render_recording
from graphlab.renderers.page.prose import read_prose
from graphlab.renderers.page.questions import derive_questions, pack_questions
from tests import builders
from tests.browser import Open, OpenPage, needs_chromium
from tests.recorded import record_text
from tests.test_renderers_page import data_of

LESSON = '''"""A small lesson

It has **two** chapters and `code`.

    y = x * w

- one <b>thing</b>
- a [link](https://example.org/page), [none](javascript:alert(1))

Section: 1 Lessons
Question: What is the gradient of `w`?
"""

import torch

# %% The data
# Two numbers in `x`.
x = torch.tensor([2.0, 3.0])
w = torch.tensor([0.5, -1.0], requires_grad=True)

# %% Steps
for step in range(2):
    # Their product.
    y = (x * w).sum()
    # And back.
    y.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None

# %% The end
last = w.sum()
'''


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("lesson"), LESSON)


def event_of(recording: Recording, kind: str, step: int = 1) -> int:
    """Return the first event of a kind in a step."""
    return next(event.id for event in recording.events if event.kind == kind and event.id >= recording.step(step).first)


def asking(event: int, prompt: str, explanation: str, choices: Sequence[str] = (), **facts: Any) -> Question:
    """Return a question that is asked just before an event; right choices begin with `+`."""
    number = facts.get("number")
    said = f"{number}" if number is not None else ", ".join(words[1:] for words in choices if words.startswith("+"))
    form = facts.pop("form", "one" if choices else "number")
    made = tuple(Choice(words.lstrip("+"), words.startswith("+"), f"{words}: why not") for words in choices)
    return Question("shape", event - 1, event, 1, prompt, form, said, explanation, made, **facts)


@pytest.fixture(scope="module")
def page_path(lesson: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page, with one question of each kind."""
    backward = event_of(lesson, "backward_start")
    questions = [
        asking(event_of(lesson, "op"), "Which shape has `x * w`?", "As x and w.", ["+2", "()"]),
        asking(backward, "What is y?", "2 · 0.5 − 3 = −2", number=-2.0, beliefs=(Belief(4.0, "Minus, not plus."),)),
        asking(backward + 1, "Which are leaves?", "Nobody made w.", ["+w", "x", "y"], form="several"),
        asking(event_of(lesson, "update"), "And `w.grad`?", "It is\nx.", ["None", "0", "+x"]),
    ]
    path = tmp_path_factory.mktemp("page") / "lesson.html"
    path.write_bytes(render_recording(lesson, Options(), questions=questions))
    return path


@needs_chromium
def test_the_cover_tells_what_it_is_about_until_one_begins(page_path: Path, opened: Open) -> None:
    page = opened(page_path)
    about = page.page.locator("#about")
    assert about.is_visible()
    assert page.page.locator("#code").is_hidden()
    assert about.locator("strong").inner_text() == "two"
    assert about.locator("pre").inner_text() == "y = x * w"
    assert about.locator("ul li").all_inner_texts() == ["one <b>thing</b>", "a link, [none](javascript:alert(1))"]
    assert about.locator("a").all_inner_texts() == ["link"]
    assert about.locator(".question").inner_text() == "What is the gradient of `w`?"
    assert about.locator("ol li").all_inner_texts() == ["The data", "Steps", "The end"]
    page.page.locator("#about .start").click()
    assert about.is_hidden()
    assert "event 0 of" in page.text("#place")
    page.press("ArrowRight")
    assert "event 1 of" in page.text("#place")
    page.press("i")
    assert about.is_visible()
    page.press("ArrowRight")
    assert about.is_hidden()


@needs_chromium
def test_chapters_are_jumped_to_by_list_keys_and_cover(page_path: Path, lesson: Recording, opened: Open) -> None:
    page = opened(page_path)
    page.page.locator("#about ol button", has_text="Steps").click()
    assert page.text("#narration b") == "Steps"
    assert "step 1 of 2" in page.text("#place")
    page.press("PageUp")
    assert page.text("#narration") == "The data\nTwo numbers in x."
    assert page.page.locator("#narration code").inner_text() == "x"
    page.press("PageDown", "PageDown")
    assert page.text("#code .is-now > span") == "last = w.sum()"
    assert page.page.locator("#chapter-on").is_disabled()
    chosen = page.page.locator("#chapter")
    assert chosen.input_value() == "2"
    chosen.select_option("0")
    assert page.text("#narration b") == "The data"
    # The list has keys of its own.
    before = page.text("#place")
    chosen.press("End")
    assert chosen.input_value() == "2"
    assert page.text("#place") != before


@needs_chromium
def test_values_and_gradients_of_all_names_are_those_of_the_recording(
    page_path: Path, lesson: Recording, opened: Open
) -> None:
    page = opened(page_path)
    for number in (1, 2):
        page.go(number - 1, "step")
        step = lesson.step(number)
        first = 0 if number == 1 else step.first
        for event in range(first, step.last + 1):
            page.go(event - first)
            expected = expected_rows(lesson, event)
            rows = page.page.locator("#values tbody tr").evaluate_all(
                "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
            )
            assert sorted(name.split()[0].rstrip(",") for name, *_ in rows) == sorted(expected), event
            for name, value, gradient in rows:
                wanted_value, wanted_gradient = expected[name.split()[0].rstrip(",")]
                assert numbers(value) == wanted_value, (event, name)
                assert numbers(gradient) == wanted_gradient, (event, name)


@needs_chromium
def test_what_a_moment_changed_is_lit_among_the_values(page_path: Path, lesson: Recording, opened: Open) -> None:
    page = opened(page_path)
    page.press("Home")  # from here on the slider is that of the first step
    before: dict[str, str] = {}
    lit = 0
    for event in range(1, lesson.step(1).last + 1):
        page.go(event)
        rows = page.page.locator("#values tbody tr")
        now = dict(zip(rows.locator("button").all_inner_texts(), rows.all_inner_texts(), strict=True))
        changed = set(page.page.locator("#values .is-changed button").all_inner_texts())
        differing = {name for name, row in now.items() if before.get(name) != row}
        assert differing <= changed, event
        # A leaf is called so before the script has named it: that it has now is a change too.
        assert changed - differing <= {"w"}, event
        lit += len(changed)
        before = now
    assert lit >= 6


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.replace("[", " ").replace("]", " ").replace(",", " ").replace("∇", " ").split()
            if word not in {"=", "‖‖"}]  # fmt: skip


def expected_rows(recording: Recording, event: int) -> dict[str, tuple[list[float], list[float]]]:
    """Return value and gradient of what has a name at a moment, from the recording itself."""
    graph = recording.graph(at=event)
    rows = {}
    for node, data in graph.nodes(data=True):
        names = recording.names(event).get(node, ())
        if data["kind"] == "output" or not (names or data["kind"] in {"leaf", "parameter"}):
            continue
        found = []
        for key in ("value", "gradient"):
            snapshot = data[key]
            found.append([] if snapshot is None else [float(f"{x:.4g}") for x in snapshot.array.ravel().tolist()])
        # What has no name yet is called what it will be called.
        rows[str(names[0] if names else data["name"] or "w")] = (found[0], found[1])
    return rows


@needs_chromium
def test_questions_are_asked_before_they_are_answered_by_the_run(
    page_path: Path, lesson: Recording, opened: Open
) -> None:
    page = opened(page_path)
    page.press("q")
    assert page.text("#quiz p").startswith("4 questions about this run.")
    page.page.locator("#quiz .go").click()
    # What is asked for must not be seen: neither in the picture nor as the moment.
    assert f"event {event_of(lesson, 'op') - 1} of" in page.text("#place")
    assert page.text("#quiz .prompt") == "Which shape has x * w?"
    assert page.page.locator("#world > .node.is-future:visible").count() == 0
    assert page.page.locator("#world > .node.is-future").count() > 0
    page.press("1")
    assert page.text("#quiz .verdict") == "Right."
    assert f"event {event_of(lesson, 'op')} of" in page.text("#place")
    assert page.page.locator("#world > .node.is-future:visible").count() > 0
    page.press("Enter")  # the next question has the keys
    field = page.page.locator("#quiz input")
    field.fill("4")
    field.press("Enter")
    assert page.text("#quiz .verdict") == "4: no. It is -2.0."
    explained = page.page.locator("#quiz .explanation").all_inner_texts()
    assert explained == ["Minus, not plus.", "2 · 0.5 − 3 = −2"]
    page.press("Enter", "1", "2", "2")
    page.page.locator("#quiz .go").click()
    assert page.text("#quiz .verdict") == "Right."
    page.press("Enter", "2")
    assert page.text("#quiz .verdict") == "0: no. It is x."
    assert "2 of 4 right" in page.text("#quiz .hint")
    page.press("Enter")
    assert page.text("#quiz p") == "2 of 4 right"
    page.page.locator("#quiz .go").click()
    assert "question 1 of 4" in page.text("#quiz .hint")
    # Whoever looks elsewhere sees the run as it is.
    page.press("v")
    assert page.page.locator("#world > .node.is-future:visible").count() > 0


@needs_chromium
@pytest.mark.parametrize(("typed", "is_right"), [("-2", True), ("−4,01/2", True), ("-2.1", False), ("x", False)])
def test_a_typed_number_is_right_within_what_the_question_says(
    typed: str, is_right: bool, page_path: Path, opened: Open
) -> None:
    page = opened(page_path)
    page.press("q")
    page.page.locator("#quiz .go").click()
    page.press("2", "Enter")
    page.page.keyboard.type(typed)
    page.press("Enter")
    assert page.text("#quiz .verdict").startswith("Right." if is_right else f"{typed}: no.")


@needs_chromium
def test_on_a_phone_everything_is_in_reach_and_nothing_sticks_out(page_path: Path, opened: Open) -> None:
    page = opened(page_path)
    page.page.set_viewport_size({"width": 390, "height": 800})
    page.page.reload()
    page.requests.pop()
    page.page.locator("#about .start").click()
    for pane in ("code", "values", "quiz"):
        page.page.locator(f"#tab-{pane}").click()
        shown = [name for name in ("code", "values", "quiz") if page.page.locator(f"#{name}").is_visible()]
        assert shown == [pane]
        box = page.page.locator(f"#{pane}").bounding_box()
        assert box is not None
        assert box["height"] > 60
        assert box["x"] + box["width"] <= 390
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.page.locator("#tab-quiz").get_attribute("aria-selected") == "true"


@needs_chromium
def test_everything_that_can_be_pressed_has_a_name(page_path: Path, opened: Open) -> None:
    page = opened(page_path)
    page.press("ArrowLeft")
    nameless = page.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, [role=button]")].filter((element) =>
            !(element.innerText || element.title || element.getAttribute("aria-label") || "").trim()
            || (element.tagName !== "BUTTON" && !element.getAttribute("aria-label") && !element.innerText))
            .map((element) => element.outerHTML)"""
    )
    assert nameless == []


@needs_chromium
def test_a_script_without_words_has_no_cover_and_yet_a_quiz(tmp_path: Path, opened: Open) -> None:
    recording = record_text(tmp_path, "import torch\nx = torch.ones(2, requires_grad=True)\n(x * 3).sum().backward()\n")
    path = tmp_path / "plain.html"
    render_run(recording, path)
    page: OpenPage = opened(path)
    for hidden in ("#about", "#chapters", "#quiz"):
        assert page.page.locator(hidden).is_hidden()
    page.press("i", "PageDown", "5")
    assert page.page.locator("#code").is_visible()
    count = len(derive_questions(recording))
    assert count >= 3
    page.press("q")
    for number in range(count):
        page.page.locator("#quiz .go").first.click()
        assert f"question {number + 1} of {count}" in page.text("#quiz .hint")
        question = data_of(path.read_bytes())["quiz"][number]
        if question["choices"]:
            for place in question["right"]:
                page.page.locator(f"#quiz [data-choice='{place}']").click()
        else:
            page.page.locator("#quiz input").fill(question["answer"])
        if question["isSeveral"] or not question["choices"]:
            page.page.locator("#quiz .go").click()
        assert page.text("#quiz .verdict").startswith("Right.")
    page.page.locator("#quiz .go").click()
    assert page.text("#quiz p") == f"{count} of {count} right"


def test_markdown_becomes_a_tree_and_never_markup() -> None:
    assert read_prose("One *two*\nthree `four`.") == [["p", "One ", ["em", "two"], " three ", ["code", "four"], "."]]
    assert read_prose("<script>x</script>") == [["p", "<script>x</script>"]]
    assert read_prose("- a\n- b") == [["ul", ["li", "a"], ["li", "b"]]]
    assert read_prose("    x = 1\n    y\n") == [["pre", "x = 1\ny"]]
    assert read_prose("[a](javascript:x) ![b](https://x.org/b.png)")[0][1].startswith("[a](javascript:x) !")
    assert read_prose("| a | b |\n| - | - |\n| 1 | 2 |")[0][0] == "table"
    assert read_prose("") == []


def test_only_what_the_page_can_show_is_asked() -> None:
    steps: list[dict[str, Any]] = [{"events": [0, 1, 2, 5]}, {"events": [9, 10]}]
    packed = pack_questions([asking(event, f"of {event}", "", number=1.0) for event in (1, 4, 5, 7, 9, 10, 11)], steps)
    assert [(question["prompt"], question["place"]) for question in packed] == [
        ("of 1", [0, 0, 0, 1]),
        ("of 4", [0, 2, 0, 3]),
        ("of 5", [0, 2, 0, 3]),
        ("of 10", [1, 0, 1, 1]),
    ]


def test_a_light_recording_without_anything_to_ask_has_no_quiz(tmp_path: Path) -> None:
    recording = builders.empty(tmp_path)
    assert derive_questions(recording) == []
    assert data_of(render_recording(recording, Options()))["quiz"] == []


def test_the_page_says_which_steps_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = builders.training(tmp_path, steps=12)
    monkeypatch.setattr("graphlab.renderers.page.steps.MOST_STEPS", 4)
    data = data_of(render_recording(recording, Options()))
    kept = [step["step"] for step in data["steps"]]
    assert len(kept) == 4
    assert "4 of 12 steps are in this page" in data["notes"][0]
    assert data["notes"][0].endswith("(1, 5, 9, 12)") == (kept == [1, 5, 9, 12])
    monkeypatch.setattr("graphlab.renderers.page.document.MOST_RANGES", 1)
    assert not render_recording(recording, Options()).decode().count("(1, 5, 9")
