"""The local rule of a node of a recorded backward, with its numbers: what came, what was kept, what went on, and why.

Each result is reckoned again from the recorded values, and stands beside the recorded one with its relative error.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.analysis.rules import messages
from graphlab.analysis.rules.facts import Array, Facts, MissingFactError, Rule, Shape, sum_to
from graphlab.analysis.rules.table import key_of, rule_of
from graphlab.model import LEAF_KINDS
from graphlab.recording.arguments import Arguments, KeptTensor, read_arguments

if TYPE_CHECKING:
    from graphlab.model import Edge, Node, Snapshot
    from graphlab.recording import Recording

_LETTERS = string.ascii_lowercase
_TOLERANCES = {"float64": 1e-9, "float32": 1e-4, "float16": 2e-2, "bfloat16": 5e-2}
_OF_A_MATRIX = {
    "Mm": (("g", "mat2"), ("self", "g")),
    "Bmm": (("g", "mat2"), ("self", "g")),
    "Addmm": (None, ("g", "mat2"), ("mat1", "g")),
    "Baddbmm": (None, ("g", "batch2"), ("batch1", "g")),
    "Linear": (("g", "weight"), ("g", "input")),
    "Convolution": (("g", "weight"), ("input", "g")),
}
"""Which two arrays an op's gradient is a contraction of."""
_UNTURNED = {("Linear", 0), ("Convolution", 0), ("Convolution", 1)}


@dataclass(frozen=True, slots=True)
class InputRule:
    """What the rule says of one input."""

    slot: int
    source: int
    """The node that stands there."""
    formula: str
    """∂L/∂ of the input: the right side, with the names of the run."""
    letters: str
    """The same with letters, as a book has it."""
    contraction: str
    """Of a product of matrices or a convolution: the shapes that meet (`20x1 @ 1x20`), else empty."""
    recorded: Snapshot | None
    """The gradient that PyTorch handed on."""
    computed: Array | None
    """The gradient that the rule gives."""
    error: float | None
    """How far apart the two are: the norm of the difference over the norm of the recorded one."""
    agrees: bool
    """Whether that is no more than rounding in its dtype."""
    missing: str
    """Why it was not reckoned, else empty."""


@dataclass(frozen=True, slots=True)
class LocalRule:
    """The rule of one node at one moment."""

    node: Node
    event: int | None
    """The event of the backward at which it ran; None: it has not run yet (then there are formulas alone)."""
    key: str | None
    """The op's name among the rules; None: there is no rule for it."""
    upstream: tuple[Snapshot | None, ...]
    kept: tuple[KeptTensor, ...]
    numbers: Mapping[str, Any]
    inputs: tuple[InputRule, ...]
    made_by: int | None
    """The node whose backward made this one, where a backward kept its graph: second order."""


def find_rule(
    recording: Recording, node: Node, moment: int, name_of: Callable[[int], str], edges: list[Edge] | None = None
) -> LocalRule:
    """Return the local rule of an op node as of a moment.

    Args:
        name_of: says what people call a node.
        edges: those into the node, where they are at hand.
    """
    with recording.reading():
        if edges is None:
            edges = recording.reader.edges("WHERE target = ? ORDER BY slot", node.id)
        event, gradients = read_gradients(recording, node.id, moment)
        arguments = read_arguments(recording, node.id)
    key = key_of(node.op or "")
    outputs = sorted(slot for slot in gradients if slot < 0)
    upstream = tuple(gradients.get(-1 - place) for place in range(-outputs[0] if outputs else 0))
    names = {edge.slot: name_of(edge.source) + edge.label for edge in edges}
    words = _Words(key, names, name_of(node.id), arguments)
    reckoner = Reckoner(rule_of(node.op or ""), key, node, upstream, arguments, gradients)
    inputs = tuple(
        InputRule(
            edge.slot, edge.source, words.formula(edge.slot), words.letters(edge.slot), reckoner.contraction(edge.slot),
            gradients.get(edge.slot), *reckoner.reckon(edge.slot),
        )
        for edge in edges
        if recording.node(edge.source).kind != "data"
    )  # fmt: skip
    kept = tuple(_placed(each, edges) for each in arguments.tensors) if arguments is not None else ()
    numbers = arguments.numbers if arguments is not None else {}
    made_by = arguments.made_by if arguments is not None else None
    return LocalRule(node, event, key, upstream, kept, numbers, inputs, made_by)


def _placed(kept: KeptTensor, edges: list[Edge]) -> KeptTensor:
    """Name the data that a kept tensor is a view of: that is what the edge into the node says."""
    if kept.node is None and kept.label:
        source = next((edge.source for edge in edges if edge.label == kept.label), None)
        return replace(kept, node=source)
    return kept


