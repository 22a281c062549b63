"""What a caller may choose about a picture, as one frozen value that every format is handed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from graphlab.layout.boxes import Direction
from graphlab.layout.fold import Fold
from graphlab.renderers.palette import ThemeName
from graphlab.renderers.selection import SHOWN, Focus, Shown

if TYPE_CHECKING:
    import networkx

RendererName = Literal["graphlab", "graphviz", "torchviz", "networkx"]


class Choices(TypedDict, total=False):
    """The same as keyword arguments."""

    renderer: RendererName
    theme: ThemeName
    direction: Direction
    scale: float
    fold: Fold
    opened: Collection[str]
    focus: Focus | None
    hops: int
    show: Collection[Shown]
    stage: networkx.MultiDiGraph | None


@dataclass(frozen=True, slots=True)
class Options:
    """The choices; each format uses those that mean something to it."""

    renderer: RendererName = "graphlab"
    theme: ThemeName = "light"
    direction: Direction = "down"
    scale: float = 2.0
    """Pixels of a png to a point of the page."""
    fold: Fold = "auto"
    """The depth of modules (or functions) at which nodes are drawn as one group; auto: where there are too many."""
    opened: Collection[str] = ()
    """The names of groups, such as modules' paths, that are open in what is folded."""
    focus: Focus | None = None
    """A node, by name or number: only it and what is near is drawn."""
    hops: int = 2
    """How many edges away from `focus` counts as near."""
    show: Collection[Shown] = SHOWN
    """The figures that a picture shows of each node."""
    stage: networkx.MultiDiGraph | None = None
    """A fuller graph whose positions are kept, so that pictures of several moments lie on one another."""
