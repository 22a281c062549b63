"""Names of dimensions: those that the op settles, checked against what torch itself makes of known sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.dimensions import dimension_words, name_dimensions
from graphlab.renderers import render_bytes
from tests.recorded import record_text

SCRIPT = """\
import torch
from torch import nn
from torch.nn import functional as F

class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(7, 2))

    def forward(self, x):
        return self.weight @ x

N, C, L, D, H, W = 3, 5, 21, 13, 17, 19
planes = torch.ones(N, 2, H + 2, W + 2, requires_grad=True)
conv = nn.Conv2d(2, C, 3)(planes)
norm = nn.BatchNorm2d(C)(conv)
pool = F.max_pool2d(norm, 1)
one = nn.Conv2d(2, C, 3)(torch.ones(2, H + 2, W + 2))
line = nn.Conv1d(2, C, 1)(torch.ones(N, 2, L))
solid = nn.Conv3d(2, C, 1)(torch.ones(N, 2, D, H, W))
flat = nn.Linear(W, 11)(torch.ones(N, W))
deep = nn.Linear(W, 11)(torch.ones(N, H, W))
single = nn.Linear(W, 11)(torch.ones(W))
words = nn.Embedding(9, 6)(torch.zeros(N, L, dtype=torch.long))
own = Linear()(torch.ones(2, 4))
thin = F.max_pool1d(line, 1)
total = sum(t.sum() for t in (pool, one, solid, flat, deep, single, words, own, thin))
total.backward()
"""
SIZES = {"N": 3, "C": 5, "L": 21, "D": 13, "H": 17, "W": 19, "features": 11, "embedding": 6}


def test_each_name_stands_at_the_dimension_of_its_size(tmp_path: Path) -> None:
    recording = record_text(tmp_path, SCRIPT)
    found: dict[str, list[str]] = {}
    for node in recording.structure(1).nodes.values():
        names = name_dimensions(node.op, node.call, node.shape)
        if not names or node.shape is None:
            continue
        found.setdefault(str(node.op), []).append("×".join(names))
        if "…" not in names:
            assert len(names) == len(node.shape)
        shape = node.shape[-1:] if "…" in names else node.shape
        for name, size in zip(names[-len(shape) :], shape, strict=True):
            if name in SIZES and not (name == "features" and node.op != "AddmmBackward0"):
                # A convolution without a batch runs as one of a single picture.
                assert size == SIZES[name] or (name == "N" and size == 1), (node.op, names, node.shape)
    assert set(found["ConvolutionBackward0"]) == {"N×C×H×W", "N×C×L", "N×C×D×H×W"}
    assert found["NativeBatchNormBackward0"] == ["N×C×H×W"]
    assert found["MaxPool2DWithIndicesBackward0"] == ["N×C×H×W"]
    assert set(found["AddmmBackward0"]) == {"batch×features"}
    assert found["EmbeddingBackward0"] == ["…×embedding"]
    # The script's own Linear multiplies the other way round: nothing is said of it.
    own = [node for node in recording.structure(1).nodes.values() if node.kind == "op" and node.shape == (7, 4)]
    assert own
    assert not any(name_dimensions(node.op, node.call, node.shape) for node in own)
    picture = render_bytes(recording.graph(), "svg", fold="none").decode()
    assert "ConvolutionBackward0, N×C×H×W" in picture
    recording.close()


@pytest.mark.parametrize(
    ("op", "call", "shape", "words"),
    [
        ("AddmmBackward0", None, (3, 4), ""),
        ("AddmmBackward0", "torch.addmm", (3, 4), ""),
        ("TBackward0", "torch.nn.functional.linear", (3, 4), ""),
        ("ViewBackward0", "torch.nn.functional.linear", (2, 3, 4), "…×features"),
        ("ConvolutionBackward0", None, (1, 2, 3, 4), "N×C×H×W"),
        ("ConvolutionBackward0", None, (1, 2), ""),
        ("NativeBatchNormBackward0", "torch.instance_norm", (1, 6, 3, 4), ""),
        ("MaxPool2DWithIndicesBackward0", "torch.max_pool1d", (1, 6, 1, 4), ""),
        ("MaxPool2DWithIndicesBackward0", "torch.max_pool2d", (6, 3, 4), "C×H×W"),
        ("AvgPool3DBackward0", None, (1, 6, 2, 3, 4), "N×C×D×H×W"),
        ("EmbeddingBackward0", None, (6,), "embedding"),
        ("MulBackward0", "torch.mul", (3,), ""),
        (None, None, (3,), ""),
        ("ConvolutionBackward0", None, None, ""),
    ],
)
def test_what_an_op_does_not_settle_has_no_names(
    op: str | None, call: str | None, shape: tuple[int, ...] | None, words: str
) -> None:
    assert dimension_words(op, call, shape) == words
