"""Draws the graph of every scenario and writes the page that shows them: a part of `make pictures`.

All scripts run in this process, one after the other: a process each would spend most of its time on importing torch.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import networkx

from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.renderers import render_bytes
from graphlab.renderers.options import Choices
from graphlab.request import RunRequest
from graphlab.scenario import Scenario, list_scenarios

DOCS = Path(__file__).resolve().parent
FOLDER = DOCS / "pictures" / "gallery"
_HEAD = """# The scenarios in pictures

The graph of each scenario, as a training step left it: `graphlab export NAME -o graph.svg` draws it, and
`graphlab explore NAME` walks through it. What would be too large for a page is drawn from left to right
(`--direction right`), or folded (`--fold 1`). [How to read a picture](pictures.md), [how to write a
scenario](scenarios.md).
"""
_PAGE = (3100.0, 2700.0)
"""Points, width and height, beyond which nothing can be read of a picture that a page shows at its own width."""
_WAYS: tuple[Choices, ...] = ({}, {"direction": "right"}, {"fold": 1})
"""How a scenario's graph may be drawn, the usual way first."""


def draw(target: Path = FOLDER) -> list[Scenario]:
    """Record our scenarios and draw their graphs; return them in the gallery's order."""
    ours = [each for each in list_scenarios() if each.path.parent == DOCS.parent / "scenarios"]
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.svg"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        for scenario in ours:
            recording = _record(scenario, Path(folder))
            picture = _legible(recording.graph(step=_usual_step(recording)))
            (target / f"{scenario.name}.svg").write_bytes(picture)
            recording.close()
    return ours


def _legible(graph: networkx.MultiDiGraph) -> bytes:
    """Return the picture of the first way that suits a page; of a graph that none suits, the one that does best."""
    excess: dict[float, bytes] = {}
    for way in _WAYS:
        picture = render_bytes(graph, "svg", **way)
        sides = re.search(rb'width="([\d.]+)" height="([\d.]+)"', picture)
        assert sides is not None
        too_much = max(float(side) / most for side, most in zip(sides.groups(), _PAGE, strict=True))
        if too_much <= 1:
            return picture
        excess.setdefault(too_much, picture)
    return excess[min(excess)]


def _record(scenario: Scenario, folder: Path) -> Recording:
    target = folder / f"{scenario.name}.glab"
    request = RunRequest(scenario.path, scenario.path.read_text(encoding="utf-8"), scenario.name)
    # Some end in an error on purpose: what was built until then is their picture.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_script(request, target, tell=lambda _: None)
    return open_recording(target)


def _usual_step(recording: Recording) -> int:
    """Return the last step that is like most: what a script tries out after its loop belongs to the very last."""
    sizes = Counter(step.nodes for step in recording.steps if step.nodes > 1)
    usual = max(sizes.values(), default=0)
    return next((step.step for step in reversed(recording.steps) if sizes[step.nodes] == usual), len(recording.steps))


def page(scenarios: Sequence[Scenario]) -> str:
    """Return the page: the sections of the gallery, and in each its scenarios with their question and picture."""
    parts = [_HEAD]
    section = None
    for scenario in scenarios:
        if scenario.section != section:
            section = scenario.section
            parts.append(f"\n## {section}\n")
        parts.append(
            f"\n**{scenario.title}** ([`{scenario.name}`](../scenarios/{scenario.path.name})): {scenario.question}\n\n"
            f"![{scenario.title}](pictures/gallery/{scenario.name}.svg)\n"
        )
    return "".join(parts)


def main() -> None:
    """Draw all and write the page."""
    (DOCS / "gallery.md").write_text(page(draw()), encoding="utf-8")


if __name__ == "__main__":
    main()
