"""Remarks: what is no event of a run but says why a gradient is missing, stale, or kept alive."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.recording import Recording
from graphlab.recording.remarks import Remark, read_remarks
from tests.recorded import record_text

TRAINING = """
import torch
model = torch.nn.Linear(2, 1)
model.bias.requires_grad_(False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
x = torch.ones(4, 2)
optimizer.step()
total, kept = 0, []
for _ in range(6):
    loss = model(x).pow(2).mean()
    loss.backward()
    optimizer.step()
    total = total + loss
    kept.append(loss.detach())
"""


def remarks(recording: Recording, kind: str) -> list[Remark]:
    found = read_remarks(recording, kind)
    recording.close()
    return found


@pytest.mark.filterwarnings("ignore:Converting a tensor")
def test_a_tensor_that_leaves_its_graph_is_told_with_its_line_and_one_without_a_graph_is_not(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        w = torch.ones(2, requires_grad=True)
        y = w * 2
        y.sum().item()
        y.tolist()
        y.data.add_(1)
        float(y[0])
        y.detach().numpy()
        torch.ones(2).tolist()
    """,
    )
    found = read_remarks(recording, "exit")
    assert [(each.line, each.text) for each in found] == [(4, "item"), (5, "tolist"), (6, "data"), (7, "float")]
    assert all(each.tensor is not None for each in found)
    made = recording.tensor(found[2].data["made"])
    assert (made.shape, made.requires_grad) == ((2,), False)
    recording.close()


@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_a_grad_that_was_asked_of_a_result_is_told_unless_it_was_retained(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        w = torch.ones(2, requires_grad=True)
        y = w * 2
        z = y * 2
        y.retain_grad()
        z.sum().backward()
        y.grad, w.grad
        z.grad
    """,
    )
    assert [each.line for each in remarks(recording, "grad_of_result")] == [8]


@pytest.mark.parametrize("detail", ["full", "light"])
def test_an_optimizer_is_told_with_what_it_holds_and_what_of_it_is_frozen(detail: str, tmp_path: Path) -> None:
    recording = record_text(tmp_path, TRAINING, detail=detail)
    (held,) = read_remarks(recording, "optimizer")
    names = {key: [recording.node(node).name for node in held.data[key]] for key in ("nodes", "frozen")}
    assert names == {"nodes": ["weight"], "frozen": ["bias"]}
    assert held.data["rates"] == [0.5]
    (idle,) = remarks(recording, "idle_step")
    assert (idle.line, idle.data["optimizer"]) == (7, held.data["number"])


@pytest.mark.parametrize("detail", ["full", "light"])
def test_a_variable_that_leads_to_the_graphs_of_earlier_steps_is_told_and_how_many(detail: str, tmp_path: Path) -> None:
    recording = record_text(tmp_path, TRAINING, detail=detail)
    found = [(each.text, each.data["of"], each.data["steps"]) for each in remarks(recording, "held")]
    assert found == [("total", 2, 2), ("total", 3, 3), ("total", 4, 4)]


def test_of_a_long_run_only_the_last_steps_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its memory would grow with every step."""
    monkeypatch.setattr("graphlab.capture.held._STEPS", 5)
    recording = record_text(tmp_path, TRAINING.replace("range(6)", "range(18)"), detail="light")
    found = [(each.data["of"], each.data["steps"]) for each in remarks(recording, "held") if each.text == "total"]
    assert found == [(2, 2), (3, 3), (4, 4), (8, 8), (16, 6)]


def test_a_model_with_two_names_and_a_module_of_the_scripts_own_are_looked_into_under_each(tmp_path: Path) -> None:
    found = remarks(
        record_text(
            tmp_path,
            """\
            import types
            import torch

            class Recurrent(torch.nn.Module):
                def __init__(self):
                    super().__init__()
                    self.linear = torch.nn.Linear(1, 1)
                    self.linear.state = torch.zeros(1)

                def forward(self, x):
                    y = self.linear(x)
                    self.linear.state = self.linear.state + y
                    return y.pow(2).sum()

            history = types.ModuleType("history")
            history.losses = []
            model = Recurrent()
            both = [model, model]
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

            def train(network):
                for _ in range(4):
                    loss = network(torch.ones(1))
                    loss.backward()
                    history.losses.append(loss)
                    optimizer.step()

            train(model)
            loss = None
        """,
            detail="light",
        ),
        "held",
    )
    assert {each.text for each in found} == {"model.linear.state", "network.linear.state", "both", "history.losses"}


def test_in_light_detail_a_step_with_gradients_that_nothing_zeroed_is_told(tmp_path: Path) -> None:
    recording = record_text(tmp_path, TRAINING, detail="light")
    found = remarks(recording, "unzeroed")
    assert {each.line for each in found} == {12}
    zeroing = TRAINING.replace("    loss.backward()", "    optimizer.zero_grad()\n    loss.backward()")
    assert remarks(record_text(tmp_path, zeroing, detail="light"), "unzeroed") == []


def test_dropout_and_batch_norm_are_told_with_their_mode_and_whether_autograd_records(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        model = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.BatchNorm1d(2))
        model(torch.ones(4, 2))
        model.eval()
        with torch.no_grad():
            model(torch.ones(4, 2))
    """,
    )
    found = remarks(recording, "mode")
    assert [(each.text, each.data["training"], each.data["grad"], each.data["module"]) for each in found] == [
        ("dropout", True, True, "0"), ("batch_norm", True, True, "1"),
        ("dropout", False, False, "0"), ("batch_norm", False, False, "1"),
    ]  # fmt: skip


def test_what_a_long_run_remarks_over_and_over_is_written_ever_more_rarely(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import torch
        w = torch.ones((), requires_grad=True)
        for _ in range(200):
            (w * 2).item()
    """,
    )
    assert len(remarks(recording, "exit")) == 16 + 3


def test_what_another_thread_does_is_told_under_the_numbers_of_the_recording(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """\
        import threading
        import torch
        model = torch.nn.Linear(2, 1)
        def train():
            optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
            for _ in range(2):
                loss = model(torch.ones(4, 2)).mean()
                loss.backward()
                optimizer.step()
                loss.item()
        worker = threading.Thread(target=train)
        worker.start()
        worker.join()
    """,
    )
    left = read_remarks(recording, "exit")[0]
    (held,) = read_remarks(recording, "optimizer")
    assert left.tensor is not None
    assert recording.tensor(left.tensor).shape == ()
    assert {recording.node(node).name for node in held.data["nodes"]} == {"weight", "bias"}
    recording.close()
