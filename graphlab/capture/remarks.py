"""Remarks: what happens beside the ops and means much for gradients, so that `graphlab check` need not guess.

A tensor with a graph that leaves it (`.item()`, `.data`), a `.grad` that is asked of a tensor that has none, who holds
which parameters, a step of an optimizer that had nothing to do, the mode that a dropout ran in. None of it is an event:
events are what people step through. The same remark of the same line is written ever more rarely.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from graphlab.capture.calls import MODAL
from graphlab.capture.held import Held
from graphlab.capture.identity import needs_grad

if TYPE_CHECKING:
    from graphlab.capture.registry import Registry

_OFTEN = 16
"""How often a remark is written before only every second, fourth, eighth … is."""
_FIRST_STEPS = 4
"""In light detail: how many steps are watched for gradients that nothing has zeroed."""
Modal = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._BatchNorm)
"""Modules that work in another way while training."""


class Remarks:
    """Notes what is beside the ops of one run, or of one of its threads."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.held = Held(self)
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._optimizers: weakref.WeakKeyDictionary[torch.optim.Optimizer, tuple[int, int]] = (
            weakref.WeakKeyDictionary()
        )
        """The number of each optimizer, and how many parameters it had when it was last looked at."""
        self._zeroed: dict[int, bool | None] = {}
        """By node: of the leaves that were updated, whether the backwards since found their gradients zeroed."""
        self._updates = 0

    def write(self, kind: str, text: str, *, tensor: int | None = None, data: dict[str, Any] | None = None) -> None:
        """Write a remark as of the last event, at the line that runs."""
        place = self.registry.find_place()
        key = kind, text, place[:2], None if data is None else tuple(sorted(data.items(), key=str)).__repr__()
        self._counts[key] += 1
        count = self._counts[key]
        if count <= _OFTEN or not count & (count - 1):
            self.registry.sink.add_remark(self.registry.sink.event_count, kind, place, text, tensor, data)

    # -- ops -------------------------------------------------------------------------------------------------------

    def left(self, tensor: torch.Tensor, name: str, result: Any) -> None:
        """A tensor with a graph has become a number, an array, or data."""
        if not needs_grad(tensor):
            return
        last = self.registry.sink.event_count
        data = {"made": self.registry.state(result, last).number} if isinstance(result, torch.Tensor) else None
        self.write("exit", name if data is None else "data", tensor=self.registry.state(tensor, last).number,
                   data=data)  # fmt: skip

    def grad_read(self, tensor: torch.Tensor, name: str, result: Any) -> None:
        """The script has asked a tensor for its `.grad` that is no leaf, and got None."""
        if needs_grad(tensor) and not tensor.is_leaf:
            state = self.registry.state(tensor, self.registry.sink.event_count)
            self.write("grad_of_result", name, tensor=state.number)

    def mode(
        self, name: str, args: Sequence[Any], kwargs: dict[str, Any], module: str | None, modes: Sequence[bool]
    ) -> None:  # fmt: skip
        """A dropout or a batch norm runs, as it does while training or not.

        Args:
            module: the path of the module that runs it.
            modes: whether the modules whose forwards are running are in training mode, the innermost first.
        """
        position = MODAL[name]
        is_training = args[position] if len(args) > position else kwargs.get("training", name != "batch_norm")
        if name == "batch_norm" and (kwargs.get("running_mean", args[1] if len(args) > 1 else None)) is None:
            return  # it has nothing else to go by
        facts = {"training": bool(is_training), "grad": torch.is_grad_enabled(), "module": module}
        if modes and modes[0] and not modes[-1]:
            facts["apart"] = True  # put into training mode by itself, in a model that evaluates
        self.write("mode", name, data=facts)

    # -- backwards and optimizers ----------------------------------------------------------------------------------

    def backward(self, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """A backward begins that is to keep its graph, or to build one of its own."""
        is_kept, is_built = args[1:3] if len(args) > 2 else (kwargs.get("keep_graph"), kwargs.get("create_graph"))
        if is_kept or is_built:
            self.write("kept_graph", "create_graph" if is_built else "retain_graph")

    def meet(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer was made, or steps: note whose parameters it holds, where that is new."""
        groups = optimizer.param_groups
        size = sum(len(group["params"]) for group in groups)
        number, known = self._optimizers.get(optimizer, (len(self._optimizers) + 1, -1))
        if known == size:
            return
        self._optimizers[optimizer] = number, size
        registry, last = self.registry, self.registry.sink.event_count
        nodes, frozen = [], []
        for tensor in (tensor for group in groups for tensor in group["params"]):
            if torch.nn.parameter.is_lazy(tensor):
                continue
            if tensor.is_leaf and needs_grad(tensor):
                nodes.append(registry.leaf(tensor, last).node)
            else:
                is_leaf = isinstance(tensor, torch.nn.Parameter) and tensor.is_leaf
                frozen.append(registry.leaf(tensor, last).node if is_leaf else registry.data_node(tensor, last)[0])
        rates = [float(rate) for group in groups if isinstance(rate := group.get("lr"), float | int)]
        facts = {"number": number, "nodes": nodes, "frozen": frozen, "rates": rates}
        registry.sink.add_remark(last, "optimizer", registry.find_place(), type(optimizer).__name__, None, facts)

    def stepping(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer is about to step."""
        self.meet(optimizer)
        self.write("step", type(optimizer).__name__, data={"optimizer": self._optimizers[optimizer][0]})

    def idle_step(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer has stepped, and none of its parameters had a gradient."""
        number, _ = self._optimizers.get(optimizer, (0, 0))
        self.write("idle_step", type(optimizer).__name__, data={"optimizer": number})

    def modes_of(self, modules: Sequence[tuple[torch.nn.Module, str]]) -> None:
        """Note in light detail which modules a backward finds in another mode than that of training."""
        modal = [(module, path) for module, path in modules if isinstance(module, Modal)]
        resting = [path for module, path in modal if not module.training]
        if resting:
            self.write("resting", "eval", data={"modules": resting[:16], "count": len(resting), "of": len(modal)})

    # -- gradients that nothing has zeroed, in light detail --------------------------------------------------------

    def light_backward(self) -> None:
        """A backward begins in light detail: look which of the gradients that an update has used are zeroed."""
        if not self.follows_zeroing:
            return
        for leaf, tensor in self.registry.leaves.items():
            if not self._zeroed.get(leaf.node, True):
                grad = tensor.grad
                self._zeroed[leaf.node] = grad is None or not bool(grad.any())

    @property
    def follows_zeroing(self) -> bool:
        """Whether updates are still told to `light_update`."""
        return self._updates <= _FIRST_STEPS

    def light_update(self, nodes: Sequence[int]) -> None:
        """Parameters were updated in light detail."""
        if not self.follows_zeroing:
            return
        self._updates += 1
        stale = [node for node in nodes if self._zeroed.get(node) is False]
        if stale:
            self.write("unzeroed", "grad", data={"nodes": stale[:16], "count": len(stale)})
        self._zeroed.update(dict.fromkeys(nodes))
