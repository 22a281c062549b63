"""`graphlab check`: each broken script is found at its line, and what nearly is one stays silent.

That it is silent about healthy scenarios stands in tests/test_scenarios_recorded.py, where all of them are recorded. In
`tests/broken` a line that must be found ends in `# <- finding-name`, and one that takes part in `# <- also`.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
import torch

from graphlab.analysis import findings
from graphlab.analysis.findings import Finding, check, evidence
from graphlab.analysis.findings.evidence import say_evidence
from graphlab.analysis.findings.finding import SEVERITIES, Text, make_finding
from graphlab.analysis.findings.rates import diverges_at
from graphlab.recording import Recording
from tests.recorded import try_text

FOLDER = Path(__file__).parent
BROKEN = sorted((FOLDER / "broken").glob("*.py"))
NEAR_MISSES = sorted((FOLDER / "near_misses").glob("*.py"))
NOT_IN_LIGHT: set[str] = {
    "shapes-broadcast-in-loss", "evaluation-in-training-mode", "evaluation-with-graph", "changed-behind-autograd",
    "grad-of-non-leaf", "gradients-half-done", "name-lost-its-leaf", "retain-graph-not-needed",
    "softmax-over-wrong-dimension", "loss-term-without-gradient",
}  # fmt: skip
"""What only the recorded ops, lines and values show."""
VALUES_ONLY = {
    "mean_square_overflows", "two_units_alive", "pixels_not_scaled", "name_lost_to_an_update", "attention_begun_sharp",
    "divergence_of_shares",
}  # fmt: skip
"""Scripts of which light detail, without values of activations, lines and names, cannot tell, or not so much."""
LIGHT_NAMES = {"not-finite-data": "not-finite"}
"""What light detail tells under a wider name."""
_MARK = re.compile(r"# <- ([\w-]+)\s*$")


def findings_of(path: Path, folder: Path, **options: object) -> list[Finding]:
    """Record a script in this process, and check it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, which the broken scripts deserve
        recording, _ = try_text(folder, path.read_text(encoding="utf-8"), name=path.stem, **options)
    try:
        found = check(recording)
    finally:
        recording.close()
    assert [finding.message for finding in found if finding.finding == "finder-failed"] == []
    # Each key of the evidence has words, which are translated: none reaches a person as JSON has it.
    assert {key for finding in found for key in finding.evidence} <= evidence.NAMES.keys() | evidence.FOR_PROGRAMS
    return found


def marks(path: Path) -> tuple[dict[str, int], set[int]]:
    """Return the findings that a script asks for, with their lines, and the lines that take part."""
    wanted: dict[str, int] = {}
    also = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = _MARK.search(line)
        if match is not None and match[1] == "also":
            also.add(number)
        elif match is not None:
            wanted[match[1]] = number
    return wanted, also


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_what_is_broken_is_found_at_its_line(path: Path, tmp_path: Path) -> None:
    wanted, also = marks(path)
    assert wanted
    found = [finding for finding in findings_of(path, tmp_path) if finding.severity != "note"]
    assert {finding.finding: finding.line for finding in found} == wanted
    assert also <= {line for finding in found for line in finding.lines}
    assert all(finding.message and finding.remedy and finding.file == f"{path.stem}.py" for finding in found)


@pytest.mark.parametrize("path", NEAR_MISSES, ids=lambda path: path.stem)
@pytest.mark.parametrize("detail", ["full", pytest.param("light", marks=pytest.mark.slow)])
def test_what_nearly_is_broken_stays_silent(path: Path, detail: str, tmp_path: Path) -> None:
    found = findings_of(path, tmp_path, detail=detail)
    assert [(finding.finding, finding.line) for finding in found if finding.severity != "note"] == []


@pytest.mark.parametrize("path", [path for path in BROKEN if path.stem not in VALUES_ONLY], ids=lambda path: path.stem)
def test_in_light_detail_it_is_found_too_where_that_can_show_it(path: Path, tmp_path: Path) -> None:
    wanted, _ = marks(path)
    found = {finding.finding for finding in findings_of(path, tmp_path, detail="light") if finding.severity != "note"}
    names = {LIGHT_NAMES.get(name, name) for name in wanted}
    assert names - NOT_IN_LIGHT <= found <= names


@pytest.mark.parametrize(
    ("name", "kind"),
    [("hidden_state_carried", "second-backward"), ("backward_of_a_metric", "backward-without-graph"),
     ("sum_in_place", "modified-in-place")],
)  # fmt: skip
def test_what_light_detail_cannot_tell_of_an_error_it_asks_to_see_in_full(name: str, kind: str, tmp_path: Path) -> None:
    found = findings_of(FOLDER / "broken" / f"{name}.py", tmp_path, detail="light")
    asking = [each for each in found if each.finding == kind]
    assert [each.evidence.get("record_in_full") for each in asking] == [asking[0].step]
    assert "nothing in the script requires grad" not in "".join(each.message for each in asking)


def test_each_broken_script_has_one_that_is_nearly_so() -> None:
    assert [path.name for path in BROKEN] == [path.name for path in NEAR_MISSES]


def test_one_broken_finder_is_a_note_and_takes_none_of_the_others_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(recording: Recording) -> list[Finding]:
        raise ZeroDivisionError("by chance")

    def find_something(recording: Recording) -> list[Finding]:
        return [make_finding(recording, "something", Text("warning", "it is {what}", "leave it"), 1, what="so")]

    monkeypatch.setattr(findings, "FINDERS", (find_nothing, find_something))
    recording, _ = try_text(tmp_path, "import torch\nx = torch.ones(2)\n")
    something, failed = check(recording)
    assert (failed.finding, failed.severity, failed.event) == ("finder-failed", "note", None)
    assert "find_nothing" in failed.message
    assert "by chance" in failed.message
    assert (something.message, something.file, something.line, something.step) == ("it is so", "script.py", 1, 1)
    recording.close()