def read_gradients(recording: Recording, node: int, moment: int) -> tuple[int | None, dict[int, Snapshot | None]]:
    """Return the last event by a moment at which a node ran, and what it was given and gave, by slot."""
    rows = recording.reader.rows(
        "SELECT event, slot, snapshot FROM gradients WHERE node = ? AND event = "
        "(SELECT MAX(event) FROM gradients WHERE node = ? AND event <= ?)",
        node, node, moment,
    )  # fmt: skip
    if not rows:
        return None, {}
    return rows[0][0], {slot: recording.snapshot(number) for _, slot, number in rows}


class _Words:
    """Writes the formulas of an op."""

    def __init__(self, key: str | None, names: Mapping[int, str], output: str, arguments: Arguments | None) -> None:
        self._texts = messages.FORMULAS.get(key or "", ())
        self._named = {_LETTERS[place]: name for place, name in names.items() if place < len(_LETTERS)}
        self._named |= {"y": output, "g": f"∂L/∂{output}"}
        self._numbers = _scalars(arguments) if arguments is not None else {}
        for letter, name in (("a", "self"), ("b", "other")):
            if name in self._numbers:  # a number of the script's, and no input of the graph
                self._named.setdefault(letter, self._numbers[name])

    def _text(self, slot: int) -> str:
        return self._texts[min(slot, len(self._texts) - 1)] if self._texts else ""

    def formula(self, slot: int) -> str:
        text = self._text(slot)
        for factor in ("alpha", "beta", "value"):
            if self._numbers.get(factor) == "1":
                text = text.replace(f" · {{{factor}}}", "")
        divisor = "" if self._numbers.get("reduction", "1") != "1" else messages.LETTERS["n"]
        return text.format_map(_Named({**messages.LETTERS, **self._numbers, **self._named, "n": divisor}))

    def letters(self, slot: int) -> str:
        return self._text(slot).format_map(_Named({**messages.LETTERS, "g": "∂L/∂y"}))


def _scalars(arguments: Arguments) -> dict[str, str]:
    """Return the numbers that an op keeps, also as tensors of one element, as people write them."""
    found = {name: f"{value:.6g}" for name, value in arguments.numbers.items() if isinstance(value, int | float)}
    for kept in arguments.tensors:
        array = kept.snapshot.array if kept.snapshot is not None else None
        if kept.node is None and array is not None and array.shape == () and array.dtype.kind in "fiu":
            found[kept.name] = f"{array.item():.6g}"
    return found


