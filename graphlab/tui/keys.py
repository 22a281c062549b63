"""The one table of keys: bindings, footer, help screen, command palette and docs are made from it.

Free of textual's classes, so that docs and tests read it without starting an app. Every entry has an id, under which a
user can remap it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphlab.language import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that keys do."""

    id: str
    keys: str
    """Textual's names of the keys, separated by commas."""
    shown: str
    """The keys as footer and help write them."""
    action: str
    label: str
    """One or two words, for the footer."""
    help: str
    """What it does, for help, palette and docs."""
    section: str
    where: tuple[str, ...] = ("explorer",)
    footer: int = 0
    """Its place in the footer; where the line is short the highest go first. 0: not in the footer."""


SECTIONS = (_("Move the cursor"), _("Find the way"), _("Look"), _("Panes"), _("Choose"), _("Everything else"))
MOVE, FIND, LOOK, PANES, CHOOSE, REST = SECTIONS
GALLERY = ("gallery",)
STATIC = ("static",)
IMAGE = ("image",)
PICTURED = ("explorer", "static")
EVERYWHERE_BUT_DIALOGS = ("explorer", "gallery", "static")
EVERYWHERE = ("explorer", "gallery", "dialog")

# fmt: off
KEYS: tuple[Key, ...] = (
    Key("record", "enter", "Enter", "enter", _("record"),
        _("record the chosen scenario and open it; open the chosen recording"), CHOOSE, GALLERY, footer=1),
    Key("choose_up", "up,k", "↑ k", "select(-1)", _("choose"),
        _("choose the one above"), CHOOSE, GALLERY),
    Key("choose_down", "down,j", "↓ j", "select(1)", _("choose"),
        _("choose the one below"), CHOOSE, GALLERY),
    Key("choose_page_up", "pageup", "PgUp", "page(-1)", _("page"),
        _("a page up"), CHOOSE, GALLERY),
    Key("choose_page_down", "pagedown", "PgDn", "page(1)", _("page"),
        _("a page down"), CHOOSE, GALLERY),
    Key("choose_first", "home,g", "Home g", "first", _("first"),
        _("choose the first"), CHOOSE, GALLERY),
    Key("choose_last", "end,G", "End G", "last", _("last"),
        _("choose the last"), CHOOSE, GALLERY),
    Key("text_up", "shift+up,K", "Shift+↑ K", "sideways(-1)", _("text"),
        _("scroll the text at the right up"), CHOOSE, GALLERY),
    Key("text_down", "shift+down,J", "Shift+↓ J", "sideways(1)", _("text"),
        _("scroll the text at the right down"), CHOOSE, GALLERY),
    Key("filter", "slash", "/", "find", _("filter"),
        _("only the scenarios in which these words occur"), CHOOSE, GALLERY, footer=5),
    Key("parameters", "p", "p", "parameters", _("parameters"),
        _("change the scenario's parameters before it runs"), CHOOSE, GALLERY, footer=3),
    Key("defaults", "r", "r", "reset", _("defaults"),
        _("take the parameters' defaults back"), CHOOSE, GALLERY, footer=4),
    Key("recordings", "tab", "Tab", "app.focus_next", _("next list"),
        _("from the scenarios to their parameters and to the recordings"), CHOOSE, GALLERY, footer=2),
    Key("leave", "escape", "Esc", "release", _("back"),
        _("out of the filter, out of the parameters, back to the explorer"), CHOOSE, GALLERY, footer=6),
    Key("next", "right,l", "→ l", "next", _("next"),
        _("the next stop: a line, an op or an event, as the stride says"), MOVE, footer=1),
    Key("previous", "left,h", "← h", "previous", _("back"),
        _("the stop before"), MOVE, footer=1),
    Key("stride", "s", "s", "stride", _("stride"),
        _("what a step is: a line (in a backward a node), an op, or every event"), MOVE, footer=12),
    Key("phase_next", "full_stop", ".", "phase(1)", _("phase"),
        _("the next phase or chapter"), MOVE, footer=4),
    Key("phase_previous", "comma", ",", "phase(-1)", _("phase"),
        _("the phase or chapter before"), MOVE, footer=4),
    Key("step_next", "right_square_bracket,right_parenthesis", "] )", "training_step(1)", _("step"),
        _("the same place in the next training step"), MOVE, footer=3),
    Key("step_previous", "left_square_bracket,left_parenthesis", "[ (", "training_step(-1)", _("step"),
        _("the same place in the training step before"), MOVE, footer=3),
    Key("first", "home,g", "Home g", "first", _("start"),
        _("before the first event"), MOVE, footer=13),
    Key("last", "end,G", "End G", "last", _("end"),
        _("after the last event"), MOVE, footer=13),
    Key("play", "space", "Space", "play", _("play"),
        _("play, pause; at the end it starts again"), MOVE, footer=2),
    Key("go_to", "colon", ":", "go_to", _("go to"),
        _("go to e120 (event), s45 (step), L12 (line), bwd (a phase) or a name"), FIND, footer=6),
    Key("find", "slash", "/", "find", _("find"),
        _("find by name, op, module, shape, line, gradient or value"), FIND, footer=5),
    Key("match_next", "n", "n", "match(1)", _("next match"),
        _("the next match of the search"), FIND),
    Key("match_previous", "N", "N", "match(-1)", _("last match"),
        _("the match before"), FIND),
    Key("compare", "D", "D", "compare", _("compare"),
        _("compare this step with another step, recording or exported graph; again: the list of what differs"), FIND),
    Key("check", "c", "c", "check", _("check"),
        _("what is, or may be, wrong with the run: the list of findings; Enter goes to the chosen "
          "one"), FIND, footer=5),
    Key("where_made", "d", "d", "where_made", _("where made"),
        _("where the selected value was made, through views"), FIND, footer=8),
    Key("next_use", "u", "u", "next_use", _("next use"),
        _("the next use of the selected value, or where its gradient comes"), FIND, footer=9),
    Key("jump_back", "backspace", "Backspace", "jump_back", _("back"),
        _("back to where the last jump began"), FIND),
    Key("enter", "enter", "Enter", "enter", _("go there"),
        _("move the cursor to what is selected"), FIND),
    Key("select_up", "up,k", "↑ k", "select(-1)", _("select"),
        _("select the row above; in the boxes go up, along a line to an input"), LOOK),
    Key("select_down", "down,j", "↓ j", "select(1)", _("select"),
        _("select the row below; in the boxes go down, along a line to a user"), LOOK),
    Key("page_up", "pageup", "PgUp", "page(-1)", _("page"),
        _("a page up"), LOOK),
    Key("page_down", "pagedown", "PgDn", "page(1)", _("page"),
        _("a page down"), LOOK),
    Key("sideways_left", "shift+left,H", "Shift+← H", "sideways(-1)", _("sideways"),
        _("sideways; in the lanes to the edges into the selected node, in the boxes to the one "
          "beside (turned: an input)"),
        LOOK, PICTURED),
    Key("sideways_right", "shift+right,L", "Shift+→ L", "sideways(1)", _("sideways"),
        _("sideways; in the lanes to the edges into the selected node, in the boxes to the one "
          "beside (turned: a user)"),
        LOOK, PICTURED),
    Key("pan_up", "shift+up,K", "Shift+↑ K", "pan(0,-1)", _("pan"),
        _("move the view up; the selection stays"), LOOK, PICTURED),
    Key("pan_down", "shift+down,J", "Shift+↓ J", "pan(0,1)", _("pan"),
        _("move the view down"), LOOK, PICTURED),
    Key("pan_left", "less_than_sign", "<", "pan(-1,0)", _("pan"),
        _("move the view to the left"), LOOK, PICTURED),
    Key("pan_right", "greater_than_sign", ">", "pan(1,0)", _("pan"),
        _("move the view to the right"), LOOK, PICTURED),
    Key("nearer", "plus,equals_sign", "+", "nearer(1)", _("nearer"),
        _("see the boxes from nearer: a sign, a line, the whole box"), LOOK, PICTURED),
    Key("farther", "minus,underscore", "−", "nearer(-1)", _("farther"),
        _("see the boxes from farther"), LOOK, PICTURED),
    Key("turn", "b", "b", "turn", _("turn"),
        _("turn the boxes: from left to right, so that Shift+← → go along the lines, or from top to bottom"),
        LOOK, PICTURED, footer=15),
    Key("fold", "f", "f", "fold", _("fold"),
        _("fold, unfold the group of the selected node, in the lanes its module; a folded one opens one level"),
        LOOK, footer=14),
    Key("fold_all", "F", "F", "fold_all", _("fold all"),
        _("fold, unfold all groups (in the lanes all modules)"), LOOK),
    Key("columns", "C", "C", "columns", _("columns"),
        _("choose the columns of the lanes, and what they are sorted by"), LOOK),
    Key("sort", "S", "S", "sort", _("sort"),
        _("sort the lanes by the column that was sorted by last (first the gradient), and back to "
          "the order they ran in"),
        LOOK),
    Key("show_as", "x", "x", "show_as", _("numbers"),
        _("a tensor as heat map, numbers or histogram"), LOOK, footer=11),
    Key("mark", "m", "m", "mark", _("mark"),
        _("mark the selected node; a second mark lights the ways between them, a third takes both away"), LOOK),
    Key("copy", "y", "y", "copy", _("copy"),
        _("copy the selected value or line, with its permalink"), LOOK),
    Key("pane_1", "1", "1", "pane(1)", _("source"),
        _("the source"), PANES),
    Key("pane_2", "2", "2", "pane(2)", _("graph"),
        _("the graph"), PANES),
    Key("pane_3", "3", "3", "pane(3)", _("inspector"),
        _("the inspector"), PANES),
    Key("pane_4", "4", "4", "pane(4)", _("timeline"),
        _("the timeline"), PANES),
    Key("pane_5", "5", "5", "pane(5)", _("training"),
        _("the training view; again to put it away"), PANES, footer=7),
    Key("zoom", "z", "z", "zoom", _("zoom"),
        _("the pane alone on the screen, and back (Esc too)"), PANES, footer=10),
    Key("view", "v", "v", "view", _("view"),
        _("the pane's other view: boxes or lanes, curve or table, a node, its rule, paths, Jacobian"),
        PANES, PICTURED, footer=11),
    Key("release", "escape", "Esc", "release", _("let go"),
        _("leave the zoom, then let go of the selection and the marks"), PANES),
    Key("static", "w", "w", "static", _("static"),
        _("the static graphs of the same code beside this one: torch.fx, torch.export, "
          "torch.compile, a whole step"), REST,
        footer=13),
    Key("static_up", "up,k", "↑ k", "select(-1)", _("select"),
        _("select the node above; what is the same in the other graph is lit"), CHOOSE, STATIC),
    Key("static_down", "down,j", "↓ j", "select(1)", _("select"),
        _("select the node below"), CHOOSE, STATIC, footer=1),
    Key("static_page_up", "pageup", "PgUp", "page(-1)", _("page"),
        _("a page up"), CHOOSE, STATIC),
    Key("static_page_down", "pagedown", "PgDn", "page(1)", _("page"),
        _("a page down"), CHOOSE, STATIC),
    Key("static_side", "tab", "Tab", "side", _("other side"),
        _("the other graph, then the words"), CHOOSE, STATIC, footer=3),
    Key("static_tracer", "full_stop", ".", "tracer(1)", _("next tracer"),
        _("the next tracer's graph"), CHOOSE, STATIC, footer=2),
    Key("static_tracer_back", "comma", ",", "tracer(-1)", _("last tracer"),
        _("the graph of the tracer before"), CHOOSE, STATIC),
    Key("static_enter", "enter", "Enter", "enter", _("go there"),
        _("back to the explorer, to the event that made the node"), CHOOSE, STATIC, footer=4),
    Key("static_leave", "escape,w", "Esc w", "leave", _("back"),
        _("back to the explorer"), CHOOSE, STATIC, footer=5),
    Key("replay", "r", "r", "replay", _("in full"),
        _("record this step in full, where it is light: the script runs again in the background; "
          "again stops it"), REST),
    Key("verify", "V", "V", "verify", _("verify"),
        _("check the selected leaf's gradient with central differences: the script runs again in 64 bits"), REST),
    Key("quiz", "p", "p", "quiz", _("predict"),
        _("predict, then look: questions about this run, each asked just before its answer"), REST, footer=15),
    Key("export", "e", "e", "export", _("export"),
        _("save a picture or the data of this moment's graph"), REST, footer=9),
    Key("image", "i", "i", "app.graph_image", _("picture"),
        _("the picture of this moment's graph, pixel by pixel, where the terminal can show pictures"), REST, footer=16),
    Key("image_up", "up,k", "↑ k", "pan(0,-1)", _("up"),
        _("move the view up"), CHOOSE, IMAGE),
    Key("image_down", "down,j", "↓ j", "pan(0,1)", _("down"),
        _("move the view down"), CHOOSE, IMAGE, footer=1),
    Key("image_left", "left,h", "← h", "pan(-1,0)", _("left"),
        _("move the view to the left"), CHOOSE, IMAGE),
    Key("image_right", "right,l", "→ l", "pan(1,0)", _("right"),
        _("move the view to the right"), CHOOSE, IMAGE, footer=2),
    Key("image_page_up", "pageup", "PgUp", "page(-1)", _("page"),
        _("a page up"), CHOOSE, IMAGE),
    Key("image_page_down", "pagedown,space", "PgDn", "page(1)", _("page"),
        _("a page down"), CHOOSE, IMAGE, footer=6),
    Key("image_first", "home,g", "Home g", "edge(-1)", _("start"),
        _("the upper end of the picture"), CHOOSE, IMAGE),
    Key("image_last", "end,G", "End G", "edge(1)", _("end"),
        _("the lower end of the picture"), CHOOSE, IMAGE),
    Key("image_nearer", "plus,equals_sign", "+", "nearer(1)", _("nearer"),
        _("zoom in"), CHOOSE, IMAGE, footer=3),
    Key("image_farther", "minus,underscore", "−", "nearer(-1)", _("farther"),
        _("zoom out"), CHOOSE, IMAGE, footer=3),
    Key("image_export", "e", "e", "export", _("export"),
        _("save a picture or the data of this moment's graph"), CHOOSE, IMAGE, footer=5),
    Key("image_leave", "escape,i", "Esc i", "leave", _("back"),
        _("back to the explorer"), CHOOSE, IMAGE, footer=4),
    Key("gallery", "o", "o", "gallery", _("gallery"),
        _("the gallery of scenarios and recordings"), REST, footer=12),
    Key("theme", "t", "t", "app.next_theme", _("theme"),
        _("the next theme: dark, light, colour-blind safe, the terminal's own"), REST, EVERYWHERE_BUT_DIALOGS),
    Key("help", "question_mark,f1", "? F1", "help", _("Help"),
        _("this list"), REST, (*EVERYWHERE_BUT_DIALOGS, *IMAGE), footer=1),
    Key("quit", "q", "q", "app.quit", _("Quit"),
        _("leave"), REST, (*EVERYWHERE_BUT_DIALOGS, *IMAGE), footer=2),
)
# fmt: on


