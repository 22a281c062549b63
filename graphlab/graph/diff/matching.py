"""Finds which node of one graph is which node of another.

From what is certain to what is likely. A node is known by everything that it is computed from, or by everything that
is computed from it: numbers that stand for its whole cone of inputs (or of uses) and are equal where the cones are.
So what lies before a change is found from above, what lies behind it from below, and a layer inserted in the middle
is all that remains. First shapes and names must agree, then less and less. What lies between two changes is aligned
in the order in which it ran, as a text diff does with lines; last, names alone decide.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence

from graphlab.graph.diff.alignment import align, gaps, longest_increasing
from graphlab.graph.diff.sides import Side, Trait

EXACT: Collection[Trait] = ("shape", "name", "tag", "place", "used")
CLOSE: Collection[Collection[Trait]] = (("shape", "name", "used"), ("shape", "used"))
LOOSE: Collection[Collection[Trait]] = (("name", "used"), ("used",), ())


def match(one: Side, two: Side) -> dict[int, int]:
    """Return for positions of one side those of the other. Which side is given first makes no difference."""
    is_swapped = _rank(two) < _rank(one)
    found = _Matcher(two, one) if is_swapped else _Matcher(one, two)
    found.run()
    return {second: first for first, second in found.pairs.items()} if is_swapped else found.pairs


def _rank(side: Side) -> tuple[int, int, list[str]]:
    """Return what puts the smaller graph first, and of two of one size always the same."""
    edges = sum(map(len, side.inputs))
    return len(side), edges, [repr(side.label(node, EXACT)) for node in range(len(side))]


class _Matcher:
    """The pairs found so far; each method adds some."""

    def __init__(self, one: Side, two: Side) -> None:
        self.one = one
        self.two = two
        self.pairs: dict[int, int] = {}
        self.back: dict[int, int] = {}

    def run(self) -> None:
        """Find pairs, from certain to likely."""
        for traits in (EXACT, *CLOSE):
            self._match_cones(traits)
        for traits in CLOSE:
            self._match_order(traits)
        # Names before looser structure: what is left of a parameter that kept its name is that parameter.
        self._match_cones(("name", "used"))
        self._match_names()
        self._match_cones(("used",))
        for traits in LOOSE:
            self._match_order(traits)
        self._spread(*self._labels(()))
        self._match_neighbours()

    @property
    def _is_done(self) -> bool:
        return len(self.pairs) == min(len(self.one), len(self.two))

    def _add(self, first: int, second: int) -> None:
        self.pairs[first] = second
        self.back[second] = first

    # -- cones ---------------------------------------------------------------------------------------------------

    def _labels(self, traits: Collection[Trait]) -> tuple[list[int], list[int]]:
        """Return a number for each node that stands for what must be the same.

        With `used` that is, of an op, also the parameters and data that it uses: seen from below, a layer is an op with
        its output, and that its weight is another one must tell.
        """
        known: dict[Hashable, int] = {}
        numbers: list[list[int]] = []
        for side in (self.one, self.two):
            own = [side.label(node, traits) for node in range(len(side))]
            found = []
            for node, label in enumerate(own):
                roots = [(slot, side.roots[source]) for slot, source in side.inputs[node] if side.is_beside(source)]
                is_user = "used" in traits and not side.is_beside(node)
                used = tuple((slot, own[root]) for slot, root in roots) if is_user else ()
                found.append(known.setdefault((label, used), len(known)))
            numbers.append(found)
        return numbers[0], numbers[1]

    def _match_cones(self, traits: Collection[Trait]) -> None:
        """Pair nodes whose cones of inputs and uses are equal, then those with either of them."""
        if self._is_done:
            return
        labels = self._labels(traits)
        above = _cones((self.one.inputs, self.two.inputs), labels)
        below = _cones((self.one.uses, self.two.uses), labels, is_reversed=True)
        known: dict[Hashable, int] = {}
        both = [
            [known.setdefault(pair, len(known)) for pair in zip(up, down, strict=True)]
            for up, down in zip(above, below, strict=True)
        ]
        self._pair_equal(*both, in_order=True)
        # A leaf's inputs say nothing of it: it is found by the ops that use it.
        self._pair_equal(*above, skips_leaves=True)
        self._pair_equal(*below)

    def _pair_equal(
        self, one: list[int], two: list[int], *, in_order: bool = False, skips_leaves: bool = False
    ) -> None:
        """Pair nodes whose numbers occur once on each side, and what hangs on them with equal numbers.

        Args:
            in_order: pair also what occurs as often on one side as on the other, the first with the first.
        """
        self._spread(one, two)
        classes: dict[int, tuple[list[int], list[int]]] = {}
        for index, (numbers, taken, side) in enumerate(((one, self.pairs, self.one), (two, self.back, self.two))):
            for node, number in enumerate(numbers):
                if node not in taken and not (skips_leaves and side.is_beside(node)):
                    classes.setdefault(number, ([], []))[index].append(node)
        equal = [pair for pair in classes.values() if len(pair[0]) == len(pair[1])]
        for firsts, seconds in equal:
            if len(firsts) == 1 and firsts[0] not in self.pairs and seconds[0] not in self.back:
                self._add(firsts[0], seconds[0])
                self._spread(one, two, [firsts[0]])
        for firsts, seconds in equal if in_order else ():
            waiting = iter(seconds)
            for first in firsts:
                if first not in self.pairs:
                    second = next((node for node in waiting if node not in self.back), None)
                    if second is not None:
                        self._add(first, second)
                        self._spread(one, two, [first])

    def _spread(self, one: list[int], two: list[int], start: Iterable[int] | None = None) -> None:
        """Go from pairs along the edges, and pair what lies at their other ends where the numbers are equal."""
        stack = list(self.pairs if start is None else start)
        while stack:
            first = stack.pop()
            second = self.pairs[first]
            for ends, others in (
                (self.one.inputs[first], self.two.inputs[second]),
                (self.one.uses[first], self.two.uses[second]),
            ):
                for near, far in self._only_ones(ends, others, one, two):
                    self._add(near, far)
                    stack.append(near)

    def _only_ones(
        self, ends: list[tuple[int, int]], others: list[tuple[int, int]], one: list[int], two: list[int]
    ) -> list[tuple[int, int]]:
        """Return the free nodes at the ends of edges that have the same slot and number, and there are no others."""
        nears: dict[tuple[int, int], set[int]] = {}
        for slot, node in ends:
            if node not in self.pairs:
                nears.setdefault((slot, one[node]), set()).add(node)
        if not nears:
            return []
        fars: dict[tuple[int, int], set[int]] = {}
        for slot, node in others:
            if node not in self.back and (slot, two[node]) in nears:
                fars.setdefault((slot, two[node]), set()).add(node)
        found = {min(nears[key]): min(fars[key]) for key in sorted(fars) if len(nears[key]) == len(fars[key]) == 1}
        # `x * x`: one node at two slots must not be given to two.
        return list({far: (near, far) for near, far in found.items()}.values())

    # -- the order of the run ------------------------------------------------------------------------------------

    def _match_order(self, traits: Collection[Trait]) -> None:
        """Align the ops that are left, between those that are known, as a text diff aligns lines."""
        if self._is_done:
            return
        labels = self._labels(traits)
        trunks = [[node for node in range(len(side)) if not side.is_beside(node)] for side in (self.one, self.two)]
        place = {node: index for index, node in enumerate(trunks[1])}
        known = [
            (index, place[self.pairs[node]])
            for index, node in enumerate(trunks[0])
            if node in self.pairs and self.pairs[node] in place
        ]
        anchors = [known[position] for position in longest_increasing([second for _, second in known])]
        for firsts, seconds in gaps(anchors, len(trunks[0]), len(trunks[1])):
            free = [trunks[0][index] for index in firsts if trunks[0][index] not in self.pairs]
            other = [trunks[1][index] for index in seconds if trunks[1][index] not in self.back]
            for first, second in align([labels[0][node] for node in free], [labels[1][node] for node in other]):
                self._add(free[first], other[second])
        self._spread_sides(*labels)

    def _spread_sides(self, one: list[int], two: list[int]) -> None:
        """Pair the leaves that paired ops use at the same slot, and their views."""
        # Ops of the trunk get numbers here that nothing on the other side has.
        other = max((*one, *two), default=0) + 1
        nears = [number if self.one.is_beside(node) else other + 2 * node for node, number in enumerate(one)]
        fars = [number if self.two.is_beside(node) else other + 2 * node + 1 for node, number in enumerate(two)]
        self._spread(nears, fars)

    # -- names and neighbours ------------------------------------------------------------------------------------

    def _match_names(self) -> None:
        """Pair tensors by their names, where each is the only one of its name."""
        classes: dict[Hashable, tuple[list[int], list[int]]] = {}
        for index, (side, taken) in enumerate(((self.one, self.pairs), (self.two, self.back))):
            for node, facts in enumerate(side.facts):
                if node not in taken and not side.is_op(node) and facts.get("name"):
                    key = side.label(node, ("name",))
                    classes.setdefault(key, ([], []))[index].append(node)
        for firsts, seconds in classes.values():
            if len(firsts) == len(seconds) == 1:
                self._add(firsts[0], seconds[0])

    def _match_neighbours(self) -> None:
        """Pair ops of one kind and module that have an input or a use in common, and are the only such ones."""
        classes: dict[Hashable, tuple[list[int], list[int]]] = {}
        for index, (side, taken) in enumerate(((self.one, self.pairs), (self.two, self.back))):
            for node, facts in enumerate(side.facts):
                if node not in taken and side.is_op(node):
                    key = (side.label(node, ()), facts.get("module"), facts.get("name"))
                    classes.setdefault(key, ([], []))[index].append(node)
        for firsts, seconds in classes.values():
            if len(firsts) == len(seconds) == 1 and self._has_common_neighbour(firsts[0], seconds[0]):
                self._add(firsts[0], seconds[0])

    def _has_common_neighbour(self, first: int, second: int) -> bool:
        for mine, theirs in (
            (self.one.inputs[first], self.two.inputs[second]),
            (self.one.uses[first], self.two.uses[second]),
        ):
            if {self.pairs.get(node) for _, node in mine} & {node for _, node in theirs}:
                return True
        return False


def _cones(
    ends: tuple[list[list[tuple[int, int]]], list[list[tuple[int, int]]]],
    labels: tuple[list[int], list[int]],
    *,
    is_reversed: bool = False,
) -> tuple[list[int], list[int]]:
    """Return for each node a number that stands for its label and all that lies above (or below) it.

    Two nodes, of the same or of both sides, have one number exactly where these are equal.
    """
    known: dict[tuple[int, tuple[tuple[int, int], ...]], int] = {}
    found: list[list[int]] = []
    for edges, own in zip(ends, labels, strict=True):
        numbers = [0] * len(own)
        order: Sequence[int] = range(len(own) - 1, -1, -1) if is_reversed else range(len(own))
        for node in order:
            around = tuple(sorted((slot, numbers[end]) for slot, end in edges[node]))
            numbers[node] = known.setdefault((own[node], around), len(known))
        found.append(numbers)
    return found[0], found[1]
