"""How a node and an edge read in words and numbers: the same in every picture, text and table.

A graph carries facts; what a person sees of them (`20×1`, `‖∇‖ 3.85`, `line 8`) is decided here and nowhere else.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graphlab.counted import KIND_NAMES, op_words
from graphlab.dimensions import dimension_words
from graphlab.language import _
from graphlab.model import LEAF_KINDS, Snapshot

if TYPE_CHECKING:
    import networkx

Tone = Literal["level", "zero", "invalid"]

LEVELS = 5
"""Decades of a gradient's norm that are told apart on either side of 1."""

KIND_WORDS: Mapping[str, str] = {
    "op": _("op (node of autograd)"),
    "parameter": _("parameter (leaf, learns)"),
    "leaf": _("leaf (gets a gradient)"),
    "data": _("data (no gradient)"),
    "output": _("output (backward begins)"),
    "group": _("group (folded)"),
}
STATIC_KIND_WORDS: Mapping[str, str] = {
    "op": _("op (of the static graph)"),
    "parameter": _("parameter"),
    "data": _("data (goes in)"),
    "output": _("output (comes out)"),
    "group": _("group (folded)"),
}


def kind_words(facts: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a legend says of each kind of node, from the facts of a graph: a static one has no autograd."""
    return STATIC_KIND_WORDS if facts.get("static") else KIND_WORDS


MARK_SIGNS: Mapping[str, str] = {"added": "+", "removed": "−", "changed": "~", "renamed": "="}
MARK_WORDS: Mapping[str, str] = {
    "added": _("in B alone"),
    "removed": _("in A alone"),
    "changed": _("changed"),
    "renamed": _("another name"),
}
KIND_DETAILS: Mapping[str, str] = {"output": _("backward begins"), "leaf": _("leaf tensor"), "data": _("data tensor")}


@dataclass(frozen=True, slots=True)
class Magnitude:
    """A gradient as one number with its place on the colour scale."""

    text: str
    tone: Tone
    level: int
    """The norm's decade, from -5 to 5."""
    is_norm: bool
    """False where the tensor has one element, and the number is that."""


@dataclass(frozen=True, slots=True)
class NodeReading:
    """What a picture says of a node."""

    id: int
    kind: str
    title: str
    """The call of an op, the name of everything else."""
    detail: str
    """An op's autograd name, and the kind of everything else."""
    tags: tuple[str, ...]
    """The script's variables that mean this node."""
    shape: str
    place: str
    module: str
    value: str
    gradient: Magnitude | None
    more: tuple[tuple[str, Magnitude], ...]
    """What else a group says of gradients, each with its words: those of its parameters, and that NaN is inside."""
    missing: str
    """That a leaf, or every one in a group, got no gradient where others did; else empty."""
    state: str
    facts: str
    """Everything there is to say, line by line."""
    mark: str = ""
    """In the picture of two graphs: added, removed, changed or renamed; for what is common empty."""
    change: str = ""
    """How the node was in the first of two graphs."""

    @property
    def is_idle(self) -> bool:
        """Whether this is a leaf that got no gradient where others did."""
        return bool(self.missing) and self.kind in LEAF_KINDS

    @property
    def magnitudes(self) -> tuple[Magnitude, ...]:
        """All gradients shown."""
        return (*((self.gradient,) if self.gradient else ()), *(magnitude for _, magnitude in self.more))


@dataclass(frozen=True, slots=True)
class EdgeReading:
    """What a picture says of an edge."""

    label: str
    gradient: Magnitude | None
    state: str
    mark: str = ""
    """As of a node."""


def read_nodes(graph: networkx.MultiDiGraph) -> dict[int, NodeReading]:
    """Return what a picture says of each node, in the order of their numbers.

    A leaf without a gradient is told so once the backward has ended and others have one: it is frozen or unused. One
    that a gradient has flowed back to and that has none now was cleared since, which is no lack.
    """
    is_missing = bool(graph.graph.get("is_backward_over")) and any(
        data.get("leaf_gradient" if data.get("kind") == "group" else "gradient") is not None
        for _, data in graph.nodes(data=True)
        if data.get("kind") in {"group", *LEAF_KINDS}
    )
    reached = {source for source, _, gradient in graph.edges(data="gradient") if gradient is not None}
    parts = _parts_of_calls(graph)
    return {
        node: read_node(
            data,
            is_missing=is_missing and (data.get("kind") == "group" or node not in reached),
            is_part=node in parts,
        )
        for node, data in sorted(graph.nodes(data=True))
    }


def _parts_of_calls(graph: networkx.MultiDiGraph) -> set[int]:
    """Return the ops that are only a part of a call: `F.linear` views, multiplies and views again."""
    parts: set[int] = set()
    for source, target in graph.edges():
        one, two = graph.nodes[source], graph.nodes[target]
        if one.get("call") and all(one.get(fact) == two.get(fact) for fact in ("kind", "call", "file", "line")):
            parts |= {node for node, data in ((source, one), (target, two)) if not _is_named_so(data)}
    return parts


def _is_named_so(data: Mapping[str, Any]) -> bool:
    """Whether an op is called as the call is: `torch.mm` and MmBackward0."""
    return str(data["call"]).rpartition(".")[2].strip("_") == op_words(str(data.get("op") or ""))


def _unnamed(data: Mapping[str, Any], kind: str) -> str:
    """Return what stands for a name: of a leaf that nobody saw come its number, as in the table of gradients."""
    return f"{KIND_NAMES[kind]} {data['id']}" if kind in LEAF_KINDS else KIND_NAMES.get(kind, kind)


def read_node(data: Mapping[str, Any], *, is_missing: bool = False, is_part: bool = False) -> NodeReading:
    """Return what a picture says of a node, from its attributes in the graph.

    `is_missing`: that a leaf has no gradient means that it gets none, not that none has come yet. `is_part`: the op is
    one of several that its call made.
    """
    kind = str(data.get("kind") or "op")
    names = tuple(plain(name) for name in data.get("names") or ())
    name = plain(data["name"]) if data.get("name") else ""
    op = plain(data.get("op") or "")
    if kind == "op":
        call = plain(call_words(data.get("call"), op))
        title, detail = (op_words(op), _("{op} in {call}").format(op=op, call=call)) if is_part else (call, op)
        detail = ", ".join(filter(None, (detail, dimension_words(data.get("op"), data.get("call"), data.get("shape")))))
        tags = names or ((name,) if name else ())
    else:
        title = name or (names[0] if names else plain(data.get("made") or "") or _unnamed(data, kind))
        title = title if title.strip() else f'"{title}"'
        detail = plain(data.get("detail") or KIND_DETAILS.get(kind, KIND_NAMES.get(kind, kind)))
        tags = tuple(other for other in names if other != title)
    gradient = data.get("gradient")
    return NodeReading(
        id=int(data["id"]),
        kind=kind,
        title=title,
        detail=detail,
        tags=tags,
        shape=_shape(data),
        place=_("line {line}").format(line=data["line"]) if data.get("line") else "",
        module=plain(data.get("module") or ""),
        value=value_words(data.get("value")),
        gradient=read_gradient(gradient, digits=4) if gradient is not None else None,
        more=_more(data),
        missing=_missing(data) if is_missing else "",
        state=str(data.get("state") or "done"),
        facts="\n".join(_facts(data)),
        mark=str(data.get("mark") or ""),
        change=change_words(data),
    )


def _shape(data: Mapping[str, Any]) -> str:
    """Return a node's shape; of a group what goes in and what comes out, where these differ."""
    words = shape_words(data.get("shape"), data.get("dtype"))
    takes = dict.fromkeys(data.get("takes") or ())
    if not takes or not words or list(takes) == [data.get("shape")]:
        return words
    (first, *others) = takes
    before = _("{count} inputs").format(count=len(data["takes"])) if others else shape_words(first)
    return f"{before} → {words}" if before else words


def mark_words(data: Mapping[str, Any]) -> str:
    """Return how a node of two graphs differs, on one line: `~ changed, was 16×8`; for what is common nothing."""
    mark = data.get("mark")
    words = [f"{MARK_SIGNS[mark]} {MARK_WORDS[mark]}" if mark else "", change_words(data)]
    return ", ".join(word for word in words if word)


def change_words(data: Mapping[str, Any]) -> str:
    """Return how a node was in the first of two graphs: `was 16×8, ‖∇‖ 0.12`."""
    before = data.get("was") or {}
    words = []
    if "shape" in before or "dtype" in before:
        words.append(shape_words(before.get("shape", data.get("shape")), before.get("dtype", data.get("dtype"))))
    if "gradient" in before:
        magnitude = read_gradient(before["gradient"], digits=3) if before["gradient"] is not None else None
        words.append(sign(magnitude) if magnitude else _("no gradient"))
    words += [plain(str(before["name"]))] if "name" in before else []
    words += [_("in {module}").format(module=plain(str(before["module"])))] if "module" in before else []
    return _("was {words}").format(words=", ".join(words)) if words else str(data.get("changes") or "")


def _more(data: Mapping[str, Any]) -> tuple[tuple[str, Magnitude], ...]:
    more = []
    leaf_gradient = data.get("leaf_gradient")
    magnitude = read_gradient(leaf_gradient, digits=4) if leaf_gradient is not None else None
    if magnitude is not None:
        words = _("parameter") if data.get("leaves") == 1 else _("parameters")
        more.append((f"{words} {sign(magnitude)}", magnitude))
    worst = data.get("worst")
    magnitude = read_gradient(worst, digits=4) if worst is not None and not data.get("invalid") else None
    if magnitude is not None:
        more.append((_("worst {magnitude}").format(magnitude=sign(magnitude)), magnitude))
    if data.get("invalid"):
        more.append(
            (
                _("{invalid} inside").format(invalid=data["invalid"]),
                Magnitude(data["invalid"], "invalid", LEVELS, is_norm=True),
            )
        )
    return tuple(more)


def _missing(data: Mapping[str, Any]) -> str:
    if data.get("state") == "future":
        return ""
    if data.get("kind") == "group":
        has_none = data.get("leaves") and data.get("leaf_gradient") is None
        return _("parameters: no gradient") if has_none else ""
    return _("no gradient") if data.get("kind") in LEAF_KINDS and data.get("gradient") is None else ""


def read_edge(data: Mapping[str, Any]) -> EdgeReading:
    """Return what a picture says of an edge."""
    gradient = data.get("gradient")
    return EdgeReading(
        label=plain(data.get("label") or ""),
        gradient=read_gradient(gradient, digits=3) if gradient is not None else None,
        state=str(data.get("state") or "done"),
        mark=str(data.get("mark") or ""),
    )


def read_gradient(snapshot: Snapshot, digits: int) -> Magnitude | None:
    """Return a gradient's number and its place on the scale; None where there is no number."""
    norm = snapshot.statistics.norm
    if norm is None:
        return None
    if not math.isfinite(norm):
        word = "NaN" if math.isnan(norm) else "∞"
        return Magnitude(word, "invalid", LEVELS, is_norm=snapshot.size != 1)
    is_norm = snapshot.size != 1
    array = snapshot.array
    number = norm if is_norm or array is None else float(array.ravel()[0].real)
    if norm == 0:
        return Magnitude("0", "zero", -LEVELS, is_norm)
    level = max(-LEVELS, min(LEVELS, round(math.log10(norm))))
    return Magnitude(number_words(number, digits), "level", level, is_norm)


def value_words(snapshot: Snapshot | None) -> str:
    """Return a tensor's value in a few words: the numbers where there are at most three, else the norm."""
    if snapshot is None:
        return ""
    if snapshot.size == 0:
        return _("no elements")
    if snapshot.is_complete and snapshot.size <= 3 and snapshot.array is not None:
        digits = 5 if snapshot.size == 1 else 3
        numbers = [_element_words(number, digits) for number in snapshot.array.ravel().tolist()]
        return "= " + (numbers[0] if not snapshot.shape else f"[{', '.join(numbers)}]")
    norm = snapshot.statistics.norm
    if norm is None:
        return ""
    if not math.isfinite(norm):
        return _("NaN inside") if math.isnan(norm) else _("∞ inside")
    return _("norm {norm}").format(norm=number_words(norm, 4))


def _element_words(number: Any, digits: int) -> str:
    if isinstance(number, float):
        return number_words(number, digits)
    return str(number)


def number_words(number: float, digits: int) -> str:
    """Return a number with so many significant digits, as short as it goes: `18.25`, `3.85e-7`, `NaN`."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    # `6.63e-4` is shorter than `0.000663`, and its size is seen sooner.
    is_small = 0 < abs(number) < 1e-3
    text = f"{number:.{digits - 1}e}" if is_small else f"{number:.{digits}g}"
    mantissa, _unused, exponent = text.partition("e")
    if not exponent:
        return mantissa
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def shape_words(shape: tuple[int, ...] | None, dtype: str | None = None) -> str:
    """Return `20×1`, `()` for a scalar, with the dtype where it is not the usual one."""
    if shape is None:
        return ""
    words = "×".join(str(size) for size in shape) if shape else "()"
    return words if dtype in {None, "float32"} else f"{words} {dtype}"


def call_words(call: str | None, op: str) -> str:
    """Return the call as a person writes it, or what the autograd name says of it."""
    if call:
        for prefix in ("torch.nn.functional.", "torch._C._nn.", "torch.Tensor.", "torch.", "Tensor."):
            if call.startswith(prefix):
                return ("F." if "functional" in prefix else "") + call.removeprefix(prefix)
        return call
    return op_words(op)


def plain(text: str) -> str:
    """Return the text on one line and without characters that a file format or a terminal could trip over."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_plain_character(character) for character in text)


def _plain_character(character: str) -> str:
    if character in "\n\r\u2028\u2029":
        return "↵"
    if character == "\t":
        return " "
    category = unicodedata.category(character)
    # Controls, surrogates, and format characters that turn the writing direction of what follows.
    return "�" if category in {"Cc", "Cs", "Cn", "Cf"} else character


def gradient_words(reading: NodeReading) -> str:
    """Return all that is said of a node's gradients, on one line."""
    first = sign(reading.gradient) if reading.gradient else ""
    return "  ".join(word for word in (first, *(words for words, _ in reading.more), reading.missing) if word)


def sign(magnitude: Magnitude) -> str:
    """Return a gradient's number with the sign that says what it is."""
    return f"‖∇‖ {magnitude.text}" if magnitude.is_norm else f"∇ {magnitude.text}"


def title_lines(facts: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return a picture's heading: the title, where in the run it is, and what just ran."""
    title = plain(str(facts.get("title") or facts.get("scenario") or _("graph")))
    scenario = plain(str(facts.get("scenario") or ""))
    places = [scenario] if scenario and scenario != title else []
    step, steps = facts.get("step"), facts.get("steps")
    if step and steps:
        places.append(_("step {step} of {steps}").format(step=step, steps=steps))
    if facts.get("events"):
        places.append(_("event {moment} of {events}").format(moment=facts.get("moment"), events=facts["events"]))
    if facts.get("detail") == "light":
        places.append(_("recorded in light detail"))
    if facts.get("focus"):
        places.append(plain(str(facts["focus"])))
    if facts.get("folded"):
        places.append(plain(str(facts["folded"])))
    return title, "  ·  ".join(places), plain(str(facts.get("doing") or ""))


def _facts(data: Mapping[str, Any]) -> list[str]:
    """Return what a tooltip says, in the words of the explorer's inspector."""
    kind = str(data.get("kind") or "op")
    lines = [f"#{data['id']}  {KIND_NAMES.get(kind, kind)}" + (f"  {plain(data['name'])}" if data.get("name") else "")]
    if data.get("call") or data.get("op"):
        lines.append("  ".join(plain(word) for word in (data.get("call"), data.get("op")) if word))
    names = dimension_words(data.get("op"), data.get("call"), data.get("shape"))
    about = [shape_words(data.get("shape")), names, data.get("dtype") or "", data.get("device") or ""]
    if any(about):
        lines.append("  ".join(plain(word) for word in about if word))
    if data.get("module"):
        lines.append(_("module {module}").format(module=plain(data["module"])))
    if data.get("line"):
        lines.append(
            _("{file}, line {line}").format(file=plain(data["file"]), line=data["line"])
            if data.get("file")
            else _("line {line}").format(line=data["line"])
        )
    for key, word in (("value", _("value")), ("gradient", _("gradient"))):
        snapshot = data.get(key)
        if snapshot is not None:
            lines.append(f"{word}  {snapshot_words(snapshot)}")
    if data.get("leaf_gradient") is not None:
        lines.append(_("gradient of the parameters  {figures}").format(figures=snapshot_words(data["leaf_gradient"])))
    if data.get("invalid"):
        lines.append(_("{invalid} in a gradient inside").format(invalid=data["invalid"]))
    if data.get("members"):
        lines.append(plain(str(data["members"])))
    return lines


def snapshot_words(snapshot: Snapshot) -> str:
    """Return a tensor's value and figures on one line."""
    if snapshot.is_complete and snapshot.size <= 1:
        return value_words(snapshot)
    statistics = snapshot.statistics
    parts = [value_words(snapshot)] if snapshot.is_complete and snapshot.size <= 3 else []
    figures = ((_("norm"), statistics.norm), (_("min"), statistics.minimum), (_("max"), statistics.maximum))
    parts += [f"{word} {number_words(number, 4)}" for word, number in figures if number is not None]
    if statistics.mean is not None:
        parts.append(_("mean {mean}").format(mean=number_words(statistics.mean, 4)))
    parts += [f"{count} {word}" for word, count in (("NaN", statistics.nans), ("∞", statistics.infinities)) if count]
    return "  ".join(part for part in parts if part)
