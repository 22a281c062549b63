"""Every text that people read is in the catalogs: in a language of no translation only data is left in Latin."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from graphlab.scenario import list_scenarios
from tests.recorded import record_text

SCRIPT = """import torch
torch.manual_seed(1)
w = torch.rand(2, 3, requires_grad=True)
for k in range(3):
    # One.
    q = (w * w).sum()
    q.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
"""
KEYS = (
    "right right ! ? ! escape c ! escape e ! escape C ! escape G S ! v ! 5 ! v ! v ! "
    "escape 3 v ! v ! D ! escape : ! escape / ! escape o !"
)
# fmt: off
SAME = {
    # Programs, libraries and what they call things.
    "graphlab", "torch", "torchviz", "networkx", "numpy", "textual", "rich", "platformdirs", "resvg", "Pillow",
    "reportlab", "matplotlib", "serve", "graphviz", "pure", "linux", "darwin", "cpu", "cuda", "utf", "ascii",
    # Formats, files, and where they lie.
    "dot", "svg", "png", "pdf", "html", "json", "graphml", "txt", "csv", "mmd", "gif", "plot", "glab", "outputs",
    # Keys as they stand on the keyboard.
    "Home", "End", "Space", "Backspace", "Enter", "PgUp", "PgDn", "Shift", "Esc", "Tab",
    # What `--theme` takes; a kind of value.
    "light", "dark", "float",
    # Ops and nodes.
    "mul", "sum", "sub", "MulBackward", "SumBackward", "AccumulateGrad", "Mul", "Sum",
}
# fmt: on


WORD = re.compile("[A-Za-z]{3,}")
CODE = re.compile("`[^`]*`|--[a-z]+")
"""What is code wherever it stands: words between backticks, and options."""


def test_nothing_that_people_read_is_left_untranslated(tmp_path: Path) -> None:
    path = record_text(tmp_path, SCRIPT, name="k").path
    assert path is not None
    words = [sys.executable, "-m", "tests.pseudo_locale", str(path), KEYS]
    child = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False)
    assert child.returncode == 0, child.stderr
    surfaces = dict(surface.split("\n", 1) for surface in child.stdout.split("\f")[1:])
    assert len(surfaces) > 30
    # `list` and the gallery name the scenarios with their parameters.
    data = [f"{scenario.name} {[each.name for each in scenario.parameters]}" for scenario in list_scenarios()]
    known = SAME | set(WORD.findall(f"{SCRIPT} {path} {sys.prefix} {data}"))
    left = {}
    for heading, text in surfaces.items():
        if heading.endswith("--help"):
            # Commands, options and their values are the same in every language; a sentence is none of these.
            left[heading] = set(re.findall("[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", text))
        else:
            found = set(WORD.findall(CODE.sub("", text))) - known - set(WORD.findall(heading))
            left[heading] = {word for word in found if not any(each.startswith(word) for each in known)}  # cut short
    assert {heading: words for heading, words in left.items() if words} == {}
