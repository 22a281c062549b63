"""Remembers memory that nothing has written yet: what `torch.empty` returns holds no values, only what lay there.

Kept as values it would differ from run to run, and carry other data of the process into a recording.
"""

from __future__ import annotations

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from graphlab.capture.identity import storage_of

MAKERS = {"empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided"}
"""Calls that return such memory."""
WRITERS = {"numpy", "array", "data_ptr", "untyped_storage", "dlpack", "share_memory_"}
"""Calls that let something write it unseen."""


class Unwritten:
    """Knows storages by weak reference: their addresses are not reused while we remember them."""

    def __init__(self) -> None:
        self.storages: dict[int, StorageWeakRef] = {}

    def add(self, tensor: torch.Tensor) -> None:
        """A tensor's memory is new and unwritten."""
        if storage_of(tensor) is not None and not tensor.is_meta:
            self.storages = {key: each for key, each in self.storages.items() if not each.expired()}
            storage = tensor.untyped_storage()
            self.storages[storage._cdata] = StorageWeakRef(storage)

    def discard(self, tensor: torch.Tensor) -> None:
        """A tensor's memory was, or may have been, written."""
        address = storage_of(tensor) if self.storages else None
        if address is not None:
            self.storages.pop(address, None)

    def __contains__(self, tensor: torch.Tensor) -> bool:
        """Whether nothing has been written to a tensor's memory yet."""
        return bool(self.storages) and storage_of(tensor) in self.storages
