"""What differs between two runs before their graphs do: seed, versions, device, parameters, and the script's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphlab.counted import count_words
from graphlab.graph.diff.alignment import align
from graphlab.language import _

FACTS = ("scenario", "torch", "device", "seed", "detail")
"""Facts of a run that graphs carry, in the order in which they are told."""

Places = Mapping[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that the two runs do not share."""

    name: str
    a: Any
    b: Any
    """None: the run has no such parameter or file (or no seed)."""
    is_script: bool = False
    """Whether `a` and `b` are numbers of lines of a file that the other run does not have."""

    @property
    def words(self) -> str:
        """The fact on one line: `seed: 0 -> 1`, `train.py: 2 lines of A alone, 5 lines of B alone`."""
        if not self.is_script:
            return f"{self.name}: {_said(self.a)} -> {_said(self.b)}"
        counts = [(side, lines) for side, lines in (("A", self.a), ("B", self.b)) if lines]
        said = [
            _("{lines} of {side} alone").format(lines=count_words(lines, "line"), side=side) for side, lines in counts
        ]
        return f"{self.name}: {', '.join(said)}"


def _said(value: Any) -> str:
    return _("none") if value is None else str(value)


def compare_facts(one: Mapping[str, Any], two: Mapping[str, Any]) -> tuple[FactChange, ...]:
    """Return the facts that differ; what one side does not tell is no difference."""
    changes = [
        FactChange(name, one[name], two[name])
        for name in FACTS
        if name in one and name in two and one[name] != two[name]
    ]
    before, after = one.get("parameters"), two.get("parameters")
    if before is not None and after is not None:
        for name in dict.fromkeys((*before, *after)):
            # The seed and the device are told above already.
            is_told = any(change.name.upper() == name for change in changes)
            if before.get(name) != after.get(name) and not is_told:
                changes.append(FactChange(name, before.get(name), after.get(name)))
    return (*changes, *_compare_scripts(one.get("sources"), two.get("sources")))


def _compare_scripts(one: Mapping[str, str] | None, two: Mapping[str, str] | None) -> list[FactChange]:
    """Return the files whose text differs, with the numbers of lines that only one side has."""
    if one is None or two is None:
        return []
    changes = []
    files = _same_files(one, two)
    for path, other in files.items():
        before, after = one[path].splitlines(), two[other].splitlines()
        if before != after:
            same = len(align(before, after))
            name = path if path == other else f"{path} -> {other}"
            changes.append(FactChange(name, len(before) - same, len(after) - same, is_script=True))
    others = set(files.values())
    alone = [(path, len(text.splitlines()), None) for path, text in one.items() if path not in files]
    added = [(path, None, len(text.splitlines())) for path, text in two.items() if path not in others]
    # An empty `__init__.py` is no difference.
    return [*changes, *(FactChange(*change, is_script=True) for change in (*alone, *added) if change[1] or change[2])]


def same_places(one: Mapping[str, Any], two: Mapping[str, Any]) -> tuple[Places, Places]:
    """Give each line of the one script and the line of the other that is the same after all edits one number."""
    before, after = one.get("sources"), two.get("sources")
    found: tuple[dict[tuple[str, int], int], dict[tuple[str, int], int]] = ({}, {})
    if before is None or after is None:
        return found
    for path, other in _same_files(before, after).items():
        for first, second in align(before[path].splitlines(), after[other].splitlines()):
            number = len(found[0]) + 1
            found[0][path, first + 1] = number
            found[1][other, second + 1] = number
    return found


def _same_files(one: Mapping[str, str], two: Mapping[str, str]) -> dict[str, str]:
    """Return for each file the one of the same path; two scripts are the same whatever they are called."""
    files = {path: path for path in one if path in two}
    scripts = next(iter(one), None), next(iter(two), None)
    if scripts[0] is not None and scripts[1] is not None and scripts[0] not in two and scripts[1] not in one:
        files = {scripts[0]: scripts[1], **files}
    return files
