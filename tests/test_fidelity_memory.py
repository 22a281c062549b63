"""Recording keeps little beyond what the script holds: a copy of the parameters while an optimizer steps them.

What lives is counted by weak references to storages, by a dispatch mode that sees our own tensors too.
"""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from graphlab.capture import guard
from tests.fidelity import run_bare, run_recorded

LAYERS, WIDTH = 3, 768
PARAMETERS = LAYERS * (WIDTH * WIDTH + WIDTH) * 4
CHUNKS = 8 * 2**20
"""What a difference in float64 takes, a part of a parameter at a time; and samples."""

TRAINING = f"""
import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(*[part for _ in range({LAYERS}) for part in (nn.Linear({WIDTH}, {WIDTH}), nn.ReLU())])
opt = torch.optim.Adam(net.parameters())
for step in range(2):
    opt.zero_grad()
    loss = net(torch.randn(64, {WIDTH})).pow(2).mean()
    loss.backward()
    UPDATE
"""


class Counting(TorchDispatchMode):
    """Counts the bytes of the storages that live, and the most that ever did."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types here
        self.live = self.peak = 0
        self._seen: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for each in torch.utils._pytree.tree_leaves(result):
            if isinstance(each, torch.Tensor):
                self._count(each.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._seen:
            self._seen[key] = storage.nbytes()
            self.live += storage.nbytes()
            self.peak = max(self.peak, self.live)
            weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.live -= self._seen.pop(key, 0)


def count(folder: Path, program: str, *, is_recorded: bool) -> Counting:
    script = folder / "program.py"
    script.write_text(program, encoding="utf-8")
    gc.collect()
    counted = Counting()
    with counted:
        ran = run_recorded(script)[0] if is_recorded else run_bare(script)
    assert ran.error == ""
    return counted


@pytest.mark.parametrize(("update", "copies"), [("pass", 0), ("opt.step()", 1)])
def test_beyond_a_copy_of_the_parameters_that_an_optimizer_steps_nothing_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: str, copies: int
) -> None:
    monkeypatch.setattr(guard, "_len_torch_dispatch_stack", lambda: 0)  # else we set the counting mode aside
    program = TRAINING.replace("UPDATE", update)
    bare = count(tmp_path, program, is_recorded=False)
    recorded = count(tmp_path, program, is_recorded=True)
    assert bare.peak > 2 * PARAMETERS
    more = recorded.peak - bare.peak
    assert more <= copies * PARAMETERS + CHUNKS
    assert more >= copies * PARAMETERS // 2, "our own copies are counted"
