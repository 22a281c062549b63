"""The file: readable while it grows and after a crash, refused in one line where it is damaged, the same every time."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from array import array
from pathlib import Path
from typing import Any

import pytest

from graphlab.capture.sink import Pieces
from graphlab.errors import GraphlabError, RecordingError
from graphlab.recording import Recording, open_recording
from graphlab.report import report_run
from graphlab.store import Reader, Writer
from graphlab.store.format import APPLICATION_ID, FORMAT_VERSION, decode_real, encode_real
from graphlab.store.pieces import PieceTables
from tests import builders
from tests.recorded import record_text

SCRIPT = """\
import torch
torch.manual_seed(3)
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Dropout(0.5), torch.nn.Linear(3, 1))
opt = torch.optim.Adam(model.parameters(), lr=0.1)
secret = 1234.5
for step in range(3):
    x = torch.randn(4, 2)
    opt.zero_grad()
    loss = model(x).pow(2).mean()
    loss.backward()
    opt.step()
    print("loss", loss.item(), "password")
class Thing:
    pass
thing = Thing()
name = "password"
table = {"key": torch.ones(2), 1: torch.zeros(1)}
"""


def tables_of(path: Path) -> dict[str, list[Any]]:
    """Return every row of every table, in the order in which they lie there."""
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    rows = {}
    for name in names:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        kept = ", ".join(column for column in columns if (name, column) != ("events", "time"))
        rows[name] = connection.execute(f"SELECT {kept} FROM {name}").fetchall()
    connection.close()
    return rows


def read_everything(run: Recording) -> None:
    """Ask all that views ask."""
    report_run(run)
    for number in range(1, run.event_count + 1):
        run.event(number)
        run.inputs(number)
        run.outputs(number)
        run.changes(number)
    run.variables(run.event_count)
    run.names(run.event_count)
    run.graph()
    run.close()


def test_two_recordings_of_one_script_hold_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "elsewhere" / "deep"
    for folder in (one, other):
        folder.mkdir(parents=True)
        record_text(folder, SCRIPT)
    first, second = tables_of(one / "script.glab"), tables_of(other / "script.glab")
    assert first.keys() == second.keys()
    for table, rows in first.items():
        assert rows == second[table], table
    assert len(first["events"]) > 100


def test_nothing_in_a_file_depends_on_the_machine(tmp_path: Path) -> None:
    record_text(
        tmp_path,
        SCRIPT + "import sys\nprint(__file__, file=sys.stderr)\nf = object()\ng = lambda: 1\n",
    )
    raw = (tmp_path / "script.glab").read_bytes()
    for word in (str(tmp_path), str(Path(__file__).parents[1]), str(Path.home()) + os.sep, "site-packages", " at 0x"):
        assert word.encode() not in raw, word


def test_without_values_no_number_text_or_tensor_is_kept(tmp_path: Path) -> None:
    run = record_text(tmp_path, SCRIPT, has_values=False)
    rows = tables_of(tmp_path / "script.glab")
    rows.pop("files")  # the source is told to be there
    words = repr([row for table, each in rows.items() for row in each])
    assert "password" not in words
    assert "1234.5" not in words
    assert all(row[6] is None for row in rows["snapshots"]), "no bytes of tensors"
    assert rows["snapshots"], "but norms"
    assert not [row for row in rows["events"] if row[1] == "metric"]
    assert len(run.steps) == 3
    assert next(event.text for event in run.events if event.kind == "output").endswith("characters)\n")
    report = report_run(run)
    assert report["steps"][0]["gradients"][0]["values"] is None
    assert report["steps"][0]["gradients"][0]["norm"] > 0
    assert report["steps"][0]["parameters"][0]["update_norm"] > 0


def test_nan_and_infinities_survive(tmp_path: Path) -> None:
    for number in (float("nan"), float("inf"), -float("inf"), 1.5, None):
        assert repr(decode_real(encode_real(number))) == repr(number)
    run = record_text(tmp_path, "import torch\nt = torch.full((5000,), float('nan'))\n")
    (row,) = run.reader.rows("SELECT norm, minimum FROM snapshots")
    assert row == ("NaN", "NaN")
    held = run.variables(run.event_count)[0].tensor
    kept = run.snapshot(held.snapshot if held else None)
    assert kept is not None
    assert kept.statistics.norm != kept.statistics.norm


GROWING = """\
import os, time
import torch
w = torch.ones(3, requires_grad=True)
print(os.getpid(), flush=True)
for step in range(100000):
    (w * 2).sum().backward()
    with torch.no_grad():
        w -= 0.001 * w.grad
        w.grad = None
    time.sleep(0.02)
