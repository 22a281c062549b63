"""What is written for TensorBoard is what TensorBoard's own reader reads: the same numbers, of the same steps."""

from __future__ import annotations

import math
import textwrap
import warnings
from pathlib import Path
from typing import Any

import numpy
import pytest

from graphlab.cli import main
from graphlab.recording import Recording
from graphlab.renderers.tensorboard import FILE_NAME, messages, render_events
from graphlab.renderers.tensorboard.logdir import _choose
from graphlab.series import Series
from tests import builders
from tests.light_builder import light_run
from tests.recorded import record_text

SCRIPT = """
    import torch
    torch.manual_seed(0)
    x, y = torch.randn(16, 3), torch.randn(16, 1)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = []
    for step in range(5):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        seen.append((loss.item(), model[0].weight.grad.numpy().copy()))
"""


def _read(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, of the libraries that it imports
        from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]  # it carries none
            EventAccumulator,
        )

        found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
        found.Reload()
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("board"), SCRIPT)


def test_its_own_reader_reads_the_numbers_of_autograd_back(tmp_path: Path, recorded: Recording) -> None:
    names: dict[str, Any] = {}
    exec(compile(textwrap.dedent(SCRIPT), "script.py", "exec"), names)  # the oracle: the same script, bare
    folder = tmp_path / "logs"
    assert main(["export", str(recorded.path), "-o", f"{folder}/", "--renderer", "tensorboard"]) == 0
    found = _read(folder)
    assert {"loss", "lr", "gradient_norm/0.weight", "update_norm/2.bias"} <= set(found.Tags()["scalars"])
    losses = found.Scalars("loss")
    assert [event.step for event in losses] == [1, 2, 3, 4, 5]
    assert [event.value for event in losses] == pytest.approx([loss for loss, _ in names["seen"]], rel=1e-6)
    norms = [float(numpy.linalg.norm(gradient)) for _, gradient in names["seen"]]
    assert [event.value for event in found.Scalars("gradient_norm/0.weight")] == pytest.approx(norms, rel=1e-5)
    histograms = found.Histograms("gradient/0.weight")
    assert [event.step for event in histograms] == [1, 2, 3, 4, 5]
    for event, (_, gradient) in zip(histograms, names["seen"], strict=True):
        held = event.histogram_value
        assert held.num == gradient.size == sum(held.bucket)
        assert (held.min, held.max) == pytest.approx((gradient.min(), gradient.max()))
        assert held.sum == pytest.approx(float(gradient.astype("f8").sum()), abs=1e-6)


def test_the_same_recording_gives_the_same_bytes(recorded: Recording) -> None:
    assert render_events(recorded) == render_events(recorded)


def test_the_checksum_is_that_of_the_standard() -> None:
    # RFC 3720, B.4: 32 bytes of zeros.
    masked = messages.checksum(bytes(32))
    rest = (masked - 0xA282EAD8) & 0xFFFFFFFF
    assert (rest >> 17 | rest << 15) & 0xFFFFFFFF == 0x8A9136AA


def test_numbers_that_are_none_are_written_as_such(tmp_path: Path) -> None:
    script = """
        import torch
        w = torch.ones(3, requires_grad=True)
        for step in range(3):
            (w * (float("nan") if step == 1 else 1.0)).sum().backward()
            with torch.no_grad():
                w -= 0.0
            w.grad = None
    """
    recording = record_text(tmp_path, script)
    (tmp_path / FILE_NAME).write_bytes(render_events(recording))
    losses = [event.value for event in _read(tmp_path).Scalars("loss")]
    assert (losses[0], losses[2]) == (3.0, 3.0)
    assert math.isnan(losses[1])


def test_of_very_many_steps_no_spike_is_lost(tmp_path: Path) -> None:
    series = Series(light_run(tmp_path, 1_000, 2))
    assert _choose(series, 5_000) == list(range(1_000))
    chosen = _choose(series, 100)
    assert len(chosen) == 100
    assert chosen[0] == 0, "the first has the largest loss of all"


def test_what_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(builders.training(tmp_path).path)
    (tmp_path / "file").write_text("x")
    for target, said in (("file", "is a file"), ("no/where", "does not exist")):
        assert main(["export", path, "-o", str(tmp_path / target), "--renderer", "tensorboard"]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = str(builders.empty(empty).path)
    assert main(["export", nothing, "-o", str(tmp_path / "logs"), "--renderer", "tensorboard"]) == 2
    assert "nothing to export" in capsys.readouterr().err
    assert not (tmp_path / "logs").exists()