def test_findings_are_in_the_order_of_their_moments_and_every_one_is_json(tmp_path: Path) -> None:
    found = findings_of(FOLDER / "broken" / "softmax_then_cross_entropy.py", tmp_path)
    events = [finding.event for finding in found if finding.event is not None]
    assert events == sorted(events)
    for finding in found:
        said = json.loads(json.dumps(finding.as_json()))
        assert set(said) == {
            "finding", "severity", "step", "event", "node", "file", "line", "lines", "message", "evidence", "remedy",
        }  # fmt: skip
        assert said["severity"] in SEVERITIES


def test_evidence_is_said_in_words_and_a_code_for_programs_is_left_to_the_message() -> None:
    said: dict[str, Any] = {
        "cause": "log-of-zero", "direction": "forward", "made": "nan", "index": [4, 0], "share": 0.25, "value": None,
        "inputs": [{"shape": [3, 2], "dtype": "float32", "min": 0.0, "max": "Infinity"}, None], "saved_at": 12,
        "shapes": [[3, 1], [3]], "result": [3, 3], "gradients": ["w", "b"], "nodes_kept": 1200, "since_step": 48213,
    }  # fmt: skip
    assert say_evidence(Finding("x", "note", None, None, None, None, None, (), "", said)) == (
        "direction: forward; made: NaN; the first of them at: [4, 0]; share: 25 %; "
        "inputs: 3x2 float32 from 0 to Infinity; ?; saved at: e12; shapes: 3x1, 3; result: 3x3; gradients: w, b; "
        "nodes kept: 1,200; since step: 48213"
    )


def test_a_loss_that_falls_below_zero_does_not_diverge() -> None:
    falling = numpy.linspace(0.0, -0.004, 20)
    pace = SimpleNamespace(typical=lambda *_: None)
    one: Any = SimpleNamespace(losses=falling, steps=numpy.arange(1, 21), pace=pace)
    assert diverges_at(one) is None
    one.losses = -falling
    assert diverges_at(one) == 2


def test_a_bias_before_batch_norm_is_a_note_and_one_before_another_layer_is_none(tmp_path: Path) -> None:
    script = """
        import torch
        torch.manual_seed(0)
        bias, other = (torch.zeros(3, requires_grad=True) for _ in range(2))
        weight = torch.ones(3, requires_grad=True)
        x, y = torch.randn(16, 3), torch.randn(16, 3)
        for _ in range(4):
            made = torch.nn.functional.batch_norm(x * weight + bias, None, None, training=True)
            ((made * weight + other - y) ** 2).mean().backward()
            with torch.no_grad():
                for each in (bias, other, weight):
                    each -= 0.1 * each.grad
                    each.grad = None
    """
    recording, _ = try_text(tmp_path, script)
    found = [(each.finding, each.line, each.evidence["gradients"]) for each in check(recording)]
    assert found == [("zero-gradient", 8, ["bias"])]
    recording.close()


def test_what_is_updated_by_hand_is_named_in_full_where_nothing_zeroes_it(tmp_path: Path) -> None:
    found = findings_of(FOLDER / "broken" / "by_hand_without_zeroing.py", tmp_path)
    assert len(found[0].evidence["parameters"]) > 1
    assert "grad = None" in found[0].remedy


@pytest.mark.parametrize(
    ("by_hand", "wanted"),
    [("scale -= 0.05 * scale.grad", ["gradients-not-zeroed"]),
     ("scale -= 0.05 * scale.grad; scale.grad = None", []),
     ("scale.copy_(net.weight[0])", [])],
)  # fmt: skip
def test_beside_an_optimizer_a_move_along_the_gradient_is_told_from_a_copy(
    by_hand: str, wanted: list[str], tmp_path: Path
) -> None:
    script = f"""
        import torch
        torch.manual_seed(0)
        net = torch.nn.Linear(3, 3)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
        scale = torch.ones(3, requires_grad=True)
        x, y = torch.randn(12, 3), torch.randn(12, 3)
        for _ in range(4):
            optimizer.zero_grad()
            (net(x) * scale - y).pow(2).mean().backward()
            optimizer.step()
            with torch.no_grad():
                {by_hand}
    """
    recording, _ = try_text(tmp_path, script)
    found = check(recording)
    assert [each.finding for each in found] == wanted
    if "gradients-not-zeroed" in wanted:
        assert (found[0].evidence["parameters"], found[0].line) == (["scale"], 10)
        assert "grad = None" in found[0].remedy
    recording.close()


def test_the_statement_that_turned_autograd_off_is_named(tmp_path: Path) -> None:
    script = """
        import torch
        net = torch.nn.Linear(3, 1)
        def evaluate(x):
            torch.set_grad_enabled(False)
            return net(x).mean().item()
        x = torch.randn(8, 3)
        for _ in range(2):
            loss = net(x).pow(2).mean()
            loss.backward()
            evaluate(x)
    """
    try:
        recording, _ = try_text(tmp_path, script)
    finally:
        torch.set_grad_enabled(True)
    (found,) = (each for each in check(recording) if each.severity == "error")
    assert (found.finding, found.line, found.lines) == ("backward-without-graph", 5, (5, 9, 10))
    recording.close()
