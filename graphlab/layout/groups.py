"""What belongs together in a graph: a tree of groups, each of which can be drawn as one box or opened.

Rules are plain functions in a list, each from a sketch and a forest to a forest, each safe on any graph, and each can
be left out: `build_groups(graph, rules=[...])`. What a step's groups are called and what they hold does not depend on
the moment. A group is an interval of the order in which ops ran, with what only it uses; so that folding any of them
never makes a cycle.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from graphlab.counted import op_words
from graphlab.language import _
from graphlab.layout.drafts import Draft, Forest, GroupKind, Item, adopt_leaves, flat_places, same_or_new
from graphlab.layout.repeats import Run, find_runs, has_shared_leaf, shares_leaves
from graphlab.layout.sketch import Sketch, sketch_graph

if TYPE_CHECKING:
    import networkx

MOST_ITEMS = 32
"""Members of a group beyond which runs of them become groups, so that opening one never floods the picture."""


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that can be drawn as one."""

    id: str
    """The same at every moment of a step, and in every step with the same graph."""
    name: str
    """A module's path, a function's name, what a block is called, or the first and last op of a run."""
    kind: GroupKind
    members: tuple[int, ...]
    """The numbers of all nodes in it, those of its children too: ops as they ran, then what they use."""
    children: tuple[Group, ...]
    """The groups right inside, as they ran."""
    count: int = 1
    """How many blocks alike it stands for (kinds `repeat` and `steps`)."""
    is_rest: bool = False
    """Whether it counts blocks after the one that is drawn."""
    first: int = 0
    """Of a part of very many blocks: which of them is its first, from 1."""


Rule = Callable[[Sketch, Forest], Forest]


def build_groups(graph: networkx.MultiDiGraph | Sketch, rules: Sequence[Rule] | None = None) -> list[Group]:
    """Return the groups of a graph that are in no other, as they ran; each holds those inside.

    Args:
        graph: of a whole step, that all of its moments have the same groups.
        rules: those to apply, in order (default: RULES).
    """
    sketch = graph if isinstance(graph, Sketch) else sketch_graph(graph)
    forest = _plant(sketch)
    for rule in RULES if rules is None else rules:
        forest = rule(sketch, forest)
    return _finish(sketch, adopt_leaves(sketch, forest))


def title_of(group: Group, classes: Mapping[str, str] | None = None) -> str:
    """Return what a group is called: `encoder.3`, `6 × EncoderLayer`, `5 more × EncoderLayer`, `mm … tanh`.

    Args:
        classes: the class of the module at each path (`recording.facts.modules`).
    """
    if group.kind == "unused":
        return _("{count:,} that nothing uses").format(count=len(group.members))
    if group.kind == "alike":
        return f"{len(group.members):,} × {group.name}"
    if group.count == 1:
        return group.name
    name = class_of(group, classes) or group.name
    if group.first:
        return f"{group.count:,} × {name}, {group.first:,}–{group.first + group.count - 1:,}"
    return (_("{count:,} more × {name}") if group.is_rest else "{count:,} × {name}").format(
        count=group.count, name=name
    )


def with_call(title: str, group: Group, calls: Iterable[str]) -> str:
    """Return a group's title; where all of its ops were made by one call, with that: it says more than the ops.

    Args:
        calls: the call that made each op, or where none is known what autograd calls it.
    """
    (call, *others) = [*dict.fromkeys(calls), ""]
    if call and not any(others) and ("…" in group.name or ", " in group.name):
        return title.replace(group.name, call.rpartition(".")[2])
    return title


def class_of(group: Group, classes: Mapping[str, str] | None = None) -> str:
    """Return the class of a module, or of the modules that a group counts; empty where that is not known."""
    inner = group
    while inner.count > 1 and inner.children:
        inner = inner.children[0]
    return (classes or {}).get(inner.name, "") if inner.kind == "module" else ""


def walk(groups: Iterable[Group]) -> Iterator[Group]:
    """Yield groups and all those inside, each before what is in it."""
    stack = list(groups)[::-1]
    while stack:
        group = stack.pop()
        yield group
        stack.extend(reversed(group.children))