def keys_of(where: str) -> list[Key]:
    """Return the keys that work on a screen."""
    return [key for key in KEYS if where in key.where]


def bindings_of(where: str, leave_out: Iterable[str] = ()) -> list[Binding]:
    """Return textual's bindings of a screen; actions are looked up there first, then in the app."""
    from textual.binding import Binding

    skipped = set(leave_out)
    return [
        Binding(
            key.keys, key.action, key.label, show=bool(key.footer), key_display=key.shown, tooltip=key.help, id=key.id
        )
        for key in keys_of(where)
        if key.id not in skipped
    ]


_CHARACTERS = {
    "]": "right_square_bracket",
    "[": "left_square_bracket",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    ".": "full_stop",
    ",": "comma",
    ":": "colon",
    "/": "slash",
    "?": "question_mark",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "_": "underscore",
    "␣": "space",
    "→": "right",
    "←": "left",
    "↑": "up",
    "↓": "down",
    "esc": "escape",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "return": "enter",
}


def key_name(word: str) -> str:
    """Return textual's name of a key that a person wrote: `]` is `right_square_bracket`, `Shift+←` is `shift+left`."""
    if len(word) == 1:
        return _CHARACTERS.get(word, word)
    *modifiers, key = word.lower().split("+")
    return "+".join((*modifiers, _CHARACTERS.get(key, key)))


def is_key(name: str) -> bool:
    """Whether textual knows a key by this name."""
    from textual.keys import Keys

    key = name.rpartition("+")[2]
    if len(key) == 1 or key in _CHARACTERS.values() or {name, key} & {known.value for known in Keys}:
        return True
    try:  # textual calls every other sign as Unicode does
        return bool(unicodedata.lookup(key.replace("_", " ")))
    except KeyError:
        return False
