"""A step as a gif: what happens is seen, in order, and nothing else moves."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from graphlab.cli import main
from graphlab.errors import RenderError
from graphlab.recording import Recording
from graphlab.renderers import render_animated, render_bytes
from graphlab.renderers.animation import MOST_FRAMES, MOST_PIXELS, _choose_frames, draw_frames, render_animation
from graphlab.renderers.figure import build_figure
from graphlab.renderers.options import Options
from graphlab.renderers.retold import retell
from tests import builders, graphs
from tests.recorded import record_text


def frames_of(data: bytes) -> list[tuple[Image.Image, int]]:
    """Return each frame with its milliseconds."""
    found = []
    with Image.open(io.BytesIO(data)) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append((image.convert("RGB"), int(image.info["duration"])))
    return found


def changed(one: Image.Image, two: Image.Image) -> int:
    """Return how many pixels differ."""
    mask = ImageChops.difference(one, two).convert("L").point(lambda level: 255 if level else 0)
    return mask.histogram()[255]


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return builders.rnn_cell(tmp_path_factory.mktemp("gif"))


def test_there_is_a_frame_for_all_that_happens_and_the_last_stays_longest(cell: Recording) -> None:
    step = cell.steps[0]
    events = cell.events_between(step.first, step.last, ("op", "backward_start", "gradient", "accumulate", "update"))
    frames = frames_of(render_animation(cell, Options(scale=0.6)))
    assert len({picture.size for picture, _ in frames}) == 1
    # Two moments that look alike but for a word are still two frames; what looks quite alike, Pillow joins.
    assert len(events) // 2 < len(frames) <= len(events)
    times = [time for _, time in frames]
    assert times[-1] == max(times)
    assert all(changed(one, two) for (one, _), (two, _) in pairwise(frames))


def test_the_same_recording_gives_the_same_bytes_and_themes_differ(cell: Recording) -> None:
    few = cell.steps[0].first + 22
    data = render_animation(cell, Options(scale=0.5), few)
    assert data == render_animation(cell, Options(scale=0.5), few)
    assert data[:6] == b"GIF89a"
    dark = frames_of(render_animation(cell, Options(scale=0.5, theme="dark"), few))
    assert sum(dark[0][0].getpixel((2, 2))) < 200  # type: ignore[arg-type]  # an RGB pixel is a tuple


def test_nothing_moves_while_the_graph_grows(cell: Recording) -> None:
    """Every text that a node has at a moment stands where it stands at the end."""
    step = cell.steps[0]
    stage = cell.graph(at=step.last)

    def places(moment: int) -> dict[tuple[str, str], set[tuple[str, str]]]:
        root = ET.fromstring(render_bytes(cell.graph(at=moment), "svg", stage=stage))
        found: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for group in root.iter("{http://www.w3.org/2000/svg}g"):
            for text in group.iter("{http://www.w3.org/2000/svg}text") if "node" in group.get("class", "") else ():
                place = text.get("x", ""), text.get("y", "")
                found.setdefault((group.get("id", ""), text.text or ""), set()).add(place)
        return found

    last = places(step.last)
    moments = [event.id for event in cell.events_between(step.first, step.last, ("op", "gradient"))]
    same = [(places(moment), moment) for moment in moments[::3]]
    assert any(now != last for now, _ in same)
    for now, _ in same:
        assert now
        assert {key: place for key, place in now.items() if key in last} == {
            key: last[key] for key in now if key in last
        }


def test_a_page_is_no_larger_than_a_slide_shows() -> None:
    options = Options(scale=16.0)
    (picture,) = draw_frames([build_figure(graphs.mlp(), options)], options)
    assert 0.95 * MOST_PIXELS < picture.width * picture.height < 1.01 * MOST_PIXELS


def test_of_very_many_moments_some_are_shown_and_the_last_always(tmp_path: Path) -> None:
    recording = builders.long_run(tmp_path)
    events = recording.events_between(1, recording.event_count, ("op", "gradient"))
    assert len(events) > 1_000
    frames = _choose_frames(events, recording.event_count, 20)
    assert len(frames) <= MOST_FRAMES + MOST_FRAMES // 4
    assert frames[-1].moment == recording.event_count
    assert [frame.moment for frame in frames] == sorted({frame.moment for frame in frames})
    assert len(_choose_frames(events, recording.event_count, 50_000)) < 12
    recording.close()


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    text = """
        import torch
        torch.manual_seed(0)
        w = torch.randn(3, requires_grad=True)
        v = torch.randn(3, requires_grad=True)
        loss = (w * v + w).tanh().sum()
        loss.backward()
    """
    return record_text(tmp_path_factory.mktemp("light"), text, detail="light")


def test_a_light_step_is_told_in_the_order_of_its_nodes_and_back(light: Recording) -> None:
    graph = light.graph()
    told = list(retell(graph, 100))
    ops = [graph.nodes[node]["op"] for node in sorted(graph) if graph.nodes[node]["kind"] == "op"]
    assert [each.graph["doing"] for each in told] == [f"{op} is made" for op in ops] + [
        f"{op} runs" for op in reversed(ops)
    ]
    assert [len(each) for each in told] == sorted(len(each) for each in told), "nothing goes that was there"
    counts = [sum(data["gradient"] is not None for _, data in each.nodes(data=True)) for each in told]
    assert counts[: len(ops)] == [0] * len(ops)
    assert counts == sorted(counts)
    for each in told[len(ops) :]:
        for node, data in each.nodes(data=True):
            users = [each.nodes[user]["gradient"] is not None for user in each.successors(node)]
            if data["kind"] in {"leaf", "parameter"}:
                assert (data["gradient"] is not None) == all(users), "a leaf has its gradient when all users have run"
    last = {node: data["gradient"] for node, data in told[-1].nodes(data=True)}
    assert last == {node: data["gradient"] for node, data in graph.nodes(data=True)}
    assert len(list(retell(graph, 3))) == 3
    assert all(len(each) == len(graph) for each in retell(graph, 3, has_future=True))
    assert len(frames_of(render_animation(light, Options(scale=0.5)))) > len(ops)


def test_nothing_recorded_is_refused_in_one_line(tmp_path: Path) -> None:
    recording = builders.empty(tmp_path)
    with pytest.raises(RenderError, match="nothing to animate"):
        render_animated(recording, tmp_path / "x.gif")
    with pytest.raises(RenderError, match=r"takes a recording"):
        render_bytes(graphs.square(), "gif")


def test_export_writes_a_step_or_a_part_of_it(
    cell: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, whole, part = str(cell.path), tmp_path / "whole.gif", tmp_path / "part.gif"
    assert main(["export", source, "-o", str(whole), "--scale", "0.5"]) == 0
    near = ["--focus", "W_h", "--hops", "1", "--theme", "dark", "--future"]
    assert main(["export", source, "-o", str(part), "--scale", "0.5", *near]) == 0
    (all_of_it, *_), (some, *_) = frames_of(whole.read_bytes()), frames_of(part.read_bytes())
    assert some[0].height < all_of_it[0].height
    assert main(["export", source, "-o", str(tmp_path / "x.gif"), "--renderer", "networkx"]) == 2
    assert capsys.readouterr().err.count("\n") == 3
