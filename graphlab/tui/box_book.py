"""The boxes of a recording's steps as somebody wants to see them: from how near, and which groups are open.

What belongs together comes from `layout.groups`. A graph of few nodes opens with all of its boxes; of a large one the
groups are closed until it can be read, and are opened one at a time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from graphlab.tui import messages
from graphlab.tui.box_plan import BoxPlan, plan_boxes
from graphlab.tui.box_text import ZOOMS, BoxGroup, Zoom

if TYPE_CHECKING:
    from graphlab.layout.boxes import Direction
    from graphlab.tui.box_groups import GroupTree
    from graphlab.tui.grouping import Grouping
    from graphlab.tui.state import ExplorerState

MOST_OPEN = 120
"""Nodes beyond which a graph is first shown with groups closed."""
MOST_BOXES = 1_500
"""Boxes beyond which they are not laid out: it would take more than a second, and nobody could read them."""
MOST_AT_ONCE = 400
"""Boxes that are opened together; one group after the other can be opened beyond it."""
MOST_NODES = 200_000
"""Nodes beyond which what belongs together takes too long to find, and too much memory."""


class BoxBook:
    """What a person chose for the boxes, and where that puts them."""

    def __init__(self, state: ExplorerState) -> None:
        self.state = state
        self.zoom: Zoom = "full"
        self.direction: Direction = "down"
        self.version = 0
        """Grows whenever boxes change places because a person asked for it."""
        self.has_large = False
        """Whether a person asked for boxes where there are very many nodes: finding their groups takes a moment."""
        self.opened: frozenset[str] | None = None
        """The groups that a person left open; None: as many as can be read."""
        self._planned = lru_cache(8)(self._plan)
        self._trees = lru_cache(4)(self._tree)
        self._grouping: Grouping | None = None

    # -- where boxes stand -----------------------------------------------------------------------------------------

    def plan(self) -> BoxPlan | None:
        """Return where the boxes of the cursor's step stand; None where there are none, too many, or none yet."""
        step = self.state.step
        if step is None or not self._can_be_grouped(step.step):
            return None
        if self.tree() is None if self.state.is_large else not self.state.recording.structure(step.step).nodes:
            return None
        return self._planned(step.step, step.last, self.zoom, self.direction, self.opened, self.state.last)

    def _plan(
        self, step: int, last: int, zoom: Zoom, direction: Direction, opened: frozenset[str] | None, count: int
    ) -> BoxPlan | None:
        tree = self.tree() if self.state.is_large else None
        structure = self.state.recording.structure(step) if tree is None else tree.structure
        groups: list[BoxGroup] = []
        if opened is not None or len(structure.nodes) > MOST_OPEN:
            tree = self._trees(step, count) if tree is None else tree
            opened = tree.first if opened is None else opened
            if tree.count(opened) > MOST_BOXES:
                return None
            groups = tree.closed(opened)
        return plan_boxes(self.state, structure, last, zoom, groups, direction)

    def _tree(self, step: int, count: int) -> GroupTree:
        from graphlab.tui.box_groups import GroupTree

        return GroupTree(self.state.recording, step)

    def tree(self) -> GroupTree | None:
        """Return what belongs together in the cursor's step; None where there is nothing, too much, or nothing yet."""
        state, step = self.state, self.state.step
        if step is None or not self._can_be_grouped(step.step):
            return None
        if state.is_large and state.recording.path is not None:
            if self._grouping is None:
                from graphlab.tui.grouping import Grouping

                self._grouping = Grouping(state.recording.path)
            return self._grouping.tree(state.recording, step.step, len(state.recording.packed(step.step)))
        return self._trees(step.step, state.last)

    @property
    def is_grouping(self) -> bool:
        """Whether it is still being found what belongs together in a large graph."""
        return self._grouping is not None and self._grouping.is_busy

    def take_owed(self) -> bool:
        """Return whether boxes are owed to whoever asked last, and so shall ask again; a word said once."""
        return self._grouping is not None and self._grouping.take_owed()

    def _can_be_grouped(self, step: int) -> bool:
        if not self.state.is_large:
            return True
        return self.has_large and len(self.state.recording.packed(step)) <= MOST_NODES

    def has_folded(self) -> bool:
        """Whether any box is a folded group."""
        plan = self.plan()
        return plan is not None and len(plan.items) < len(plan.index)

    def title(self) -> str:
        """Return what the pane's title says of the boxes."""
        plan = self.plan()
        if plan is None or not self.has_folded():
            return ""
        return messages.NODES_IN_BOXES.format(nodes=f"{len(plan.index):,}", boxes=f"{len(plan.items):,}")

    # -- from how near ---------------------------------------------------------------------------------------------

    def zoom_by(self, direction: int) -> None:
        """Look from nearer (1) or from farther (-1)."""
        place = ZOOMS.index(self.zoom) - direction
        if not 0 <= place < len(ZOOMS):
            self.state.tell(messages.ZOOM_END[direction > 0])
            return
        self.zoom = ZOOMS[place]
        self.version += 1
        self.state.tell(messages.ZOOM_IS[self.zoom])

    def turn(self) -> None:
        """Let the forward run from left to right, or from top to bottom again."""
        self.direction = "down" if self.direction == "right" else "right"
        self.version += 1
        self.state.tell(messages.DIRECTION_IS[self.direction])

    # -- folding ---------------------------------------------------------------------------------------------------

    def fold(self) -> None:
        """Open the folded box that is looked at, or close the smallest open group around the node."""
        node, plan = self.state.selected_node, self.plan()
        item = plan.item(node) if plan is not None else None
        tree, opened = self._opened()
        if node is None or item is None or tree is None:
            self.state.tell(messages.NO_SELECTION)
            return
        if item.group is not None:
            self._open(tree, opened | {item.group.key}, messages.OPENED.format(name=item.group.name))
            return
        key = tree.innermost(node, opened)
        if key is None:
            self.state.tell(messages.NO_GROUP)
        else:
            self._open(tree, opened - {key}, messages.CLOSED.format(name=tree.title(key)))

    def fold_all(self) -> None:
        """Close all groups; where all are closed, open what can be read."""
        tree, opened = self._opened()
        if tree is None:
            return
        if not tree.all:
            self.state.tell(messages.NO_GROUPS)
        elif opened & {group.id for group in tree.roots}:
            self._open(tree, frozenset(), messages.ALL_CLOSED)
        elif tree.count(tree.all) <= MOST_AT_ONCE:
            self._open(tree, tree.all, messages.ALL_OPEN)
        else:
            self._open(tree, tree.first, messages.FIRST_OPEN)

    def _opened(self) -> tuple[GroupTree | None, frozenset[str]]:
        tree = self.tree()
        if tree is None:
            return None, frozenset()
        if self.opened is not None:
            return tree, self.opened
        return tree, tree.first if len(tree.structure.nodes) > MOST_OPEN else tree.all

    def _open(self, tree: GroupTree, opened: frozenset[str], said: str) -> None:
        if tree.count(opened) > MOST_BOXES:
            self.state.tell(messages.TOO_MANY_OPEN.format(most=MOST_BOXES))
            return
        self.opened = opened
        self.version += 1
        self.state.tell(said)

    def worst(self, group: BoxGroup) -> float | None:
        """Return the worst gradient inside a group at the cursor."""
        tree = self.tree()
        return tree.worst(group, self.state.moment) if tree is not None else None
