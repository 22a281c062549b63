"""The language in which an author writes an answer: names of the script, looked up in the recording. Nothing is run.

Literals; names of variables and parameters; `.grad`, `.shape`, `.ndim`, `.dtype`, `.requires_grad`, `.is_leaf`,
`.grad_fn` of a tensor; one element (`W.grad[0, 1]`); `.item()`, `.sum()`, `.mean()`, `.norm()`, `.max()`, `.min()`,
`.numel()`; `+ - * /`; comparisons. `EXPRESSION == LITERAL` is a claim: the answer, and what the author thinks it is.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.model import LEAF_KINDS
from graphlab.quiz import messages
from graphlab.sentences import format_number, format_shape

if TYPE_CHECKING:
    from graphlab.model import Node, Snapshot, Tensor
    from graphlab.recording import Recording

_CLOSE = 1e-4
"""How far a number that an author wrote down may be from the recorded one, as a share of it: digits are cut off."""


def is_same(one: Any, two: Any) -> bool:
    """Whether two values are the same, numbers as far as their digits were written down."""
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, int | float) and isinstance(two, int | float):
        return math.isclose(one, two, rel_tol=_CLOSE, abs_tol=1e-9) or (one != one and two != two)  # noqa: PLR0124 - NaN
    return bool(tuple(one) == tuple(two)) if _is_row(one) and _is_row(two) else bool(one == two)


def _is_row(value: Any) -> bool:
    return isinstance(value, tuple | list)


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: is_same, ast.NotEq: lambda one, two: not is_same(one, two),
    ast.Is: lambda one, two: one is two, ast.IsNot: lambda one, two: one is not two,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_REDUCTIONS = ("item", "sum", "mean", "norm", "max", "min", "numel")


class AnswerError(Exception):
    """An answer cannot be looked up; the message says why."""


@dataclass(frozen=True, slots=True)
class Values:
    """The numbers of a tensor, or of its gradient."""

    name: str
    snapshot: Snapshot

    def array(self) -> Any:
        """Return the numbers.

        Raises:
            AnswerError: they were not kept whole.
        """
        if not self.snapshot.is_complete or self.snapshot.array is None:
            raise AnswerError(messages.NOT_KEPT.format(name=self.name))
        return self.snapshot.array


@dataclass(frozen=True, slots=True)
class Held:
    """A tensor that a name holds."""

    name: str
    tensor: Tensor | None
    node: Node | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an expression comes to."""

    value: Any
    """None, a truth value, a number, a text, or a shape as a tuple."""
    expression: str
    """What was looked up, without the author's claim."""
    claimed: Any
    has_claim: bool

    @property
    def is_true(self) -> bool:
        """Whether the author's claim holds; without one there is nothing to doubt."""
        return not self.has_claim or is_same(self.value, self.claimed)


