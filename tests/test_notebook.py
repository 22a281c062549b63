"""In a notebook a graph, a step and a recording show themselves: a notebook is run, and its outputs are looked at."""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from graphlab.recording import Recording
from graphlab.renderers.notebook import MOST_STEPS
from tests.recorded import record_text

REPO = Path(__file__).parents[1]
CELLS = (
    """\
import torch, graphlab
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
with graphlab.record(None) as run:
    loss = (w * w).sum()
    loss.backward()
""",
    "run",
    "run.steps[0]",
    "run.graph()",
)


@pytest.mark.filterwarnings("ignore")  # of jupyter_client and its event loop, which are not ours
def test_a_graph_a_step_and_a_recording_show_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    kernel = tmp_path / "kernels" / "here"
    kernel.mkdir(parents=True)
    command = f'["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    (kernel / "kernel.json").write_text(f'{{"argv": {command}, "display_name": "here", "language": "python"}}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, kernel_name="here", timeout=120).execute(cwd=str(tmp_path))
    _, run, step, graph = (outputs_of(cell) for cell in notebook.cells)
    assert run["text/plain"].startswith("<Recording notebook: ok, ")  # and no number of a cell's
    assert "<strong>notebook</strong>" in run["text/html"]
    assert ">notebook</text>" in graph["image/svg+xml"]
    assert "1 step" not in run["text/html"]
    assert "<table>" in run["text/html"]
    assert "MulBackward0" in run["text/html"]
    assert "<caption>step 1</caption>" in step["text/html"]
    assert ET.fromstring(graph["image/svg+xml"]).tag.endswith("svg")
    assert "MulBackward0" in graph["image/svg+xml"]


def outputs_of(cell: Any) -> dict[str, str]:
    """Return what a cell shows, by type."""
    shown = [output["data"] for output in cell["outputs"] if output["output_type"] == "execute_result"]
    return {kind: "".join(text) for data in shown for kind, text in data.items()}


def shown(recording: Recording) -> str:
    """Return what a recording shows of itself."""
    return recording._repr_html_()


def test_of_many_steps_the_first_and_the_last_are_shown_and_nothing_breaks_out_of_its_cell(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        '''
        """Steps <script>alert(1)</script>"""
        import torch
        w = torch.ones(2, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1)
        for step in range(30):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
        ''',
    )
    text = shown(recording)
    assert text.count("<tr>") == MOST_STEPS + 2
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    root = ET.fromstring(text)
    assert root.tag == "div"


def test_a_recording_without_a_step_shows_what_it_is(tmp_path: Path) -> None:
    text = shown(record_text(tmp_path, "print('nothing')"))
    assert "script" in text