def levels_of(groups: Iterable[Group]) -> list[tuple[Group, int]]:
    """Return all groups with how many others each is inside of."""
    found = []
    stack = [(group, 0) for group in groups]
    while stack:
        group, level = stack.pop()
        found.append((group, level))
        stack.extend((child, level + 1) for child in group.children)
    return found


def outermost(groups: Iterable[Group], closed: Iterable[str]) -> list[Group]:
    """Return those of the closed groups that are inside no other closed one."""
    wanted = set(closed)
    found = []
    stack = list(groups)[::-1]
    while stack:
        group = stack.pop()
        if group.id in wanted:
            found.append(group)
        else:
            stack.extend(reversed(group.children))
    return found


def _plant(sketch: Sketch) -> Forest:
    """Return the ungrouped forest. Results that nothing uses, such as outputs, come last: they join no group."""
    places = range(len(sketch))
    leaves = [place for place in places if sketch.is_leaf(place)]
    ends = [place for place in places if sketch.kinds[place] != "op" and not sketch.users[place]]
    apart = {*leaves, *ends}
    ran = [place for place in places if place not in apart]
    return Forest((*ran, *(place for place in ends if not sketch.is_leaf(place))), tuple(leaves))


# -- rules -------------------------------------------------------------------------------------------------------------


def gather_transposes(sketch: Sketch, forest: Forest) -> Forest:
    """Join a parameter with its transpose, or the views it is seen through, where nothing else uses it."""
    joined: dict[int, Draft] = {}
    gone: set[int] = set()
    for leaf in forest.leaves:
        if not isinstance(leaf, int) or sketch.kinds[leaf] == "data":
            continue
        chain = [leaf]
        while len(users := sketch.users[chain[-1]]) == 1 and sketch.is_view(users[0]):
            chain.append(users[0])
        if len(chain) > 1:
            joined[leaf] = Draft("transpose", "", tuple(chain))
            gone.update(chain[1:])
    items = tuple(item for item in forest.items if item not in gone)
    return Forest(items, tuple(joined.get(leaf, leaf) if isinstance(leaf, int) else leaf for leaf in forest.leaves))


def gather_scopes(sketch: Sketch, forest: Forest) -> Forest:
    """Group what one stay in a module made, modules within modules; without modules by the script's functions."""
    root: list[Item] = []
    open_groups: list[tuple[tuple[str, str, int], list[Item]]] = []

    def close(depth: int) -> None:
        while len(open_groups) > depth:
            (kind, name, _unused), items = open_groups.pop()
            around = open_groups[-1][1] if open_groups else root
            group = Draft("module" if kind == "module" else "function", name, tuple(items))
            only = items[0]
            # Opening a group shall show more than one other group.
            if len(items) == 1 and isinstance(only, Draft) and only.kind == group.kind:
                group = replace(only, name=name) if kind == "module" else only
            around.append(group)

    for item in forest.items:
        scope = sketch.scopes[item] if isinstance(item, int) and sketch.kinds[item] == "op" else ()
        shared = 0
        while shared < min(len(scope), len(open_groups)) and scope[shared] == open_groups[shared][0]:
            shared += 1
        close(shared)
        open_groups.extend((step, []) for step in scope[shared:])
        (open_groups[-1][1] if open_groups else root).append(item)
    close(0)
    return replace(forest, items=tuple(root))


def gather_views(sketch: Sketch, forest: Forest) -> Forest:
    """Join view ops that follow one another, each of which alone takes what the one before made."""

    def join(items: tuple[Item, ...]) -> tuple[Item, ...]:
        joined: list[Item] = []
        chain: list[int] = []
        for item in (*items, None):
            view = item if isinstance(item, int) and sketch.is_view(item) else None
            if view is not None and chain and sketch.users[chain[-1]] == [view] and sketch.inputs[view] == chain[-1:]:
                chain.append(view)
                continue
            joined += [Draft("views", _name_run(sketch, chain), tuple(chain))] if len(chain) > 1 else chain
            chain = [view] if view is not None else []
            if item is not None and view is None:
                joined.append(item)
        return same_or_new(items, joined)

    return replace(forest, items=_each_level(forest.items, join))


