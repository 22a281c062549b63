"""What the benchmarks of recording train: plain training steps of models of several kinds, from overhead to work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn


class Chain(nn.Module):
    """Ops one after the other, each a statement of the script's own; beyond 10,000 chains side by side.

    torch 2.13 itself overflows the C stack when it frees a chain of 50,000 nodes that Python has looked at.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.lengths = [10_000] * (count // 10_000) or [count]
        self.scale = nn.Parameter(torch.ones(256))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        ends = []
        for length in self.lengths:
            x = inputs * self.scale
            for _ in range(length - 1):
                x = torch.sin(x)
            ends.append(x)
        return torch.stack(ends)


class Block(nn.Module):
    """Attention and two layers, as people write them: queries, keys and values in one tensor, a mask, a softmax."""

    def __init__(self, width: int, heads: int, length: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.register_buffer("mask", torch.ones(length, length).tril() == 0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        parts = self.attention(self.before(x)).split(width, dim=2)
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        scores = (q @ k.transpose(-2, -1)) * (width // self.heads) ** -0.5
        scores = scores.masked_fill(self.mask, float("-inf")).softmax(dim=-1)
        x = x + self.project((scores @ v).transpose(1, 2).reshape(batch, length, width))
        out: torch.Tensor = x + self.layers(self.after(x))
        return out


class Gpt(nn.Module):
    """A small language model."""

    def __init__(self, width: int, blocks: int, length: int, letters: int = 96) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(letters, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, 4, length) for _ in range(blocks)])
        self.head = nn.Linear(width, letters)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        x = self.letters(text) + self.places(torch.arange(text.shape[1]))
        for block in self.blocks:
            x = block(x)
        scores: torch.Tensor = self.head(x)
        return scores


@dataclass
class Training:
    """A model, what it is fed, and its optimizer."""

    model: nn.Module
    inputs: torch.Tensor
    optimizer: torch.optim.Optimizer

    def step(self) -> torch.Tensor:
        """Train once."""
        self.optimizer.zero_grad()
        loss: torch.Tensor = self.model(self.inputs).pow(2).mean()
        loss.backward()
        self.optimizer.step()
        return loss


def _prepare(model: nn.Module, *shape: int) -> Training:
    torch.manual_seed(0)
    return Training(model, torch.randn(*shape), torch.optim.SGD(model.parameters(), lr=1e-3))


def _layers(count: int, width: int, batch: int) -> Training:
    parts = [part for _ in range(count) for part in (nn.Linear(width, width), nn.ReLU())]
    return _prepare(nn.Sequential(*parts), batch, width)


def small() -> Training:
    """Return a model so small that many steps of it take little time."""
    return _layers(2, 8, 4)


def _transformer() -> Training:
    layer = nn.TransformerEncoderLayer(256, 8, 1024, dropout=0.0, batch_first=True)
    return _prepare(nn.TransformerEncoder(layer, 6, enable_nested_tensor=False), 8, 128, 256)


def _gpt() -> Training:
    torch.manual_seed(0)
    model = Gpt(128, 4, 64)
    return Training(model, torch.randint(96, (8, 64)), torch.optim.AdamW(model.parameters()))


def chain(count: int) -> Training:
    """Return a chain of so many ops."""
    return _prepare(Chain(count), 256)


CASES: dict[str, Callable[[], Training]] = {
    "100 x (Linear 16, ReLU), batch 8": lambda: _layers(100, 16, 8),
    "20 x (Linear 1024, ReLU), batch 256": lambda: _layers(20, 1024, 256),
    "TransformerEncoder, 6 x 256, batch 8 x 128": _transformer,
    "10,000 chained ops": lambda: chain(10_000),
    "GPT, 4 x 128, batch 8 x 64, AdamW": _gpt,
}