class _Named(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key


class Reckoner:
    """Follows the rule of one node.

    Args:
        rule: the op's, or None.
        key: its name among the rules.
        gradients: what the backward gave the node and what it gave on, by slot.
    """

    def __init__(
        self, rule: Rule | None, key: str | None, node: Node, upstream: tuple[Snapshot | None, ...],
        arguments: Arguments | None, gradients: Mapping[int, Snapshot | None],
    ) -> None:  # fmt: skip
        self._rule = rule
        self._key = key
        self._gradients = gradients
        self._large: dict[str, str] = {}
        self._is_noted = arguments is not None
        own = tuple(kept.snapshot for kept in arguments.tensors) if arguments is not None else ()
        seen = (*upstream, *gradients.values(), *own)
        self._is_complex = any("complex" in each.dtype for each in seen if each is not None)
        self._shapes: dict[str, Shape] = {}
        saved: dict[str, Any] = dict(arguments.numbers) if arguments is not None else {}
        for kept in arguments.tensors if arguments is not None else ():
            self._take(saved, kept.name, kept.snapshot)
        given: dict[str, Any] = {}
        for place, snapshot in enumerate(upstream):
            self._take(given, f"∂L/∂y[{place}]" if place else "∂L/∂y", snapshot)
        if upstream and upstream[0] is not None:
            self._shapes["g"] = upstream[0].shape
        shapes = {slot: each.shape for slot, each in gradients.items() if slot >= 0 and each is not None}
        self._facts = Facts([given.get(f"∂L/∂y[{n}]" if n else "∂L/∂y") for n in range(len(upstream))], shapes, saved)

    def _take(self, into: dict[str, Any], name: str, snapshot: Snapshot | None) -> None:
        """Put the values of a tensor where the rule looks for them, or keep in mind why it finds none."""
        if snapshot is None:
            return
        self._shapes[name] = snapshot.shape
        if not snapshot.is_complete or snapshot.array is None:
            shape = "x".join(map(str, snapshot.shape))
            self._large[name] = messages.TOO_LARGE.format(name=name, shape=shape)
            return
        array = snapshot.array
        into[name] = array.astype(float) if array.dtype.kind == "f" else array

    def contraction(self, slot: int) -> str:
        """Write which shapes meet in the product that the gradient of an input is."""
        pairs = _OF_A_MATRIX.get(self._key or "", ())
        pair = pairs[slot] if slot < len(pairs) else None
        if pair is None or any(name not in self._shapes for name in pair):
            return ""
        first, second = (self._shapes[name] for name in pair)
        sign = " ⋆ " if self._key == "Convolution" else " @ "
        if (self._key, slot) not in _UNTURNED:  # one of the two is turned: the one that is no upstream gradient
            first = _turned(first) if pair[1] == "g" or self._key == "Linear" else first
            second = _turned(second) if pair[0] == "g" and self._key != "Linear" else second
        return sign.join("x".join(map(str, shape)) or "()" for shape in (first, second))

    @classmethod
    def of(cls, node: Node, gradients: Mapping[int, Snapshot | None], arguments: Arguments | None) -> Reckoner:
        """Make the one of a node."""
        outputs = [slot for slot in gradients if slot < 0]
        upstream = tuple(gradients.get(-1 - place) for place in range(-min(outputs, default=0)))
        return cls(rule_of(node.op or ""), key_of(node.op or ""), node, upstream, arguments, gradients)

    def send(self, upstream: Mapping[int, Array], slot: int) -> Array | str:
        """Return what the rule makes of another upstream gradient, or why it cannot: a rule is linear in it."""
        recorded = self._gradients.get(slot)
        if self._rule is None:
            return messages.WITHOUT_RULE
        if recorded is None:
            return messages.NOT_KEPT.format(what="∂L/∂")
        count = max(len(self._facts.upstream), max(upstream, default=0) + 1)
        facts = replace(self._facts, upstream=[upstream.get(place) for place in range(count)])
        return self._follow(facts, slot, recorded)

    def _follow(self, facts: Facts, slot: int, recorded: Snapshot) -> Array | str:
        """Return what the rule gives for an input, or why it gives nothing."""
        assert self._rule is not None
        if not self._is_noted:
            return messages.NOT_KEPT.format(what=messages.NOTHING_KEPT)
        if self._is_complex:
            return messages.IN_COMPLEX
        try:
            with numpy.errstate(all="ignore"):
                return sum_to(numpy.asarray(self._rule(facts, slot), dtype=float), recorded.shape)
        except MissingFactError as error:
            name = str(error.args[0])
            return self._large.get(name, messages.NOT_KEPT.format(what=name))
        except (ValueError, IndexError, TypeError, KeyError) as error:
            # What a damaged or foreign recording holds need not fit together.
            return messages.FAILED.format(reason=str(error).splitlines()[0])

    def reckon(self, slot: int) -> tuple[Array | None, float | None, bool, str]:
        """Return what the rule gives for an input, how far that is from the recorded gradient, or why it gives none."""
        recorded = self._gradients.get(slot)
        if self._rule is None or recorded is None:
            return None, None, False, ""
        found = self._follow(self._facts, slot, recorded)
        if isinstance(found, str):
            return None, None, False, found
        if recorded.array is None or not recorded.is_complete:
            return found, None, False, ""
        truth = recorded.array.astype(float)
        error_size = relative_error(found, truth)
        tolerance = _TOLERANCES.get(recorded.dtype, 1e-4)
        # Where large gradients cancel, what is left is rounding: it is measured by what was added up.
        left = numpy.linalg.norm(numpy.nan_to_num(found - truth)) if tolerance < error_size < math.inf else error_size
        came = sum(numpy.linalg.norm(each) for each in self._facts.upstream if each is not None)
        return found, error_size, bool(error_size <= tolerance or left <= 0.01 * tolerance * came), ""


def _turned(shape: Shape) -> Shape:
    return (*shape[:-2], shape[-1], shape[-2]) if len(shape) > 1 else shape


def relative_error(found: Array, recorded: Array) -> float:
    """Return the norm of a difference over the norm of what was recorded; the same NaN or infinity is no difference."""
    if found.shape != recorded.shape:
        return math.inf
    is_same = (found == recorded) | (numpy.isnan(found) & numpy.isnan(recorded))
    with numpy.errstate(all="ignore"):
        difference = numpy.where(is_same, 0.0, found - recorded)
        norm = float(numpy.linalg.norm(difference))
        whole = float(numpy.linalg.norm(numpy.where(numpy.isfinite(recorded), recorded, 0.0)))
    if norm == 0:
        return 0.0
    if not math.isfinite(norm):
        return math.inf
    return norm / whole if whole else math.inf


def is_leaf(node: Node) -> bool:
    """Whether a node is a leaf, which has no rule but to add up."""
    return node.kind in LEAF_KINDS