"""


def start_growing(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """Start a run that goes on and on, and wait until it prints."""
    return subprocess.Popen(
        [sys.executable, "-m", "graphlab", "run", "grow.py", "-o", f"{name}.glab"], cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_killed_run_keeps_every_committed_step_and_readers_follow_it_while_it_grows(tmp_path: Path) -> None:
    (tmp_path / "grow.py").write_text(GROWING)
    children = {name: start_growing(tmp_path, name) for name in ("early", "later", "last")}
    for child in children.values():
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
    followers = [open_recording(tmp_path / "last.glab") for _ in range(3)]
    counts = []
    for killed in (None, "early", None, "later", None, "last"):
        time.sleep(0.2)
        for run in followers:
            run.refresh()
        counts.append(followers[0].event_count)
        if killed is not None:
            children[killed].send_signal(signal.SIGKILL)
            children[killed].wait()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    assert counts[-1] > 20
    seen = len(followers[0].steps)
    for follower in followers:
        follower.close()
    for name in children:
        run = open_recording(tmp_path / f"{name}.glab")
        assert run.facts.status == "cut_off"
        assert len(run.steps) >= (seen if name == "last" else 0)
        for step in run.steps[:-1]:
            (leaf,) = run.step_gradients(step.step)
            assert leaf.gradient is not None
            assert run.event(step.last).kind in {"line", "metric", "update"}
        read_everything(run)


def test_a_finished_recording_is_one_file_that_a_read_only_folder_may_hold(tmp_path: Path) -> None:
    record_text(tmp_path, SCRIPT).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["script.glab", "script.py"]
    kept = tmp_path / "kept"
    kept.mkdir()
    shutil.copy(tmp_path / "script.glab", kept / "run.glab")
    (kept / "run.glab").chmod(0o444)
    kept.chmod(0o555)
    try:
        run = open_recording(kept / "run.glab")
        assert len(run.steps) == 3
        read_everything(run)
    finally:
        kept.chmod(0o755)


def refused(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        read_everything(open_recording(path))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_is_no_recording_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "there is no recording" in refused(tmp_path / "missing.glab")
    assert "is a folder" in refused(tmp_path)
    empty = tmp_path / "empty.glab"
    empty.write_bytes(b"")
    assert "is not a graphlab recording" in refused(empty)
    text = tmp_path / "text.glab"
    text.write_text("hello " * 100)
    assert "is not a graphlab recording" in refused(text)
    other = tmp_path / "other.glab"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE meta (key, value)")
    connection.commit()
    connection.close()
    assert "is not a graphlab recording" in refused(other)


def test_a_newer_format_is_refused_by_its_number(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "new.glab")
    writer.set_meta("status", "ok")
    writer.close()
    connection = sqlite3.connect(tmp_path / "new.glab")
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    connection.commit()
    connection.close()
    said = refused(tmp_path / "new.glab")
    assert f"format {FORMAT_VERSION + 1}" in said
    assert "upgrade graphlab" in said


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("small")
    path = builders.training(folder, steps=2).path
    assert path is not None
    return path.read_bytes()


def open_or_refuse(path: Path) -> None:
    """Ask for everything in a file; anything but a refusal in one line is a failure."""
    said = ""
    try:
        read_everything(open_recording(path))
    except GraphlabError as error:
        said = str(error)
    assert "\n" not in said


def test_a_cut_off_file_opens_as_far_as_it_is_whole_or_is_refused(small: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.glab"
    for size in [*range(0, 200, 7), *range(200, len(small), max(len(small) // 60, 1))]:
        path.write_bytes(small[:size])
        open_or_refuse(path)


def test_flipped_bytes_are_refused_or_harmless(small: bytes, tmp_path: Path) -> None:
    path = tmp_path / "flipped.glab"
    chosen = random.Random(7)
    for _ in range(150):
        damaged = bytearray(small)
        for _ in range(chosen.choice((1, 1, 4, 64))):
            damaged[chosen.randrange(len(damaged))] = chosen.randrange(256)
        path.write_bytes(damaged)
        open_or_refuse(path)


def test_a_recording_is_replaced_but_nothing_else_is(tmp_path: Path) -> None:
    target = tmp_path / "sub" / "run.glab"
    for _ in range(2):
        writer = Writer(target)
        writer.set_meta("status", "ok")
        writer.close()
    precious = tmp_path / "notes.txt"
    precious.write_text("precious")
    with pytest.raises(RecordingError, match="is no recording, so it is not overwritten"):
        Writer(precious)
    assert precious.read_text() == "precious"
    with pytest.raises(RecordingError, match="is a folder"):
        Writer(tmp_path)
    assert APPLICATION_ID.to_bytes(4, "big") == b"GLAB"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(RecordingError, match="cannot write"):
            Writer(tmp_path / "run.glab")
    finally:
        tmp_path.chmod(0o755)


def test_a_disk_that_fails_lets_the_run_go_on_and_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphlab.recorder import run_script
    from graphlab.request import RunRequest

    real = Writer.commit
    calls = []

    def commit(self: Writer) -> None:
        calls.append(1)
        if len(calls) > 1:
            raise RecordingError("cannot write run.glab: the disk is full or failing")
        real(self)

    monkeypatch.setattr(Writer, "commit", commit)
    monkeypatch.setattr(Writer, "is_due", True)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + "done = open('done.txt', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    outcome = run_script(RunRequest(script, script.read_text(), "script"), tmp_path / "run.glab", tell=told.append)
    assert outcome.error is None
    assert (tmp_path / "done.txt").exists()
    assert told == ["cannot write run.glab: the disk is full or failing; the run goes on unrecorded"]


def test_values_that_lie_in_one_run_of_bytes_become_rows_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where SQLite had to be asked once more, and had forgotten by then where they lie."""
    cut, failing = PieceTables.insert, iter([True, False, False])

    def insert(self: PieceTables, *arguments: Any) -> None:
        cut(self, *arguments)
        if next(failing):
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(PieceTables, "insert", insert)
    table, numbers = Pieces(((2, 2), (), (3,)), (3, 7, 0)), array("f", range(8))
    writer = Writer(tmp_path / "run.glab")
    writer.insert_pieces(1, table, numbers.tobytes())
    writer.insert_pieces(4, table, bytes(32))
    writer.close()
    rows = tables_of(tmp_path / "run.glab")["snapshots"]
    kept = [numbers[3:7], numbers[7:], numbers[:3]]
    about = [("2x2", 16), ("", 4), ("3", 12)]
    expected = [
        (first + place, shape, "float32", "cpu", "<f4", 1, data, None, None, None)
        for first, values in ((1, [each.tobytes() for each in kept]), (4, [bytes(size) for _, size in about]))
        for place, ((shape, _), data) in enumerate(zip(about, values, strict=True))
    ]
    assert rows == expected


