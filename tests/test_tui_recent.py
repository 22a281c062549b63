"""The list of recordings: newest first, read in milliseconds, also of runs that go on."""

from __future__ import annotations

import os
from pathlib import Path

from graphlab.tui.recent import count_words, read_recent, recent_recordings, say_when
from tests import builders


def test_recent_recordings_come_newest_first_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    builders.rnn_cell(tmp_path)
    builders.training(tmp_path)
    (tmp_path / "damaged.glab").write_bytes(b"not a recording")
    os.utime(tmp_path / "training.glab", (1, 1))
    found = recent_recordings(tmp_path)
    assert [recent.path.name for recent in found] == ["rnn_cell.glab", "training.glab"]
    assert (found[1].events, found[1].steps, found[1].status) == (builders.training(tmp_path).event_count, 5, "ok")
    assert recent_recordings(tmp_path / "nowhere") == []


def test_a_run_that_goes_on_can_be_looked_at(tmp_path: Path) -> None:
    run, _ = builders.running(tmp_path)
    recent = read_recent(tmp_path / "running.glab")
    assert recent.status == "running"
    assert recent.events > 0
    run.end()


def test_counts_and_times_are_said_as_people_do() -> None:
    assert count_words(1, 0) == "1 event"
    assert count_words(1234, 1) == "1,234 events, 1 step"
    assert [say_when(1000.0, 1000.0 + seconds) for seconds in (5, 130, 7300, 90_000 * 3)] == [
        "just now", "2 min ago", "2 h ago", "3 d ago",
    ]  # fmt: skip
