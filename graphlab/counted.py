"""What a graph's things are called, and how many there are of them: `1 op`, `2 ops`, `12,000 boxes`.

Beside `language`: pictures, reports and comparisons name and count the same few things, each in its own plural.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from graphlab.language import _, plural

_FORMS = {
    "data": plural("{count:,} data tensor", "{count:,} data tensors"),
    "box": plural("{count:,} box", "{count:,} boxes"),
    "edge": plural("{count:,} edge", "{count:,} edges"),
    "event": plural("{count:,} event", "{count:,} events"),
    "leaf": plural("{count:,} leaf", "{count:,} leaves"),
    "line": plural("{count:,} line", "{count:,} lines"),
    "more edge": plural("{count:,} more edge", "{count:,} more edges"),
    "node": plural("{count:,} node", "{count:,} nodes"),
    "number": plural("{count:,} number", "{count:,} numbers"),
    "op": plural("{count:,} op", "{count:,} ops"),
    "output": plural("{count:,} output", "{count:,} outputs"),
    "parameter": plural("{count:,} parameter", "{count:,} parameters"),
    "step": plural("{count:,} step", "{count:,} steps"),
}

KIND_NAMES = {
    "op": _("op"),
    "parameter": _("parameter"),
    "leaf": _("leaf"),
    "data": _("data"),
    "output": _("output"),
    "group": _("group"),
}
"""What the kinds of node are called where people read it; in data they keep their English names."""


def count_kinds(kinds: Mapping[str, int]) -> str:
    """Return how many nodes of each kind there are: `8 ops, 4 parameters, 2 data tensors, 1 output`."""
    return ", ".join(count_words(kinds[kind], kind) for kind in KIND_NAMES if kind in _FORMS and kinds.get(kind))


def count_words(count: int, word: str) -> str:
    """Return a count with what is counted, a word of the table above."""
    return _FORMS[word](count).format(count=count)


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def op_words(op: str) -> str:
    """Return what an op does, from its autograd name: LogSoftmaxBackward0 is `log_softmax`."""
    stem = op.rstrip("0123456789").removesuffix("Backward") or op
    return _HUMP.sub("_", stem).lower() or "op"