def look_up(recording: Recording, text: str, moment: int, frame: int | None = None) -> Answer:
    """Return what an author's answer comes to at a moment.

    Raises:
        AnswerError: it is not in the language, or the recording does not hold what it names.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise AnswerError(messages.NOT_IN_LANGUAGE.format(text=text)) from error
    reader = _Reader(recording, moment, frame)
    is_claim = isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], ast.Eq)
    if isinstance(tree, ast.Compare) and is_claim:
        value, claimed = (reader.plain(each) for each in (tree.left, tree.comparators[0]))
        return Answer(value, ast.unparse(tree.left), claimed, has_claim=True)
    return Answer(reader.plain(tree), ast.unparse(tree), None, has_claim=False)


def say_value(value: Any) -> str:
    """Write a value as people say it."""
    if isinstance(value, bool):
        return messages.YES if value else messages.NO
    if isinstance(value, tuple):
        return format_shape(value) if all(isinstance(size, int) for size in value) else str(value)
    return format_number(float(value)) if isinstance(value, float) else str(value)


class _Reader:
    """Walks an expression."""

    def __init__(self, recording: Recording, moment: int, frame: int | None) -> None:
        self._recording = recording
        self._moment = moment
        self._frame = frame

    def plain(self, tree: ast.expr) -> Any:
        """Return the value of an expression as a plain one: a tensor of one element as its number."""
        value = self._value(tree)
        if isinstance(value, Held):
            value = self._values(value)
        if isinstance(value, Values):
            array = value.array()
            return array.item() if array.size == 1 else tuple(array.ravel().tolist())
        return value

    def _value(self, tree: ast.expr) -> Any:
        handle = _HANDLERS.get(type(tree))
        if handle is None:
            raise AnswerError(messages.NOT_IN_LANGUAGE.format(text=ast.unparse(tree)))
        try:
            return handle(self, tree)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError, IndexError) as error:
            raise AnswerError(str(error)) from error

    def _constant(self, tree: ast.Constant) -> Any:
        return tree.value

    def _row(self, tree: ast.Tuple | ast.List) -> Any:
        return tuple(self.plain(each) for each in tree.elts)

    def _unary(self, tree: ast.UnaryOp) -> Any:
        value = self.plain(tree.operand)
        if isinstance(tree.op, ast.Not):
            return not value
        if isinstance(tree.op, ast.USub):
            return -value
        raise AnswerError(messages.NOT_IN_LANGUAGE.format(text=ast.unparse(tree)))

    def _binary(self, tree: ast.BinOp) -> Any:
        function = _ARITHMETIC.get(type(tree.op))
        left, right = self.plain(tree.left), self.plain(tree.right)
        if function is None or not all(isinstance(side, int | float) for side in (left, right)):
            raise AnswerError(messages.NOT_IN_LANGUAGE.format(text=ast.unparse(tree)))
        return function(left, right)

    def _compare(self, tree: ast.Compare) -> Any:
        if len(tree.ops) != 1 or type(tree.ops[0]) not in _COMPARISONS:
            raise AnswerError(messages.NOT_IN_LANGUAGE.format(text=ast.unparse(tree)))
        return _COMPARISONS[type(tree.ops[0])](self.plain(tree.left), self.plain(tree.comparators[0]))

    def _name(self, tree: ast.Name) -> Any:
        return self._named(tree.id)

    def _named(self, name: str) -> Any:
        recording = self._recording
        for variable in recording.variables(self._moment):
            if variable.name == name:
                if variable.tensor is None:
                    return _number(variable.text)
                tensor = variable.tensor
                node = recording.node(tensor.node) if tensor.node is not None and not tensor.label else None
                return Held(name, tensor, node)
        if name in recording.facts.parameters:
            return recording.facts.parameters[name]
        raise AnswerError(messages.NO_SUCH_NAME.format(name=name))

    def _attribute(self, tree: ast.Attribute) -> Any:
        parameter = self._parameter(tree)
        if parameter is not None:
            return parameter
        owner = self._value(tree.value)
        if isinstance(owner, Held):
            return self._of_tensor(owner, tree.attr)
        if isinstance(owner, Values) and tree.attr in {"shape", "ndim", "dtype"}:
            shape = owner.snapshot.shape
            return {"shape": shape, "ndim": len(shape), "dtype": owner.snapshot.dtype}[tree.attr]
        raise AnswerError(messages.NO_SUCH_PART.format(owner=ast.unparse(tree.value), name=tree.attr))

    def _parameter(self, tree: ast.expr) -> Held | None:
        """Return the parameter of a module that `model.fc1.weight` or `model[0].weight` means, or None."""
        parts: list[str] = []
        here = tree
        while not isinstance(here, ast.Name):
            if isinstance(here, ast.Attribute):
                parts.insert(0, here.attr)
                here = here.value
            elif isinstance(here, ast.Subscript) and isinstance(here.slice, ast.Constant):
                parts.insert(0, str(here.slice.value))
                here = here.value
            else:
                return None
        for name in (".".join(parts), ".".join([here.id, *parts])):
            nodes = self._recording.reader.nodes(
                "WHERE kind = 'parameter' AND name = ? AND event <= ? ORDER BY id DESC LIMIT 1", name, self._moment
            )
            if nodes:
                return Held(name, self._recording.value_tensor(nodes[0].id, self._moment), nodes[0])
        return None

    def _of_tensor(self, owner: Held, attribute: str) -> Any:
        tensor, node = owner.tensor, owner.node
        is_leaf = node is None or node.kind != "op"
        if attribute == "grad":
            return self._gradient(owner, node)
        if attribute == "data":
            return owner
        facts: dict[str, Any] = {"is_leaf": is_leaf, "grad_fn": None if is_leaf or node is None else node.op}
        if tensor is not None:
            facts |= {"shape": tensor.shape, "ndim": len(tensor.shape), "dtype": tensor.dtype}
            facts |= {"requires_grad": tensor.requires_grad, "device": tensor.device}
        if attribute not in facts:
            raise AnswerError(messages.NO_SUCH_PART.format(owner=owner.name, name=attribute))
        return facts[attribute]

    def _gradient(self, owner: Held, node: Node | None) -> Values | None:
        if node is None or node.kind not in LEAF_KINDS:
            return None
        snapshot = self._recording.gradient(node.id, self._moment)
        return Values(f"{owner.name}.grad", snapshot) if snapshot is not None else None

    def _values(self, owner: Held) -> Values:
        snapshot = self._recording.snapshot(owner.tensor.snapshot) if owner.tensor is not None else None
        if snapshot is None:
            raise AnswerError(messages.NOT_KEPT.format(name=owner.name))
        return Values(owner.name, snapshot)

    def _subscript(self, tree: ast.Subscript) -> Any:
        owner = self._value(tree.value)
        index = self.plain(tree.slice)
        if isinstance(owner, Held):
            owner = self._values(owner)
        if isinstance(owner, Values):
            places = index if isinstance(index, tuple) else (index,)
            array = owner.array()
            if len(places) != array.ndim:
                raise AnswerError(messages.NOT_IN_LANGUAGE.format(text=ast.unparse(tree)))
            return array[places].item()
        if isinstance(owner, tuple | str) and isinstance(index, int):
            return owner[index]
        raise AnswerError(messages.NOT_IN_LANGUAGE.format(text=ast.unparse(tree)))

    def _call(self, tree: ast.Call) -> Any:
        import numpy

        method = tree.func.attr if isinstance(tree.func, ast.Attribute) else ""
        if not isinstance(tree.func, ast.Attribute) or method not in _REDUCTIONS or tree.args or tree.keywords:
            raise AnswerError(messages.NOT_IN_LANGUAGE.format(text=ast.unparse(tree)))
        owner = self._value(tree.func.value)
        owner = self._values(owner) if isinstance(owner, Held) else owner
        if not isinstance(owner, Values):
            raise AnswerError(messages.NO_SUCH_PART.format(owner=ast.unparse(tree.func.value), name=method))
        array = owner.array()
        if method in {"item", "numel"}:
            return array.item() if method == "item" else int(array.size)
        with numpy.errstate(all="ignore"):
            wide = array.astype("f8")
            return float(numpy.linalg.norm(wide.ravel()) if method == "norm" else getattr(wide, method)())


_HANDLERS: dict[type[ast.expr], Any] = {
    ast.Constant: _Reader._constant, ast.Tuple: _Reader._row, ast.List: _Reader._row, ast.UnaryOp: _Reader._unary,
    ast.BinOp: _Reader._binary, ast.Compare: _Reader._compare, ast.Name: _Reader._name,
    ast.Attribute: _Reader._attribute, ast.Subscript: _Reader._subscript, ast.Call: _Reader._call,
}  # fmt: skip


def _number(text: str) -> Any:
    """Return what a variable's text says, where it is a number or a text of Python's."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.get(text, text)
