"""Tells whether several threads update the same parameters: then a step of one holds what another changed meanwhile.

Such training (Hogwild) gives other numbers in each run, recorded or not. A person who looks at a step is to know that
between its forward and its update the parameters may have moved.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from graphlab.capture.identity import storage_of
from graphlab.capture.sink import Sink

_NOTE = (
    "several threads update the same parameters in turn: what one of them reads in a step, another may have changed "
    "before the step ends"
)

_MOST = 10_000
"""Storages that are remembered before those that are gone are forgotten."""


class SharedUpdates:
    """Remembers of each parameter which threads have updated it.

    A model that one thread has trained and another trains on is not shared: the first must come back to it.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.is_on = False
        """Whether there are several threads."""
        self._updaters: dict[int, tuple[StorageWeakRef, list[int]]] = {}
        """By the address of a storage, which is not given to another while we remember it."""
        self._is_told = False
        self._numbers = itertools.count(1)
        self._local = threading.local()

    def note_step(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer has stepped in the thread that calls."""
        if self.is_on:
            self.note([tensor for group in optimizer.param_groups for tensor in group["params"]])

    def note(self, tensors: Sequence[torch.Tensor]) -> None:
        """The thread that calls has updated some parameters; models of several threads may share their memory."""
        if self._is_told or not self.is_on:
            return
        thread = self._thread()
        for tensor in tensors:
            address = storage_of(tensor)
            if address is None:
                continue
            known = self._updaters.get(address)
            if known is None:
                if len(self._updaters) >= _MOST:
                    self._updaters = {key: each for key, each in self._updaters.items() if not each[0].expired()}
                self._updaters[address] = StorageWeakRef(tensor.untyped_storage()), [thread]
                continue
            updaters = known[1]
            if thread in updaters[:-1]:
                self._is_told = True
                self._sink.add_note(_NOTE)
                return
            if updaters[-1] != thread:
                updaters.append(thread)

    def _thread(self) -> int:
        """Return a number of the thread that calls; python gives the identity of one that has ended to the next."""
        if not hasattr(self._local, "number"):
            self._local.number = next(self._numbers)
        number: int = self._local.number
        return number
