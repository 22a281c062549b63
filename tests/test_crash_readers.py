"""Many readers of one recording while it grows: each sees whole steps, and none ever hears of a lock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from graphlab.recording import open_recording
from graphlab.store import Writer

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
STEPS = 300
# Opens the recording anew or looks again, as fast as it can, until the run has ended; a step is its events, the loss
# in one of them, and its row.
READ = """
import sys, time
from pathlib import Path
from graphlab.recording import open_recording

path, number = Path("run.glab"), int(sys.argv[1])
end = time.monotonic() + 100
kept = open_recording(path)
print("ready", flush=True)
looks, last, status = 0, 0, "running"
while status == "running" and time.monotonic() < end:
    if number % 2:
        run = open_recording(path)
    else:
        run = kept
        run.refresh()
    with run.reading():
        count = len(run.steps)
        assert count >= last, (count, last)
        assert run.event_count == 3 * count, (run.event_count, count)
        for step in run.steps[max(count - 5, 0) :]:
            assert step.losses == (float(step.step),), step
            assert run.event(step.last).kind == "line"
            assert run.event(step.first + 1).details["losses"] == [float(step.step)]
    looks, last, status = looks + 1, count, run.facts.status
    if run is not kept:
        run.close()
kept.close()
print(looks, last, status)
"""


def add_step(writer: Writer, number: int) -> None:
    """Add a step as the recorder does: its events, and its row."""
    from graphlab.store.light import pack_reals

    first = 3 * number - 2
    data = f'{{"call": "backward", "roots": [], "losses": [{float(number)}]}}'
    for event, kind, details in ((0, "line", None), (1, "backward_start", data), (2, "line", None)):
        writer.insert("events", (first + event, kind, 0.0, 1, 1, 1, None, "", details))
    spans = f"setup {first} backward {first + 2}"
    writer.insert("steps", (number, first, first + 2, 0, 0, pack_reals([float(number)]), "", spans))


def test_ten_readers_of_a_growing_recording_see_whole_steps_and_no_error(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run.glab")
    writer.set_meta("status", "running")
    writer.insert("files", (1, "script.py", "pass\n"))
    writer.commit()
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(number)], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for number in range(10)
    ]  # fmt: skip
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    for number in range(1, STEPS + 1):
        add_step(writer, number)
        writer.commit()
    writer.set_meta("status", "ok")
    writer.close()
    looks = 0
    for reader in readers:
        output, errors = reader.communicate(timeout=120)
        assert reader.returncode == 0, errors[-2000:]
        count, last, status = output.split()
        assert (int(last), status) == (STEPS, "ok")
        looks += int(count)
    assert looks > 30
    run = open_recording(tmp_path / "run.glab")
    assert len(run.losses) == STEPS
    run.close()
    assert [path.name for path in tmp_path.iterdir()] == ["run.glab"], "closed, though ten looked on"
