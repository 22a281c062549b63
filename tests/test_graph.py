"""The graph of a moment: what it says of the moment as a whole."""

from __future__ import annotations

from pathlib import Path

from tests import builders


def test_the_backward_is_over_from_its_end_on(tmp_path: Path) -> None:
    recording = builders.training(tmp_path)
    first, second = recording.steps[:2]
    kinds = {recording.event(number).kind: number for number in range(first.first, first.last + 1)}
    for moment, is_over in (
        (0, False),
        (kinds["backward_start"], False),
        (kinds["backward_end"] - 1, False),
        (kinds["backward_end"], True),
        (first.last, True),
        (second.first, False),
    ):
        assert recording.graph(at=moment).graph["is_backward_over"] is is_over
    recording.close()
