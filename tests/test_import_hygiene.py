"""What an import brings along, asked in a clean interpreter: the layers at run time, and quick starts.

The import contracts read the source; this sees what really comes, through other packages too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

HEAVY = {
    "torch",
    "torchviz",
    "textual",
    "networkx",
    "numpy",
    "sqlite3",
    "rich",
    "resvg_py",
    "graphviz",
    "matplotlib",
}

# What each may bring of the heavy ones. A script's recorder needs torch; whoever only looks needs none of it.
ALLOWED: dict[str, set[str]] = {
    "graphlab": set(),
    "graphlab.errors": set(),
    "graphlab.language": set(),
    "graphlab.model": set(),
    "graphlab.counted": set(),
    "graphlab.crowd": set(),
    "graphlab.dimensions": set(),
    "graphlab.ordering": set(),
    "graphlab.own_process": set(),
    "graphlab.recorded_words": set(),
    "graphlab.static_graph": set(),
    "graphlab.scenario": set(),
    "graphlab.store": {"sqlite3"},
    "graphlab.structure": {"sqlite3"},
    "graphlab.recording": {"sqlite3"},
    "graphlab.sentences": {"sqlite3"},
    "graphlab.series": {"sqlite3", "numpy"},
    "graphlab.report": {"sqlite3"},
    "graphlab.finding": {"sqlite3", "numpy"},
    "graphlab.graph": {"sqlite3"},
    "graphlab.layout": {"sqlite3", "numpy"},
    "graphlab.analysis": {"sqlite3", "numpy"},
    "graphlab.quiz": {"sqlite3", "numpy"},
    "graphlab.comparing": {"sqlite3", "numpy"},
    "graphlab.training": {"sqlite3", "numpy"},
    "graphlab.renderers": {"sqlite3", "numpy"},
    "graphlab.tui": HEAVY - {"torch", "torchviz"},
    "graphlab.cli": set(),
    # torch itself brings numpy, networkx and more.
    "graphlab.capture": HEAVY - {"sqlite3", "textual"},
    "graphlab.recorder": HEAVY - {"textual"},
    "graphlab.store_sink": HEAVY - {"textual"},
    "graphlab.ending": HEAVY - {"textual"},
    "graphlab.request": HEAVY - {"sqlite3", "textual"},
    "graphlab.verify": HEAVY - {"textual"},
    "graphlab.replay": HEAVY - {"textual"},
    "graphlab.tracing": HEAVY - {"textual"},
    "graphlab.with_block": HEAVY - {"textual"},
}
EXISTING = [name for name in ALLOWED if find_spec(name) is not None]
WITHOUT_TORCH = [name for name in EXISTING if "torch" not in ALLOWED[name]]
WITH_TORCH = sorted((name for name in EXISTING if "torch" in ALLOWED[name]), key=lambda name: len(ALLOWED[name]))
"""Those that may bring torch; whoever may bring least comes first."""
REPORT = "print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def printed_by(program: str, *arguments: str) -> list[str]:
    """Run a program in a clean interpreter and return the lines that it printed."""
    child = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, timeout=120
    )
    return child.stdout.splitlines()


def imported_by(program: str, *arguments: str) -> set[str]:
    """Run a program in a clean interpreter and return the packages that it imported."""
    return set(json.loads(printed_by(f"{program}; import json, sys; {REPORT}", *arguments)[-1]))


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_an_import_brings_only_what_its_layer_may(module: str) -> None:
    assert imported_by(f"import {module}") & HEAVY <= ALLOWED[module]


def test_what_needs_torch_brings_only_what_it_may_besides() -> None:
    """One after the other in one interpreter, which imports torch once: what one must not bring none before it may."""
    program = f"import json, sys\nfor name in sys.argv[1:]:\n    __import__(name)\n    {REPORT}"
    told = [set(json.loads(line)) & HEAVY for line in printed_by(program, *WITH_TORCH) if line]
    found = {name: packages - ALLOWED[name] for name, packages in zip(WITH_TORCH, told, strict=True)}
    assert found == {name: set() for name in WITH_TORCH}
    assert all(ALLOWED[one] <= ALLOWED[other] for one, other in pairwise(WITH_TORCH))


def test_every_part_of_the_package_has_its_line_here() -> None:
    import graphlab

    folder = Path(graphlab.__file__).parent
    parts = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    assert {f"graphlab.{part}" for part in parts if not part.startswith("_")} <= ALLOWED.keys()


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["list", "--help"], set()),
        (["list", "--json"], set()),
        (["list"], set()),
        (["doctor", "--help"], set()),
        (["doctor", "--json"], {"rich"}),
    ],
    ids=" ".join,
)
def test_a_command_imports_only_what_it_needs(words: list[str], allowed: set[str]) -> None:
    program = "import sys; from graphlab.cli import main; main(sys.argv[1:])"
    assert imported_by(program, *words) & HEAVY <= allowed
