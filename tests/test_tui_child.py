"""Runs in child processes: none is left behind, and what they print is kept up to a bound."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphlab.errors import RecordingError
from graphlab.own_process import python_command
from graphlab.store.paths import free_path
from graphlab.tui.child import cancel_all, start_recording
from graphlab.tui.recent import read_recent
from tests.children import start_python


def test_what_a_run_prints_is_kept_up_to_a_bound(tmp_path: Path) -> None:
    child = start_python("print('x' * 1_000_000); print('last words')", tmp_path / "x.glab")
    assert child.wait(10) == 0
    assert child.last_words() == "last words"
    assert len(child.tail(10)) <= 65_536


def test_a_cancelled_run_is_gone_even_if_it_will_not_listen(tmp_path: Path) -> None:
    deaf = (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, "
        "signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)"
    )
    child = start_python(deaf, tmp_path / "x.glab")
    while "deaf" not in child.tail():
        time.sleep(0.02)
    assert child.cancel(0.1) != 0
    assert not child.is_running


@pytest.mark.skipif(os.name == "nt", reason="process groups as POSIX has them")
def test_what_a_run_started_goes_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(other.pid, flush=True)\ntime.sleep(60)"
    )
    child = start_python(code, tmp_path / "x.glab")
    while not child.tail().strip():
        time.sleep(0.02)
    other = int(child.tail())
    child.cancel(0.5)
    for _ in range(100):
        try:
            os.kill(other, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{other}/stat").exists() and Path(f"/proc/{other}/stat").read_text().split()[2] == "Z":
            break  # dead, and waiting for init to notice
        time.sleep(0.02)
    else:
        pytest.fail("it is still there")


def test_an_interrupt_is_sent_once_so_that_the_recording_can_be_closed(tmp_path: Path) -> None:
    polite = (
        "import time\ntry:\n    print('ready', flush=True); time.sleep(60)\nexcept KeyboardInterrupt:\n"
        "    time.sleep(0.3); print('closed', flush=True)"
    )
    child = start_python(polite, tmp_path / "x.glab")
    while "ready" not in child.tail():
        time.sleep(0.02)
    child.interrupt()
    assert child.cancel(3.0) == 0
    assert child.last_words() == "closed"


def test_leaving_cancels_every_run(tmp_path: Path) -> None:
    child = start_python("import time; time.sleep(60)", tmp_path / "x.glab")
    cancel_all(0.5)
    assert not child.is_running


def test_the_command_is_that_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    class Stub:
        stdout = Path(os.devnull).open("rb")  # noqa: SIM115 - closed by the child's listener

        def __init__(self, command: list[str], **options: object) -> None:
            commands.append((command, options))

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Stub)
    start_recording(["rnn_cell"], tmp_path / "a.glab", settings={"LR": "0.5"}, arguments=["--fast"])
    ((command, options),) = commands
    assert command == [
        *python_command("from graphlab.cli import main; sys.exit(main(sys.argv[1:]))"),
        "--lang", "en", "run", "--set", "LR=0.5", "-o", str(tmp_path / "a.glab"), "rnn_cell",
        "--", "--fast",
    ]  # fmt: skip
    assert options["stdin"] == subprocess.DEVNULL


def test_a_recorder_that_cannot_start_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-such-python"))
    with pytest.raises(RecordingError, match="cannot start the recorder"):
        start_recording(["rnn_cell"], tmp_path / "a.glab")


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        path = free_path(tmp_path, "rnn_cell")
        path.touch()
        names.append(path.name)
    assert names == ["rnn_cell.glab", "rnn_cell-2.glab", "rnn_cell-3.glab"]


def test_the_command_line_records_in_a_child(tmp_path: Path) -> None:
    """The one test here that runs the real recorder, with torch."""
    script = tmp_path / "tiny.py"
    script.write_text(
        "import torch\nW = 2.0\nw = torch.tensor(W, requires_grad=True)\n(w * w).backward()\n", encoding="utf-8"
    )
    child = start_recording([str(script)], tmp_path / "tiny.glab", settings={"W": "3.0"}, folder=tmp_path)
    assert child.wait(60) == 0, child.tail()
    recent = read_recent(tmp_path / "tiny.glab")
    assert (recent.scenario, recent.steps, recent.status, recent.loss) == ("tiny", 1, "ok", 9.0)
