"""The scenarios as plain scripts: under bare Python, without graphlab, their figures are the published ones.

Separate from the tests of recordings, because here nothing of ours is at work: what these tests see is the truth that
a recording must agree with.
"""

from __future__ import annotations

import ast
import csv
import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCENARIOS = Path(__file__).parents[1] / "scenarios"
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.py"))
LEVELS = ("low", "mid", "high")
STEPS = {"interfaces": 40, "linear_regression": 30, "logistic_regression": 40, "mlp": 80}
"""Each family's training steps."""

DECIDED_BY_VALUES = {
    "attention",
    "batch_norm_by_hand",
    "checkpointing",
    "control_flow",
    "devices",
    "dropout",
    "embedding_sparse",
    "gradient_accumulation",
    "mixed_precision",
    "reparametrisation",
    "static_vs_dynamic",
}
"""What they do next depends on numbers, which the meta device has none of."""

NOTEBOOK = """\
73.31/50.00 62.05/55.47 60.55/44.53 50.94/71.88 49.50/84.38
41.95/99.22 36.24/98.44 40.80/98.44 31.29/100.00 30.32/99.22"""
"""What the course's notebook printed for each epoch: loss / accuracy, both times 100."""

WATCH = """
import contextlib, io, json, pathlib, runpy, sys, torch

printed, losses, backward = {}, {}, torch.Tensor.backward

def watched(self, *args, **kwargs):
    losses[name].append(self.item())
    return backward(self, *args, **kwargs)

torch.Tensor.backward = watched
for path in sys.argv[1:]:
    name = pathlib.Path(path).stem
    losses[name] = []
    with contextlib.redirect_stdout(io.StringIO()) as output:
        runpy.run_path(path, run_name="__main__")
    printed[name] = output.getvalue()
print(json.dumps([printed, losses]))
"""
"""Runs scripts and prints what each printed, and the numbers at which its backwards began."""

ELSEWHERE = """
import contextlib, json, pathlib, sys, torch

seen, backward = {}, torch.Tensor.backward

def watched(self, *args, **kwargs):
    backward(self, *args, **kwargs)
    pending, leaves, known = [node for node in [self.grad_fn] if node is not None], [], set()
    while pending:
        node = pending.pop()
        pending += [each for each, _ in node.next_functions if each is not None and each not in known]
        known.update(pending)
        leaves += [node.variable] if hasattr(node, "variable") else []
    seen[path] = sorted({str(tensor.device) for tensor in [self, *leaves, *(leaf.grad for leaf in leaves)]})

torch.Tensor.backward = watched
# The meta device computes shapes only, on any machine, and refuses to be mixed with the CPU; numbers it has none.
torch.Tensor.item = lambda self: 0.5
for path in sys.argv[1:]:
    text = pathlib.Path(path).read_text(encoding="utf-8").replace('DEVICE = "cpu"', 'DEVICE = "meta"')
    with contextlib.redirect_stdout(None):
        exec(compile(text, path, "exec"), {"__name__": "__main__", "__file__": path})
print(json.dumps(seen))
"""
"""Runs scripts with another DEVICE and prints where their losses, leaves and gradients were."""


