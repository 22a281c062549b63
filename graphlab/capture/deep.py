"""Keeps a deep graph from ending the stack when it is let go.

autograd frees a graph without recursion, but not one whose nodes Python has looked at: such a node and the object that
stands for it hold each other for as long as anything else holds the node, so that each frees the next from within, in
some 200 bytes of stack. So of a deep graph that we have looked at, some nodes are held: those at which the way down
enters another layer of the depth. What lies between two of them is freed by recursion, which is short, and each of them
when nobody but us has it any more. Everything else of a graph goes when it would go without us.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Any

import torch

from graphlab.capture.identity import ACCUMULATE

_LAYER = 500
"""How many nodes lie one below the other in a layer: two layers are gone through at once, in 200 KB of stack."""
_DEPTH = "graphlab depth"
_HELD = "graphlab held"
"""Under what a node's `metadata` tell how deep a graph lies below it, and whether it is held."""
_FUNCTION: type = torch._C._FunctionBase
"""The nodes of the script's own functions: autograd holds the object, and the object not the node."""


class DeepGraphs:
    """The nodes that are held. There is one for the process: a node held twice would look held by somebody else."""

    def __init__(self) -> None:
        # A list lets go of its last element first, and so does the end of the process: the deeper a graph lies below a
        # node, the later in the list it stands.
        self._held: list[Any] = []
        self._new = 0
        """How many came since all were looked at."""
        self._sweeping = threading.Lock()
        self._alone = _references([object()], 0)

    def add(self, fn: Any, below: Sequence[tuple[Any, int]]) -> None:
        """A node was looked at, and all that it leads to before: hold of these what has to be."""
        depth = 0
        for source, _ in below:
            if source is not None and type(source) is not ACCUMULATE:
                depth = max(depth, source.metadata.get(_DEPTH, 0))
        fn.metadata[_DEPTH] = depth = depth + 1
        if depth > _LAYER:
            for source, _ in below:
                if source is not None and type(source) is not ACCUMULATE:
                    under = source.metadata.get(_DEPTH, 0)
                    if under >= _LAYER and under // _LAYER != depth // _LAYER:
                        self.hold(source)

    def hold(self, fn: Any) -> None:
        """Hold a node until nobody else does; of a function of the script's own, the nodes that it leads to."""
        stack: list[Any] = [fn]
        while stack:
            fn = stack.pop()
            if type(fn) is ACCUMULATE or _HELD in fn.metadata:
                continue
            fn.metadata[_HELD] = True
            if issubclass(type(fn), _FUNCTION):
                stack += [source for source, _ in fn.next_functions if source is not None]
            else:
                self._held.append(fn)
                self._new += 1
        if self._new > 1 + len(self._held) // 64:  # each is looked at some 64 times for one that comes
            self.sweep()

    def release(self) -> None:
        """Let go of what was held last, where its graph is gone: this is asked after every statement."""
        last = self._held[-1:]  # a list of our own: another thread may sweep meanwhile
        if last and _references(last, 0) == self._alone + 1:
            last.clear()
            self.sweep()

    def sweep(self) -> None:
        """Let go of all that nobody else holds any more."""
        # What goes may run code of the script's own, and other threads sweep too: only whoever sweeps takes any away.
        if not self._sweeping.acquire(blocking=False):
            return
        try:
            held, alone = self._held, self._alone
            self._new = 0
            for place in range(len(held) - 1, -1, -1):
                if _references(held, place) == alone:
                    del held[place]
        finally:
            self._sweeping.release()


def _references(held: list[Any], place: int) -> int:
    return sys.getrefcount(held[place])


def find_cuts(below: Sequence[Sequence[tuple[Any, int]]], order: dict[int, int]) -> list[int]:
    """Return which nodes of a graph have to be held, by their places, the shallowest first.

    Args:
        below: of each node, what it leads to.
        order: by `id`, the place of each node; what has none lies beyond.
    """
    sources = [[place for fn, _ in edges if (place := order.get(id(fn))) is not None] for edges in below]
    users = [0] * len(sources)
    for places in sources:
        for place in places:
            users[place] += 1
    ready = [place for place, count in enumerate(users) if not count]
    for user in ready:  # which grows meanwhile
        for place in sources[user]:
            users[place] -= 1
            if not users[place]:
                ready.append(place)
    depths = [0] * len(sources)
    cuts: set[int] = set()
    for user in reversed(ready):
        depth = depths[user] = 1 + max((depths[place] for place in sources[user]), default=0)
        if depth > _LAYER:
            layer = depth // _LAYER
            cuts.update(
                place for place in sources[user] if depths[place] >= _LAYER and depths[place] // _LAYER != layer
            )
    return sorted(cuts, key=depths.__getitem__)


def may_be_deep(count: int) -> bool:
    """Whether a graph of some number of nodes can have any that must be held."""
    return count > _LAYER


deep_graphs = DeepGraphs()