def gather_steps(sketch: Sketch, forest: Forest) -> Forest:
    """Group the steps of a loop that go on from one another with the same parameters: a recurrence, unrolled."""
    return _gather_runs_alike(sketch, forest, "steps")


def gather_repeats(sketch: Sketch, forest: Forest) -> Forest:
    """Group blocks of the same structure that follow one another: one can be drawn and the others counted."""
    return _gather_runs_alike(sketch, forest, "repeat")


def gather_long(sketch: Sketch, forest: Forest) -> Forest:
    """Group runs of ops wherever there are too many side by side to be seen at once."""

    def cut(items: tuple[Item, ...]) -> tuple[Item, ...]:
        if len(items) <= MOST_ITEMS:
            return items
        return tuple(
            Draft("run", _name_run(sketch, flat_places(items[start:end])), cut(items[start:end]))
            if end - start > 1
            else items[start]
            for start, end in pairwise(_bounds(sketch, items))
        )

    return replace(forest, items=_each_level(forest.items, cut))


RULES: tuple[Rule, ...] = (
    gather_transposes,
    gather_scopes,
    gather_views,
    gather_steps,
    gather_repeats,
    gather_long,
)
"""All rules, in the order in which they build on one another."""


# -- what rules are made of --------------------------------------------------------------------------------------------


def _each_level(items: tuple[Item, ...], change: Callable[[tuple[Item, ...]], tuple[Item, ...]]) -> tuple[Item, ...]:
    """Apply a change to the members of every group, the innermost first, and to the whole."""
    if all(isinstance(item, int) for item in items):
        return change(items)
    inside = [
        item.holding(_each_level(item.items, change))
        if isinstance(item, Draft) and item.kind not in {"transpose", "views"}
        else item
        for item in items
    ]
    return change(same_or_new(items, inside))


def _gather_runs_alike(sketch: Sketch, forest: Forest, kind: Literal["steps", "repeat"]) -> Forest:
    # The first step of a loop may lack the inputs that come from the step before.
    labels = sketch.loose_labels if kind == "steps" else sketch.labels

    def join(items: tuple[Item, ...]) -> tuple[Item, ...]:
        if len(items) < 2:
            return items
        flat = [[item] if isinstance(item, int) else item.places for item in items]
        if kind == "steps" and not has_shared_leaf(sketch, flat):
            return items
        joined: list[Item] = []
        done = 0
        for run in find_runs(sketch, flat, labels):
            starts = range(run.start, run.end, run.period)
            ops = [[at for member in flat[start : start + run.period] for at in member] for start in starts[:3]]
            is_worth = run.count > 2 or len(ops[0]) > 3
            # The outputs of several backwards are the ends of different parts, and stay where these end.
            is_worth = is_worth and any(sketch.kinds[at] == "op" for at in ops[0])
            if not is_worth or shares_leaves(sketch, ops) != (kind == "steps"):
                continue
            joined += items[done : run.start]
            joined.append(_repeat(sketch, items, run, kind, join))
            done = run.end
        return (*joined, *items[done:]) if joined else items

    return replace(forest, items=_each_level(forest.items, join))


def _repeat(
    sketch: Sketch,
    items: tuple[Item, ...],
    run: Run,
    kind: Literal["steps", "repeat"],
    join: Callable[[tuple[Item, ...]], tuple[Item, ...]],
) -> Draft:
    """Return a run as one group: its first block, and a group that counts the others."""
    blocks: list[Item] = []
    for start in range(run.start, run.end, run.period):
        block = items[start : start + run.period]
        if run.period > 1:
            # There may be repeats within a block, such as two linear layers with a ReLU each.
            block = block if run.is_varied else join(block)
            blocks.append(Draft("block", _name_block(sketch, block, kind), block))
        else:
            blocks.append(block[0])
    name = _name_blocks(sketch, blocks)
    # Two of a kind are simply both.
    inside = (blocks[0], _rest(kind, name, blocks[1:], 2)) if run.count > 2 else tuple(blocks)
    return Draft(kind, name, inside, run.count)


