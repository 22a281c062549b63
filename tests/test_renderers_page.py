"""The page that a teacher mails: opened in Chromium and clicked through, its numbers compared with the recording's."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from graphlab.cli import main
from graphlab.recording import Recording, open_recording
from graphlab.renderers import render_bytes, render_run
from graphlab.renderers.options import Options
from graphlab.renderers.page.document import render_recording
from graphlab.renderers.page.steps import order_steps
from graphlab.renderers.reading import read_edge, read_nodes, sign
from graphlab.sentences import say_event
from tests import builders, graphs
from tests.browser import Open, OpenPage, needs_chromium
from tests.recorded import record_text, try_text

MOST_BYTES = 2_000_000


def data_of(page: bytes) -> dict[str, Any]:
    """Return what a page holds."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.decode(), re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def page_of(recording: Recording, folder: Path, **choices: Any) -> Path:
    path = folder / "page.html"
    render_run(recording, path, **choices)
    return path


def expected_boxes(recording: Recording, moment: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what the boxes and edges must say at a moment, from the graph that every other picture is drawn from."""
    graph = recording.graph(at=moment, future=True)
    boxes = []
    for node, reading in read_nodes(graph).items():
        is_future = graph.nodes[node]["state"] == "future"
        numbers = [reading.value] if reading.value else []
        numbers += [sign(reading.gradient)] if reading.gradient else []
        numbers += [reading.missing] if reading.is_idle else []
        boxes.append(
            {
                "title": reading.title,
                "tags": list(reading.tags[:3]) + ([f"+{len(reading.tags) - 3}"] if len(reading.tags) > 3 else []),
                "numbers": numbers,
                "isFuture": is_future,
                "isNow": reading.state == "now",
                "isIdle": reading.is_idle and not is_future,
            }
        )
    edges = sorted(graph.edges(data=True), key=lambda edge: (edge[1], edge[2]["slot"]))
    readings = [read_edge(data) for *_, data in edges]
    return boxes, [reading.gradient.text for reading in readings if reading.gradient]


def with_later_names(boxes: list[dict[str, Any]], shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let what has no name yet be called what it will be called, as the page does."""
    unnamed = {box["title"] for box in boxes if "@L" in box["title"]} | {"data", "leaf", "parameter"}
    return [
        {**box, "title": page["title"]} if box["title"] in unnamed else box
        for box, page in zip(boxes, shown, strict=True)
    ]


@needs_chromium
def test_every_moment_on_the_page_is_the_recordings(tmp_path: Path, opened: Open) -> None:
    recording = builders.training(tmp_path, steps=2)
    page = opened(page_of(recording, tmp_path))
    seen = 0
    for index, step in enumerate(recording.steps):
        page.go(index, "step")
        first = 0 if index == 0 else step.first
        for moment in range(first, (step.last if index == 0 else recording.event_count) + 1):
            page.go(moment - first)
            boxes, pills = expected_boxes(recording, moment)
            shown = page.boxes()
            assert shown == with_later_names(boxes, shown), moment
            assert [box["title"] for box in shown][:4] == ["x", "y", "w", "b"]
            assert page.pills() == pills
            assert say_event(recording, moment) in page.text("#sentence")
            assert f"event {moment} of {recording.event_count}" in page.text("#place")
            seen += 1
    assert seen == recording.event_count + 1


@needs_chromium
def test_keys_and_buttons_walk_from_the_first_event_to_the_last(tmp_path: Path, opened: Open) -> None:
    recording = builders.rnn_cell(tmp_path)
    page = opened(page_of(recording, tmp_path))
    last = recording.event_count
    assert f"event {last} of {last}" in page.text("#place")
    page.press("Home")
    assert "nothing has run yet" in page.text("#sentence")
    assert page.page.locator("#back").is_disabled()
    for moment in range(1, last + 1):
        page.press("ArrowRight")
        assert f"event {moment} of {last}" in page.text("#place")
    assert page.page.locator("#forward").is_disabled()
    page.press("ArrowLeft")
    assert f"event {last - 1} of" in page.text("#place")
    page.page.locator("#first").click()
    page.page.locator("#forward").click()
    page.page.locator("#forward").click()
    assert "event 2 of" in page.text("#place")
    # An arrow key on the slider itself moves one moment, not two.
    page.page.locator("#moment").focus()
    page.press("ArrowRight")
    assert "event 3 of" in page.text("#place")
    page.press("End", "Home", " ")
    from playwright.sync_api import expect

    expect(page.page.locator("#place")).to_contain_text("event 2 of", timeout=10_000)
    page.press(" ")


@needs_chromium
def test_the_line_that_runs_is_marked_and_told(tmp_path: Path, opened: Open) -> None:
    recording = builders.rnn_cell(tmp_path)
    page = opened(page_of(recording, tmp_path))
    page.go(recording.moment(line=builders.RNN_CELL[: builders.RNN_CELL.index("h2h = ")].count("\n") + 1))
    assert page.text("#code .is-now > span") == "h2h = torch.mm(W_h, prev_h.t())"
    assert page.text("#narration") == "Two products\nmultiply the recurrent weights by the previous hidden state"
    assert page.page.locator("#code .is-now").is_visible()
    page.page.locator("#code .is-runnable", has_text="next_h.tanh()").click()
    assert page.text("#code .is-now > span").strip() == "next_h = next_h.tanh()"


@needs_chromium
def test_a_click_shows_all_numbers_of_a_node_and_hovering_a_few(tmp_path: Path, opened: Open) -> None:
    recording = builders.rnn_cell(tmp_path)
    page = opened(page_of(recording, tmp_path))
    graph = recording.graph()
    (node,) = (node for node, data in graph.nodes(data=True) if data["name"] == "W_x")
    box = page.page.locator("#world > .node", has_text="W_x")
    box.hover()
    assert "gradient" in page.text("#tip")
    box.click()
    shown = page.page.locator("#panel td").all_inner_texts()
    value, gradient = (graph.nodes[node][key].array.ravel().tolist() for key in ("value", "gradient"))
    assert len(shown) == 400
    for text, number in zip(shown, value + gradient, strict=True):
        assert math.isclose(float(text), number, rel_tol=5.1e-4, abs_tol=1e-12)
    norm = graph.nodes[node]["gradient"].statistics.norm
    assert f"norm {norm:.4g}" in page.text("#panel")
    # The panel follows the run, and leads from node to node.
    page.press("Home")
    assert "not there yet" in page.text("#panel")
    page.press("End")
    page.page.locator("#panel li button").first.click()
    assert page.text("#panel h2").startswith("mm")
    page.press("Escape")
    assert page.page.locator("#panel").is_hidden()


@needs_chromium
def test_search_finds_counts_and_goes_through(tmp_path: Path, opened: Open) -> None:
    recording = builders.rnn_cell(tmp_path)
    page = opened(page_of(recording, tmp_path))
    page.press("/")
    page.page.keyboard.type("mmbackward")
    assert page.text("#found") == "1 of 2"
    lit = page.page.locator(".node.is-found b")
    assert lit.all_inner_texts() == ["mm", "mm"]
    page.press("Enter")
    assert page.text("#panel h2") == "mm i2h"
    page.press("Enter")
    assert page.text("#found") == "2 of 2"
    assert page.text("#panel h2") == "mm h2h"
    page.page.locator("#query").fill("tanh next_h")
    assert page.text("#found") == "1 of 1"
    page.page.locator("#query").fill("no such thing")
    assert page.text("#found") == "nothing found"
    page.page.locator("#query").press("Escape")
    assert page.text("#found") == ""


@needs_chromium
def test_steps_are_gone_through_by_slider_keys_and_the_curve(tmp_path: Path, opened: Open) -> None:
    recording = builders.training(tmp_path, steps=9)
    page = opened(page_of(recording, tmp_path))
    assert "step 9 of 9" in page.text("#loss")
    page.press("[", "[")
    assert "step 7 of 9" in page.text("#loss")
    assert f"loss {recording.losses[6]:.5g}" in page.text("#loss")
    page.go(2, "step")
    assert "step 3 of 9" in page.text("#place")
    curve = page.page.locator("#curve").bounding_box()
    assert curve is not None
    page.page.mouse.click(curve["x"] + curve["width"] / 2, curve["y"] + curve["height"] / 2)
    assert "step 5 of 9" in page.text("#place")
    # Past a step's last moment lies the next step's first.
    page.go(10_000)
    page.press("ArrowRight")
    assert "step 6 of 9" in page.text("#place")


@needs_chromium
def test_dragging_and_zooming_move_the_picture_and_fit_brings_it_back(tmp_path: Path, opened: Open) -> None:
    page = opened(page_of(builders.rnn_cell(tmp_path), tmp_path))
    world = page.page.locator("#world")
    before = world.get_attribute("style")
    page.page.mouse.move(1100, 500)
    page.page.mouse.wheel(0, -400)
    zoomed = world.get_attribute("style")
    assert zoomed != before
    page.page.mouse.down()
    page.page.mouse.move(1000, 450, steps=4)
    page.page.mouse.up()
    assert world.get_attribute("style") != zoomed
    page.press("0")
    assert world.get_attribute("style") == before


@needs_chromium
def test_light_and_dark_follow_the_reader_and_the_button(tmp_path: Path, opened: Open) -> None:
    recording = builders.rnn_cell(tmp_path)

    def background(page: OpenPage) -> str:
        return str(page.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page = opened(page_of(recording, tmp_path))
    page.page.emulate_media(color_scheme="light")
    light = background(page)
    page.page.emulate_media(color_scheme="dark")
    dark = background(page)
    assert light == "rgb(255, 255, 255)" != dark
    page.press("t")
    assert background(page) == light
    page.page.locator("#theme").click()
    assert background(page) == dark
    page = opened(page_of(recording, tmp_path, theme="dark"))
    page.page.emulate_media(color_scheme="light")
    assert background(page) == dark


@needs_chromium
def test_no_text_is_cut_and_no_box_lies_on_another(tmp_path: Path, opened: Open) -> None:
    page = opened(page_of(builders.training(tmp_path, steps=3), tmp_path))
    for moment in (0, 8, 1000):
        page.go(moment)
        cut = page.page.evaluate(
            """() => [...document.querySelectorAll("#world .node .row, #world .node b")]
                .filter((row) => row.scrollWidth > row.clientWidth + 1).map((row) => row.innerText)"""
        )
        assert cut == []


@needs_chromium
def test_texts_of_a_script_are_texts_never_markup(tmp_path: Path, opened: Open) -> None:
    title = "</script><script>document.title = 'broken'</script><b>&amp; <!-- {{data}} ${1} `"
    text = f'"""{title}"""\nimport torch\n\n# <img src="x" onerror="alert(1)"> </style>\n'
    text += "x = torch.ones(2, requires_grad=True)\n(x * 2).sum().backward()\nprint('</textarea></script>')\n"
    recording = record_text(tmp_path, text, name="a<b>&c")
    page = opened(page_of(recording, tmp_path))
    assert page.page.title() == page.text("h1") == title
    assert "a<b>&c" in page.text("#place")
    page.go(recording.moment(line=5))
    assert page.text("#narration") == '<img src="x" onerror="alert(1)"> </style>'
    assert page.page.locator("img").count() == 0
    # A sentence of many numbers is cut at the edge of the page; it does not push the picture out of it.
    page.page.evaluate("document.querySelector('#sentence span:last-child').textContent = 'w = 0.25, '.repeat(200)")
    assert page.page.evaluate("document.querySelector('#stage').getBoundingClientRect().right <= innerWidth")


@needs_chromium
def test_a_run_with_an_error_says_so_and_marks_its_line(tmp_path: Path, opened: Open) -> None:
    recording, _ = try_text(tmp_path, "import torch\nx = torch.ones(2, requires_grad=True)\ny = x @ torch.ones(3)\n")
    page = opened(page_of(recording, tmp_path))
    assert "RuntimeError" in page.text("#notes")
    assert page.text("#code .is-raised > span") == "y = x @ torch.ones(3)"
    empty = tmp_path / "none"
    empty.mkdir()
    page = opened(page_of(builders.empty(empty), empty))
    assert page.page.locator("#empty").is_visible()


@needs_chromium
def test_a_light_recording_has_its_steps_too(tmp_path: Path, opened: Open) -> None:
    text = """
        import torch
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        torch.manual_seed(0)
        for step in range(30):
            loss = model(torch.randn(5, 4)).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    """
    recording = record_text(tmp_path, text, detail="light")
    data = data_of(render_recording(recording, Options()))
    assert len(data["steps"]) == 30
    assert len(data["structures"]) == 1
    page = opened(page_of(recording, tmp_path))
    for number in (1, 10, 30):
        page.go(number - 1, "step")
        page.go(1000)
        boxes, pills = expected_boxes(recording, recording.step(number).last)
        assert page.boxes() == boxes
        assert page.pills() == pills


def test_a_page_is_the_same_each_time_and_asks_for_nothing(tmp_path: Path) -> None:
    recording = builders.training(tmp_path, steps=4)
    page = render_recording(recording, Options())
    assert recording.path is not None
    assert page == render_recording(open_recording(recording.path), Options())
    text = page.decode()
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert not re.search(r"\bsrc\s*=|@import|url\(|fetch\(|XMLHttpRequest|sendBeacon|WebSocket", text)
    assert render_bytes(graphs.rnn_cell(gradients=True), "html") == render_bytes(
        graphs.rnn_cell(gradients=True), "html"
    )


def test_steps_with_one_structure_share_it(tmp_path: Path) -> None:
    data = data_of(render_recording(builders.training(tmp_path, steps=6), Options()))
    assert [step["structure"] for step in data["steps"]] == [0] * 6


def test_a_long_run_keeps_the_ends_the_wanted_and_what_broke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = builders.training(tmp_path, steps=40)
    losses = [1.0] * 40
    losses[22] = math.nan
    monkeypatch.setattr(type(recording), "losses", property(lambda _: losses))
    assert list(order_steps(recording, 7))[:5] == [7, 1, 40, 23, 22]
    assert sorted(order_steps(recording, 7)) == list(range(1, 41))
    monkeypatch.setattr("graphlab.renderers.page.steps.MOST_BYTES", 20_000)
    data = data_of(render_recording(recording, Options(), moment=recording.step(7).last))
    kept = [step["step"] for step in data["steps"]]
    assert len(kept) < 40
    assert {1, 7, 22, 23, 40} <= set(kept)
    assert f"{len(kept)} of 40 steps are in this page" in data["notes"][0]
    assert data["start"] == [kept.index(7), recording.step(7).last - recording.step(7).first]


def test_a_step_of_very_many_events_is_thinned_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = builders.training(tmp_path, steps=1)
    whole = data_of(render_recording(recording, Options()))
    monkeypatch.setattr("graphlab.renderers.page.steps.MOST_MOMENTS", 12)
    thin = data_of(render_recording(recording, Options()))
    assert len(thin["steps"][0]["events"]) < len(whole["steps"][0]["events"])
    assert thin["steps"][0]["events"][-1] == recording.event_count
    assert "some moments are left out" in thin["notes"][0]

    def last(data: dict[str, Any]) -> dict[tuple[int, int], Any]:
        changes = data["steps"][0]["changes"]
        state = {tuple(changes[at + 1 : at + 3]): changes[at + 3] for at in range(0, len(changes), 4)}
        return {key: data["names"][number] if key[0] == 3 else data["tensors"][number] if number >= 0 else None
                for key, number in state.items()}  # fmt: skip

    assert last(thin) == last(whole)


def test_numbers_of_large_tensors_are_left_out_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    recording = builders.rnn_cell(tmp_path)
    assert data_of(render_recording(recording, Options()))["notes"] == []
    monkeypatch.setattr("graphlab.renderers.page.tensors.ALL_ELEMENTS", 500)
    data = data_of(render_recording(recording, Options()))
    sizes = [len(tensor["v"]) for tensor in data["tensors"] if "v" in tensor]
    assert sum(sizes) <= 500
    assert max(sizes) == 200
    assert data["notes"] == ["numbers of tensors with more than 199 elements are left out where there are many"]


def test_export_writes_the_page_opened_at_a_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = builders.training(tmp_path, steps=5)
    path = tmp_path / "x.html"
    assert main(["export", str(recording.path), "-o", str(path), "--step", "3"]) == 0
    assert data_of(path.read_bytes())["start"][0] == 2
    assert main(["export", str(recording.path), "-o", str(path), "--at", "e40"]) == 0
    data = data_of(path.read_bytes())
    step, moment = data["start"]
    assert data["steps"][step]["events"][moment] == 40
    assert path.stat().st_size < 200_000


@needs_chromium
@pytest.mark.slow
def test_the_perceptron_can_be_mailed_whole(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "mlp.html"
    assert main(["export", "mlp_low", "-o", str(path)]) == 0
    assert path.stat().st_size < MOST_BYTES
    data = data_of(path.read_bytes())
    assert len(data["steps"]) == data["count"]["steps"] == 80
    page = opened(path)
    page.press("Home")
    assert f"event 0 of {data['count']['events']}" in page.text("#place")
    page.press("End")
    assert f"event {data['count']['events']} of {data['count']['events']}" in page.text("#place")
    page.go(39, "step")
    assert "step 40 of 80" in page.text("#place")
