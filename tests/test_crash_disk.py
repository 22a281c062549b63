"""A disk that fails takes the recording, never the training; and one file has one writer."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphlab.errors import RecordingError
from graphlab.recording import open_recording
from graphlab.report import report_run
from graphlab.store import Writer
from graphlab.store.format import FORMAT_VERSION
from graphlab.store.lock import is_written
from tests.commands import RunGraphlab, child_environment, run_child

GROW = """\
import shutil, sys
import torch
torch.manual_seed(0)
w = torch.ones(200, requires_grad=True)
total = 0.0
for step in range(60):
    loss = (w * torch.randn(200)).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.001 * w.grad
    w.grad = None
    total += loss.item()
    if step == 30 and len(sys.argv) > 1:
        shutil.rmtree(sys.argv[1])
print("total", total)
sys.exit(5)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "grow.py").write_text(GROW)
    return tmp_path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of some megabytes, where this machine lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def check_went_on(child: subprocess.CompletedProcess[str], said: str) -> None:
    """The script ran to its end as it does unrecorded, and the person was told once."""
    assert child.returncode == 5
    assert child.stdout.startswith("total ")
    ours = [line for line in child.stderr.splitlines() if line.startswith("graphlab:")]
    assert len(ours) == 1, ours
    assert said in ours[0]
    assert ours[0].endswith("; the run goes on unrecorded")
    assert "Traceback" not in child.stderr


def check_readable(path: Path, said: str) -> None:
    run = open_recording(path)
    assert run.facts.status == "cut_off"
    assert run.facts.error is not None
    assert said in run.facts.error.message
    assert run.facts.error.message.endswith("; the run went on")
    report = report_run(run)
    losses = [step["loss"] for step in report["steps"][:-1]]
    assert len(losses) >= 3
    assert all(loss > 0 for loss in losses)
    run.graph()
    run.close()


@pytest.mark.parametrize("detail", ["full", "light"])
def test_a_full_disk_ends_the_recording_and_not_the_run(
    folder: Path, small_disk: Path, detail: str, run_graphlab: RunGraphlab
) -> None:
    script = folder / "grow.py"
    # What of the disk is left for a light recording of so few steps is less than the log grows to.
    (small_disk / "ballast").write_bytes(bytes(0 if detail == "full" else 5_000_000))
    script.write_text(GROW.replace("200", "4000").replace("range(60)", "range(200)"))
    path = small_disk / "run.glab"
    child = run_graphlab("run", "grow.py", "--detail", detail, "-o", str(path), folder=folder)
    check_went_on(child, "the disk is full or failing")
    check_readable(path, "in step ")
    shown = run_graphlab("show", str(path), folder=folder)
    assert shown.returncode == 0
    assert "the recording ends" in shown.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_file_that_may_not_grow_ends_the_recording_and_not_the_run(folder: Path) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))

    (folder / "grow.py").write_text(GROW.replace("200", "1000"))
    child = run_child("run", "grow.py", "-o", "run.glab", folder=folder, preexec_fn=limit)
    check_went_on(child, "the disk is full or failing")
    check_readable(folder / "run.glab", "of grow.py, in step ")


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_folder_that_is_removed_ends_the_recording_and_not_the_run(
    folder: Path, flags: tuple[str, ...], run_graphlab: RunGraphlab
) -> None:
    (folder / "gone").mkdir()
    child = run_graphlab("run", "grow.py", "-o", "gone/run.glab", *flags, "--", "gone", folder=folder)
    if flags:  # with --json the script's output goes to stderr, and of this run there is nothing to tell
        assert child.stdout == ""
        child.stdout = "total "
    check_went_on(child, "it was deleted or moved while it was written")
    assert not (folder / "gone").exists()


def test_a_folder_that_cannot_be_made_is_told_before_anything_runs(folder: Path, run_graphlab: RunGraphlab) -> None:
    (folder / "file").write_text("no folder")
    child = run_graphlab("run", "grow.py", "-o", "file/run.glab", folder=folder)
    assert (child.returncode, child.stdout) == (2, "")
    assert child.stderr.startswith("graphlab: cannot write ")
    assert child.stderr.count("\n") == 1


def test_a_second_run_into_one_file_is_refused_and_the_first_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "run.glab"
    first = Writer(path)
    first.set_meta("status", "running")
    first.insert("files", (1, "script.py", "pass\n"))
    first.commit()
    (tmp_path / "grow.py").write_text(GROW)
    child = run_child("run", "grow.py", "-o", "run.glab", folder=tmp_path)
    assert (child.returncode, child.stdout) == (2, "")
    assert child.stderr.startswith("graphlab: another run is writing ")
    assert child.stderr.count("\n") == 1
    with pytest.raises(RecordingError, match="another run is writing"):
        Writer(path)
    assert open_recording(path).is_running
    first.insert("events", (1, "line", 0.0, 1, 1, None, None, "", None))
    first.set_meta("status", "ok")
    first.close()
    run = open_recording(path)
    assert (run.facts.status, run.event_count) == ("ok", 1)
    run.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["grow.py", "run.glab"]
    Writer(path).close()  # a finished one is replaced


def test_a_recording_is_whole_from_its_first_moment_and_its_lock_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "run.glab"
    assert is_written(path) is False
    writer = Writer(path)
    assert is_written(path) is True
    shutil.copy(path, tmp_path / "copy.glab")
    assert open_recording(tmp_path / "copy.glab").facts.status == "cut_off"
    assert int.from_bytes(path.read_bytes()[60:64], "big") == FORMAT_VERSION
    writer.close()
    assert is_written(path) is False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_that_outlives_its_parent_does_not_pass_for_the_run(tmp_path: Path) -> None:
    code = (
        "import os, time\nfrom pathlib import Path\nfrom graphlab.store import Writer\n"
        "writer = Writer(Path('run.glab'))\nwriter.set_meta('status', 'running')\nwriter.commit()\n"
        "child = os.fork()\nif child == 0:\n    time.sleep(30)\nprint(child, flush=True)\nos._exit(9)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=child_environment(), stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.wait(30)
    try:
        end = time.monotonic() + 20
        while is_written(tmp_path / "run.glab") and time.monotonic() < end:
            time.sleep(0.01)  # the child has perhaps not run at all yet
        os.kill(child, 0)
        assert open_recording(tmp_path / "run.glab").facts.status == "cut_off"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, 9)
        parent.stdout.close()