def _rest(
    kind: Literal["steps", "repeat"], name: str, blocks: Sequence[Item], first: int, *, is_part: bool = False
) -> Draft:
    """Return the blocks that are counted as one group; very many of them in runs, through which a gradient is seen."""
    inside = list(blocks)
    if len(blocks) > MOST_ITEMS:
        parts = min(MOST_ITEMS, math.isqrt(len(blocks)))
        bounds = [len(blocks) * part // parts for part in range(parts + 1)]
        inside = [_rest(kind, name, blocks[start:end], first + start, is_part=True) for start, end in pairwise(bounds)]
    return Draft(kind, name, tuple(inside), len(blocks), is_rest=True, first=first if is_part else 0)


def _name_blocks(sketch: Sketch, blocks: Sequence[Item]) -> str:
    first, second = blocks[0], blocks[1]
    if isinstance(first, int) or isinstance(second, int):
        return _name_run(sketch, flat_places([first]))
    if first.name == second.name or first.kind != "module":
        return first.name
    parts, others = first.name.split("."), second.name.split(".")
    pairs = zip(parts, others, strict=False)
    return ".".join(one if one == two else "*" for one, two in pairs)


def _name_block(sketch: Sketch, block: Sequence[Item], kind: Literal["steps", "repeat"]) -> str:
    """Return the modules that each step of a loop goes through, which are the same in all; else the ops."""
    modules = [item.name for item in block if isinstance(item, Draft) and item.kind == "module"]
    if kind == "steps" and modules:
        return _name_words(list(dict.fromkeys(modules)))
    return _name_run(sketch, flat_places(block))


def _name_run(sketch: Sketch, places: Sequence[int]) -> str:
    return _name_words([op_words(sketch.ops[place]) for place in places if sketch.ops[place]])


def _name_words(words: Sequence[str]) -> str:
    if not words:
        return ""
    if len(words) <= 3:
        return ", ".join(words)
    return f"{words[0]} … {words[-1]}"


def _bounds(sketch: Sketch, items: Sequence[Item]) -> list[int]:
    """Return where to cut a long sequence: at about equal distances, where few tensors pass."""
    count = len(items)
    passing = _passing(sketch, items)
    parts = min(MOST_ITEMS, math.isqrt(count))
    size = count / parts
    reach = int(size / 4)
    bounds = [0]
    for number in range(1, parts):
        wish = round(number * size)
        low, high = max(bounds[-1] + 1, wish - reach), min(count - 1, wish + reach)
        if low <= high:
            bounds.append(min(range(low, high + 1), key=lambda at: (passing[at], abs(at - wish), at)))
    return [*bounds, count]


def _passing(sketch: Sketch, items: Sequence[Item]) -> list[int]:
    """Return for each place between members how many ops' results pass it."""
    member_of: dict[int, int] = {}
    for index, item in enumerate(items):
        for place in [item] if isinstance(item, int) else item.places:
            member_of[place] = index
    changes = [0] * (len(items) + 1)
    for place, index in member_of.items():
        last = max((member_of.get(user, index) for user in sketch.users[place]), default=index)
        if last > index:
            changes[index + 1] += 1
            changes[last + 1] -= 1
    passing, now = [], 0
    for change in changes:
        now += change
        passing.append(now)
    return passing


# -- the finished tree -------------------------------------------------------------------------------------------------


def _finish(sketch: Sketch, items: tuple[Item, ...]) -> list[Group]:
    seen: Counter[str] = Counter()
    return [group for item in items if isinstance(item, Draft) for group in _groups(sketch, item, seen)]


def _groups(sketch: Sketch, draft: Draft, seen: Counter[str]) -> list[Group]:
    """Return a draft as a group with those inside; of one node, or of one group alone, only what is inside."""
    places = draft.places
    if len(places) < 2:
        return []
    label = f"{draft.kind}:{draft.name}" + ("+" if draft.is_rest else "")
    seen[label] += 1
    name = f"{label}#{seen[label]}" if seen[label] > 1 else label
    children: list[Group] = []
    for item in draft.items:
        if isinstance(item, Draft):
            children += _groups(sketch, item, seen)
    numbers = tuple(map(sketch.numbers.__getitem__, places))
    if len(children) == 1 and len(children[0].members) == len(places):
        children = list(children[0].children)
    return [Group(name, draft.name, draft.kind, numbers, tuple(children), draft.count, draft.is_rest, draft.first)]
