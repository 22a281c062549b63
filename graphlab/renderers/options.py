"""What a caller may choose about a picture, as one frozen value that every format is handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from graphlab.layout.boxes import Direction
from graphlab.layout.fold import Fold
from graphlab.renderers.palette import ThemeName

if TYPE_CHECKING:
    import networkx

RendererName = Literal["graphlab", "torchviz", "networkx"]


class Choices(TypedDict, total=False):
    """The same as keyword arguments."""

    renderer: RendererName
    theme: ThemeName
    direction: Direction
    scale: float
    fold: Fold
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
    """The depth of module paths at which nodes are drawn as one group; auto: only where there are too many."""
    stage: networkx.MultiDiGraph | None = None
    """A fuller graph whose positions are kept, so that pictures of several moments lie on one another."""
