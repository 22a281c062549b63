"""What a graph's things are called, and how many there are of them: `1 op`, `2 ops`, `12,000 boxes`.

Beside `language`: pictures, reports and comparisons name and count the same few things, each in its own plural.
"""

from __future__ import annotations

from graphlab.language import _, plural

_FORMS = {
    "box": plural("{count:,} box", "{count:,} boxes"),
    "edge": plural("{count:,} edge", "{count:,} edges"),
    "event": plural("{count:,} event", "{count:,} events"),
    "line": plural("{count:,} line", "{count:,} lines"),
    "more edge": plural("{count:,} more edge", "{count:,} more edges"),
    "node": plural("{count:,} node", "{count:,} nodes"),
    "number": plural("{count:,} number", "{count:,} numbers"),
    "op": plural("{count:,} op", "{count:,} ops"),
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


def count_words(count: int, word: str) -> str:
    """Return a count with what is counted, a word of the table above."""
    return _FORMS[word](count).format(count=count)
