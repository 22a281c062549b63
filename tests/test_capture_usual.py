"""The short way for usual ops writes what the general one does; hooks put on in bulk leave the script's alone."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from graphlab.capture.handles import quick_handles, remove_handles
from graphlab.capture.usual import UsualOps
from tests.recorded import record_text

TRAINING = """\
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data, target = torch.randn(5, 4), torch.tensor([0, 1, 2, 1, 0])
scale = torch.ones(3, requires_grad=True)
for _ in range(2):
    optimizer.zero_grad()
    out = model(data) * scale
    both = torch.cat([out, out.detach() * data[:, :3]], dim=1)
    left, right = both.split(3, dim=1)
    picked = torch.where(out > 0, out, data[:, 1:]).mean()
    loss = nn.functional.cross_entropy(left, target) + (right * right).sum() + picked
    loss.backward()
    optimizer.step()
with torch.inference_mode():
    seen = model(data)
later = seen.clone() * scale
"""
TABLES = {
    "events": "id, kind, file, line, frame, node, text, data",
    "nodes": "*",
    "edges": "*",
    "saved": "*",
    "tensors": "*",
    "uses": "*",
    "bindings": "*",
    "gradients": "*",
    "changes": "*",
    "snapshots": "*",
}


def test_the_short_way_writes_what_the_general_way_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[bool] = []
    note = UsualOps.note

    def count(self: UsualOps, *given: Any) -> bool:
        noted.append(note(self, *given))
        return noted[-1]

    monkeypatch.setattr(UsualOps, "note", count)
    short = record_text(tmp_path, TRAINING, name="short")
    assert sum(noted) > 20, "most ops of a training step are usual ones"
    monkeypatch.setattr(UsualOps, "read", lambda *_: None)
    general = record_text(tmp_path, TRAINING, name="general")
    for table, columns in TABLES.items():
        rows = [run.reader.rows(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3") for run in (short, general)]
        assert rows[0] == rows[1], table


def test_the_scripts_hooks_keep_order_and_handles_beside_ours() -> None:
    ran: list[str] = []
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert y.grad_fn is not None
    first = y.grad_fn.register_hook(lambda *_: ran.append("first"))
    with quick_handles():
        ours = [y.grad_fn.register_hook(lambda *_: ran.append("ours"))]
    y.grad_fn.register_hook(lambda *_: ran.append("last"))
    y.sum().backward(retain_graph=True)
    remove_handles(ours)
    first.remove()
    y.sum().backward()
    assert ran == ["first", "ours", "last", "last"]


def test_another_thread_gets_torchs_own_handles_meanwhile() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert y.grad_fn is not None
    found: list[Any] = []
    hook = y.grad_fn.register_hook
    with quick_handles():
        thread = threading.Thread(target=lambda: found.append(hook(lambda *_: None)))
        thread.start()
        thread.join()
    found[0].remove()
    assert "_register_hook" not in vars(torch.autograd.Function)
