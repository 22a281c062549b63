"""Copies that lend each other their memory hold what they were made of, and no more memory waits than is stated."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from graphlab.capture import scratch
from graphlab.capture.scratch import Scratch
from tests.recorded import record_text, update_norms


def test_memory_that_was_given_back_is_used_for_the_next_copy_of_that_kind() -> None:
    memory = Scratch()
    first = memory.copy(torch.ones(512, 64))
    place = first.data_ptr()
    memory.give_back([first])
    del first
    turned = torch.arange(32768.0).reshape(64, 512).t()
    other = memory.copy(turned)
    assert other.data_ptr() != place, "its numbers lie in another order"
    again = memory.copy(turned.contiguous())
    assert again.data_ptr() == place
    assert torch.equal(again, turned)
    assert torch.equal(other, turned)


def test_a_copy_that_is_in_use_is_nobody_elses() -> None:
    memory = Scratch()
    memory.give_back([memory.copy(torch.ones(512, 64))])
    one, two = memory.copy(torch.full((512, 64), 1.0)), memory.copy(torch.full((512, 64), 2.0))
    assert (one[0, 0].item(), two[0, 0].item()) == (1.0, 2.0)


def test_no_more_memory_waits_than_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SPARE_BYTES", 3 * 512 * 64 * 4)
    memory = Scratch()
    copies = [memory.copy(torch.ones(512, 64)) for _ in range(5)]
    places = {copy.data_ptr() for copy in copies[:3]}
    memory.give_back(copies)
    assert {memory.copy(torch.ones(512, 64)).data_ptr() for _ in range(3)} == places
    assert not memory._spare[torch.float32, torch.Size([512, 64]), (64, 1)]


def test_what_cannot_be_written_again_is_not_kept() -> None:
    memory = Scratch()
    with torch.inference_mode():
        memory.give_back([memory.copy(torch.ones(512, 64))])
    memory.give_back([memory.copy(torch.ones(2))])
    assert not memory._spare


def test_updates_of_large_parameters_are_measured_from_what_they_were_in_each_step(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """
        import torch
        w = torch.nn.Parameter(torch.zeros(256, 256))
        v = torch.nn.Parameter(torch.zeros(256, 256))
        still = torch.nn.Parameter(torch.full((256, 256), float("inf")))
        optimizer = torch.optim.SGD([w, v, still], lr=1.0)
        for scale in (1.0, 2.0, 4.0):
            optimizer.zero_grad()
            (scale * w + 3.0 * scale * v).sum().backward()
            optimizer.step()
        """,
    )
    found = [update_norms(run, step) for step in (1, 2, 3)]
    assert [norms["w"] for norms in found] == [256.0, 512.0, 1024.0]
    assert [norms["v"] for norms in found] == [768.0, 1536.0, 3072.0]
    assert [norms.get("still") or 0.0 for norms in found] == [0.0, 0.0, 0.0]
