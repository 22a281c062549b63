"""`graphlab plot`: a file of each kind, the same bytes each time, and one clear line for what cannot be drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import resvg_py

from graphlab.cli import main
from graphlab.renderers.plots import WHATS, choices
from graphlab.renderers.plots.choices import spread_steps
from graphlab.renderers.plots.figures import Canvas
from tests import builders
from tests.browser import Open, needs_chromium
from tests.light_builder import light_run
from tests.recorded import record_text

SCRIPT = '''
    """Two classes of points"""
    import torch
    torch.manual_seed(0)
    x = torch.randn(20, 3)
    y = (x[:, :1] > 0).float()
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for step in range(6):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x), y)
        loss.backward()
        optimizer.step()
'''

LINE = """
    import torch
    x = torch.linspace(-1, 1, 12)
    w, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    for step in range(9):
        loss = ((w * x + b - 2 * x - 1) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.2 * w.grad
            b -= 0.2 * b.grad
        w.grad = b.grad = None
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = record_text(tmp_path_factory.mktemp("plot"), SCRIPT).path
    assert path is not None
    return str(path)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = record_text(tmp_path_factory.mktemp("line"), LINE).path
    assert path is not None
    return str(path)


@pytest.mark.parametrize("what", [what for what in WHATS if what != "surface"])
def test_everything_is_written_as_svg_and_twice_the_same(tmp_path: Path, recorded: str, what: str) -> None:
    for name in ("a.svg", "b.svg"):
        assert main(["plot", recorded, "-o", str(tmp_path / name), "--what", what]) == 0
    text = (tmp_path / "a.svg").read_bytes()
    assert text == (tmp_path / "b.svg").read_bytes()
    assert b"<svg" in text and len(text) > 4_000
    # A program that has no resolution takes a size in points for none.
    assert bytes(resvg_py.svg_to_bytes(svg_string=text.decode())).startswith(b"\x89PNG")


def test_a_picture_is_a_png_and_the_dark_one_is_another(tmp_path: Path, line: str) -> None:
    for theme in ("light", "dark"):
        target = tmp_path / f"{theme}.png"
        assert main(["plot", line, "-o", str(target), "--what", "surface", "--theme", theme]) == 0
        assert target.read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "light.png").read_bytes() != (tmp_path / "dark.png").read_bytes()


def test_a_page_of_the_data_moves_with_the_steps(tmp_path: Path, line: str) -> None:
    target = tmp_path / "line.html"
    assert main(["plot", line, "-o", str(target), "--what", "data"]) == 0
    page = target.read_text(encoding="utf-8")
    assert re.findall(r'data-step="(\d+)"', page) == [str(step) for step in range(1, 10)]
    assert 'type="range"' in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page), "it loads nothing"
    assert main(["plot", line, "-o", str(target), "--what", "data", "--step", "4"]) == 0
    page = target.read_text(encoding="utf-8")
    assert re.findall(r'data-step="(\d+)"', page) == ["4"]
    assert 'type="range"' not in page


@needs_chromium
def test_in_a_browser_the_slider_shows_one_picture_a_step(tmp_path: Path, line: str, opened: Open) -> None:
    target = tmp_path / "line.html"
    assert main(["plot", line, "-o", str(target), "--what", "data"]) == 0
    page = opened(target)
    for place in (0, 8, 3):
        page.go(place, "slider")
        shown = page.page.locator("#frames img:visible")
        assert shown.count() == 1
        assert shown.get_attribute("data-step") == page.text("#step") == str(place + 1)
        width, height = shown.evaluate("image => [image.naturalWidth, image.naturalHeight]")
        assert width > height > 100, "the picture itself was read"


def test_a_long_light_run_is_plotted(tmp_path: Path) -> None:
    path = light_run(tmp_path, 3_000, 12).path
    for what in ("gradients", "loss"):
        assert main(["plot", str(path), "-o", str(tmp_path / "x.svg"), "--what", what]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "x.pdf"], r"\.svg, \.png or \.html"),
        (["-o", "x"], "no ending"),
        (["-o", "nowhere/x.svg"], "does not exist"),
        (["-o", "x.svg", "--parameter", "w"], "--parameter goes with"),
        (["-o", "x.svg", "--what", "parameter", "--parameter", "weihgt"], "there is no parameter 'weihgt'; there is w"),
        (["-o", "x.svg", "--what", "data", "--columns", "1"], "two numbers"),
        (["-o", "x.svg", "--what", "data", "--columns", "0,9"], "columns 0 to 2"),
        (["-o", "x.svg", "--step", "0"], "--step"),
        (["-o", "x.svg", "--step", "99"], "there is no step 99"),
        (["-o", "x.svg", "--what", "surface"], "the model has 4 numbers"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_drawn_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    recorded: str, words: list[str], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["plot", recorded, *words]) == 2
    error = capsys.readouterr().err
    assert re.search(said, error), error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_steps_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = builders.empty(tmp_path).path
    assert main(["plot", str(path), "-o", str(tmp_path / "x.svg")]) == 2
    assert "nothing to plot" in capsys.readouterr().err


def test_without_matplotlib_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    monkeypatch.setattr(choices, "find_spec", lambda name: None)
    assert main(["plot", line, "-o", str(tmp_path / "x.svg")]) == 2
    assert "pip install matplotlib" in capsys.readouterr().err


@pytest.mark.parametrize("last", [1, 3, 25, 26, 40, 1_000, 100_000])
def test_the_steps_of_a_page_are_few_and_reach_from_first_to_last(last: int) -> None:
    steps = spread_steps(last, 25)
    assert steps == sorted(set(steps))
    assert len(steps) == min(last, 25)
    assert (steps[0], steps[-1]) == (1, last)


def test_steps_are_counted_in_whole_numbers_and_a_long_title_is_seen_whole() -> None:
    canvas = Canvas("light")
    title = "A sentence that a docstring begins with, and that goes on for quite a while: " * 2
    axes = canvas.axes(title, [2.0, 1.0])
    for each in axes:
        each.plot([1, 2, 3], [2.3621, 2.3624, 2.3628])
    canvas.name_steps(axes)
    assert all(float(tick).is_integer() for each in axes for tick in each.get_xticks())
    assert canvas.figure is not None
    assert canvas.write("png")
    assert [each.yaxis.get_offset_text().get_text() for each in axes] == ["", ""]
    assert (said := canvas.figure.get_suptitle()).split() == title.split()
    assert "\n" in said