def run_python(*arguments: str | Path) -> str:
    """Run Python far from the repository, every warning an error, and return what it printed."""
    command = [sys.executable, "-W", "error", *map(str, arguments)]
    quiet = {**os.environ, "KINETO_LOG_LEVEL": "99"}  # torch's profiler tells stderr when it starts and stops
    done = subprocess.run(
        command, cwd=Path(sys.prefix), env=quiet, capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


@functools.cache
def watched() -> tuple[dict[str, str], dict[str, list[float]]]:
    """Run the scenarios that are looked at one after another, as torch is started once: what they print, and losses."""
    names = ["survey_function", "static_vs_dynamic", "rnn_cell"]
    names += [f"{family}_{level}" for family in STEPS for level in LEVELS]
    printed, losses = json.loads(run_python("-c", WATCH, *(SCENARIOS / f"{name}.py" for name in names)))
    return printed, losses


def printed(name: str) -> str:
    """Return what a scenario prints."""
    return watched()[0][name]


def numbers(text: str, label: str) -> list[float]:
    """Return the number that follows a label, for each time that the label is printed."""
    return [float(number) for number in re.findall(rf"{re.escape(label)}\s+(-?[\d.]+)", text)]


def read_text(name: str) -> str:
    return (SCENARIOS / f"{name}.py").read_text(encoding="utf-8")


def read_docstring(name: str) -> list[str]:
    return (ast.get_docstring(ast.parse(read_text(name))) or "").splitlines()


# What they compute


def test_survey_function_has_the_survey_s_value_and_gradients() -> None:
    assert printed("survey_function").splitlines() == [
        "f(2, 5) = 11.652071",
        "df/dx1  = 5.500000",
        "df/dx2  = 1.716338",
    ]


def test_the_two_inputs_of_static_vs_dynamic_take_different_branches() -> None:
    first, second, straight = printed("static_vs_dynamic").splitlines()
    assert first.startswith("first: left, loss 6.85")
    assert second.startswith("second: right, loss -3.79")
    assert straight.startswith("straight: loss 0.15")


def test_rnn_cell_has_the_slides_loss_and_gradients() -> None:
    """The sixth decimal of a gradient hangs on the processor: where tanh is flat, 1 - tanh² cancels digits."""
    text = printed("rnn_cell")
    assert numbers(text, "loss") == pytest.approx([-2.451504], abs=2e-6)
    assert numbers(text, "|W_h.grad|") == pytest.approx([3.849550], abs=1.5e-5)
    assert numbers(text, "|W_x.grad|") == pytest.approx([3.207100], abs=1.5e-5)
    assert "saturated   10 of 20 units" in text


@pytest.mark.parametrize("level", LEVELS)
def test_linear_regression_finds_the_line_behind_the_data(level: str) -> None:
    text = printed(f"linear_regression_{level}")
    start, end = re.findall(r"y_hat = (-?[\d.]+) x \+ (-?[\d.]+)", text)
    assert float(end[0]) == pytest.approx(0.8, abs=0.1)
    assert float(end[1]) == pytest.approx(3, abs=0.2)
    assert abs(float(start[0]) - float(end[0])) > 0.5, "the slope hardly moved"
    assert abs(float(start[1]) - float(end[1])) > 0.5, "the height hardly moved"
    falling = numbers(text, "loss")
    assert len(falling) == 7
    assert falling == sorted(falling, reverse=True)


@pytest.mark.parametrize("level", LEVELS)
def test_logistic_regression_is_the_notebook_s_run_to_every_printed_digit(level: str) -> None:
    text = printed(f"logistic_regression_{level}")
    assert re.findall(r"epoch +\d+ loss ([\d.]+) accuracy ([\d.]+)", text) == [
        tuple(pair.split("/")) for pair in NOTEBOOK.split()
    ]
    assert re.search(r"^start +w -0\.1850  b 0\.5638$", text, re.MULTILINE)
    assert re.search(r"^end +w 2\.1193  b -1\.3498$", text, re.MULTILINE)


@pytest.mark.parametrize("level", LEVELS)
def test_mlp_names_held_out_flowers(level: str) -> None:
    text = printed(f"mlp_{level}")
    accuracies = numbers(text, "accuracy")
    assert accuracies[0] < 0.7
    assert accuracies[-1] > 0.9
    assert numbers(text, "loss")[-1] < 0.3
    assert re.search(r"^(28|29|30) of 30 held-out flowers are named right$", text, re.MULTILINE)


@pytest.mark.parametrize("family", STEPS)
def test_levels_of_a_family_have_the_same_loss_at_every_step(family: str) -> None:
    low, mid, high = (watched()[1][f"{family}_{level}"] for level in LEVELS)
    assert len(low) == STEPS[family]
    assert mid == pytest.approx(low, rel=0, abs=1e-6)
    assert high == pytest.approx(low, rel=0, abs=1e-6)


@pytest.mark.parametrize("family", STEPS)
def test_levels_of_a_family_print_the_same(family: str) -> None:
    low, mid, high = (printed(f"{family}_{level}") for level in LEVELS)
    assert low == mid == high


def test_device_moves_the_whole_computation() -> None:
    raising = {name for name in NAMES if "\nRaises: " in read_text(name)}
    paths = [str(SCENARIOS / f"{name}.py") for name in NAMES if name not in DECIDED_BY_VALUES | raising]
    assert json.loads(run_python("-c", ELSEWHERE, *paths)) == {path: ["meta"] for path in paths}


# What they are made of


@pytest.mark.parametrize("name", NAMES)
def test_scenario_imports_torch_and_the_standard_library_alone(name: str) -> None:
    imported = set()
    for node in ast.walk(ast.parse(read_text(name))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert "torch" in imported
    assert imported - {"torch"} <= sys.stdlib_module_names


@pytest.mark.parametrize("name", NAMES)
def test_scenario_says_what_it_is_and_the_question_that_it_answers(name: str) -> None:
    title, blank, *description, section, order, question = read_docstring(name)
    assert title
    assert not title.endswith(".")
    assert not blank
    assert len(" ".join(description)) > 200
    assert re.fullmatch(r"Section: \d+ [A-Z][a-z ]+", section)
    assert re.fullmatch(r"Order: \d+", order)
    assert re.fullmatch(r"Question: [A-Z].+\?", question)


def test_no_two_scenarios_share_a_title_or_a_question() -> None:
    assert len({read_docstring(name)[0] for name in NAMES}) == len(NAMES)
    assert len({read_docstring(name)[-1] for name in NAMES}) == len(NAMES)


def test_a_section_s_number_means_one_section() -> None:
    sections = {read_docstring(name)[-3].removeprefix("Section: ") for name in NAMES}
    assert len({section.split()[0] for section in sections}) == len(sections)


@pytest.mark.parametrize("name", NAMES)
def test_scenario_has_its_parameters_as_capital_literals(name: str) -> None:
    values: dict[str, Any] = {}
    for node in ast.parse(read_text(name)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            values[node.targets[0].id] = ast.literal_eval(node.value) if isinstance(node.value, ast.Constant) else None
    assert values["DEVICE"] == "cpu"
    if "manual_seed" in read_text(name):
        assert isinstance(values["SEED"], int)
    if name.rpartition("_")[0] in STEPS:
        assert isinstance(values["LR"], float)
        assert isinstance(values.get("STEPS", values.get("EPOCHS")), int)


@pytest.mark.parametrize("name", NAMES)
def test_scenario_has_chapters_and_mlp_the_slides_four_steps_in_order(name: str) -> None:
    chapters = re.findall(r"(?m)^ *# %% (.+)$", read_text(name))
    assert len(chapters) >= 3
    if name.startswith("mlp"):
        first = chapters.index("Load the batch")
        assert chapters[first : first + 4] == ["Load the batch", "Forward and error", "Backward", "Update"]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_that_computes_has_a_comment_directly_above_it(name: str) -> None:
    lines, tree = read_text(name).splitlines(), ast.parse(read_text(name))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    # To print is to speak; so is to call a function of the script's own that does.
    telling = ("print(", *(f"{each.name}(" for each in functions if "print(" in ast.unparse(each)))
    silent = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr | ast.For | ast.With):
            continue
        line, above = lines[node.lineno - 1].strip(), lines[node.lineno - 2].strip()
        is_parameter = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.UnaryOp)
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_spoken = above.startswith("# ") and not above.startswith("# %%")
        if not (is_parameter or is_text or is_spoken or line.startswith(telling)):
            silent.append(f"{node.lineno}: {line}")
    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_scenario_fits_on_a_slide(name: str) -> None:
    lines = read_text(name).splitlines()
    assert [line for line in lines if len(line) > 82] == []


def test_iris_is_uci_s_table_with_its_source_beside_it() -> None:
    with (SCENARIOS / "data" / "iris.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    assert [row[4] for row in rows] == ["setosa"] * 50 + ["versicolor"] * 50 + ["virginica"] * 50
    assert rows[34] == rows[37] == ["4.9", "3.1", "1.5", "0.1", "setosa"]
    # The sums of the four columns: one slip of a digit anywhere would change them.
    assert [round(sum(float(row[column]) for row in rows), 1) for column in range(4)] == [876.5, 458.1, 563.8, 179.8]
    note = (SCENARIOS / "data" / "README.md").read_text(encoding="utf-8")
    assert all(word in note for word in ("Fisher", "1936", "UCI Machine Learning Repository", "CC BY 4.0", "34", "37"))