def test_ten_readers_in_threads_see_whole_steps(tmp_path: Path) -> None:
    record_text(tmp_path, SCRIPT).close()
    problems: list[BaseException] = []

    def read() -> None:
        try:
            run = open_recording(tmp_path / "script.glab")
            assert len(run.steps) == 3
            run.close()
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            problems.append(error)

    threads = [threading.Thread(target=read) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_look_at_a_long_step_under_way_reads_what_is_new_alone(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=0)
    counts: list[int] = []

    def rows(statement: str, *values: Any) -> list[Any]:
        found = Reader.rows(recording.reader, statement, *values)
        counts[-1] += len(found)
        return found

    recording.reader.rows = rows  # type: ignore[method-assign]  # to count
    for _ in range(4):
        for _ in range(500):
            run.happen("output", 1, text="a line")
        run.writer.commit()
        counts.append(0)
        recording.refresh()
        assert recording.event_count == run.event
    assert max(counts) < 600
    run.event += 1  # a light step under way: what is printed meanwhile is there before it
    run.happen("output", 1, text="early")
    run.writer.commit()
    recording.refresh()
    assert recording.event_count == run.event - 2
    run.writer.insert("events", (run.event - 1, "line", 0.0, 1, 1, 1, None, "", None))
    run.end()
    recording.refresh()
    assert recording.event_count == run.event
    recording.close()
