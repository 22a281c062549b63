"""Every text of the explorer that a person reads, but for the sentences about events and the help of the keys.

In one place, so that the words stay the same everywhere and can be translated.
"""

from __future__ import annotations

from graphlab.language import _, plural

APP = "graphlab"

TITLES = {
    "source": _("Source"),
    "graph": _("Graph"),
    "inspector": _("Inspector"),
    "timeline": _("Timeline"),
    "training": _("Training"),
}
PHASES = {
    "setup": _("SETUP"),
    "forward": _("FORWARD"),
    "backward": _("BACKWARD"),
    "update": _("UPDATE"),
    "between": _("BETWEEN"),
    "after": _("AFTER"),
}
STRIDES = {"line": _("lines and nodes"), "op": _("ops"), "event": _("every event")}

EDITED_SINCE = _("{file} (as it ran: edited since)")
LEGEND_SOURCE = _("▷ just ran  ▶ next")
LEGEND_BACKWARD = _("◀ differentiating  ▷ just ran  ▶ next")
LEGEND_GRAPH = _("◉ now  ● made  ✓ ∇ came  ○ to come")
LEGEND_GRAPH_BACK = _("◉ now  ✓ ∇ came  ◐ waits for a branch  ● to come")
LEGEND_BOXES = _("━ now  ─ made  ╌ to come  ∇ gradient  v: lanes")
LEGEND_BOXES_BACK = _("━ now  ✓ ∇ came  ◐ waits for a branch  v: lanes")
LEGEND_INSPECTOR = "v: {view}"
INSPECTOR_VIEWS = {"node": _("node"), "rule": _("local rule"), "paths": _("paths"), "jacobian": _("Jacobian")}
RULE_FORWARD = _("local rule, used in backward")
RULE_BACKWARD = _("local rule")
RULE_DIFFERS = _("DIFFERS")
RULE_ERROR = _("error {error}")
RULE_EXACT = _("exact")
MADE_BY_BACKWARD = _("second order: made by the backward of {name}")
BACKWARD_MADE = _("second order: its backward made {names}")
RULE_RAN = _("ran backwards at e{event}")
RULE_NOT_RUN = _("has not run backwards yet: no numbers yet")
RULE_GRAD = "{name}.grad"
NO_RULE_HERE = _("data: no gradient goes through it")
NONE_CAME = _("None")
SKIPPED = _("skipped: it needs no gradient")
SUMMANDS = _("gradient: the sum of {count}")
MORE_SUMMANDS = _("… {count} more")
SUMMAND_WAITS = _("not yet")
CAME_OF = _("{came} of {count}")
PATHS_BY = {
    "path": plural("{count} path from the loss", "{count} paths from the loss"),
    "module": plural("{count} path, by module", "{count} paths, by the modules that they run through"),
    "function": plural("{count} path, by function", "{count} paths, by the functions that they run through"),
    "line": plural("{count} path, by line", "{count} paths, by the lines that they run through"),
}
PATHS_SUM = _("their sum is the gradient: error {error}")
PATHS_OF_LEAVES = _("paths are of a parameter or a leaf: select one")
FOLLOWING_PATHS = _("the graph is large: its paths are being followed …")
NO_BACKWARD_YET = _("no backward of this step has begun yet")
JACOBIAN_OF_OPS = _("a Jacobian is of an op that a gradient runs through: select one")
JACOBIAN_RANK = _("{rows} × {columns}, rank {rank}; singular values {values}")
JACOBIAN_NOT_FINITE = _("it is not finite: no rank")
MEASURED = _("checked with central differences: error {error}, of autograd in 64 bits {exact}")
VERIFYING = _("checking {name}'s gradient (V stops)")
VERIFY_BEGINS = _("the script runs again in 64 bits in the background, with numbers of {name} moved a little")
VERIFY_LEAVES = _("select a parameter or a leaf: what an op does, its local rule checks (v in the inspector)")
VERIFY_NO_BACKWARD = _("no backward of this step has begun yet: there is no gradient to check")
VERIFY_NOTHING = _("its gradient could not be checked: it does not take part in that backward")
VERIFIED = (
    _("{name}'s gradient DIFFERS from central differences: relative error {error}"),
    _("{name}'s gradient agrees with central differences: relative error {error}"),
)
STANDINGS = {
    "ran": _("has run"),
    "ready": _("has its whole upstream gradient: may run"),
    "waits": _("waits for a branch"),
    "untouched": _("nothing has come to it yet"),
}
LEGEND_FOLDED = _("━ now  ─ made  ╌ to come  ═ folded (f opens)  v: lanes")
LEGENDS_SHORT_BACK = _("✓ ∇ came  ◐ waits")
LEGENDS_SHORT = {"lanes": _("◉ now  ✓ ∇ came"), "boxes": _("━ now  ╌ to come")}
VIEWS = {"lanes": _("lanes"), "boxes": _("boxes")}
LEGEND_TIMELINE = _("stops at {stride} (s)")

NOT_AT_END = _("not at end (End)")
NOT_AT_END_SHORT = _("not at end")
RUNNING = _("running")
PAUSED = _("paused")
PLAYING = _("playing")
TOO_SMALL = _("graphlab needs 60x16; this terminal has {width}x{height}")
NOTHING_YET = _("nothing has been recorded yet")
NOTHING_RAN = _("nothing has run yet: → takes the first step")
LANES_SORTED = _("sorted by {column} (no lanes)")
LANES_FOLDED = _("folded")
SORTED_BY = _("sorted by {column}: S goes back to the order in which it ran")
NOT_SORTED = _("in the order in which it ran")
NO_MODULE = _("what is selected belongs to no module")
NO_MODULES = _("nothing here was made by a module: there is nothing to fold")
NO_GROUP = _("what is selected is in no group")
NO_GROUPS = _("nothing here belongs together: there is nothing to fold")
OPENED = _("{name} is open: f on a node in it closes it")
CLOSED = _("{name} is closed: f opens it")
ALL_CLOSED = _("all groups are closed: f opens one, F all that can be read")
ALL_OPEN = _("all groups are open: F closes them")
FIRST_OPEN = _("as many groups are open as can be read")
TOO_MANY_OPEN = _("that would be more than {most} boxes: f on another node closes its group first")
NODES_IN_BOXES = _("{nodes} nodes in {boxes} boxes")
BLOCKS = "{count} × {name}"
FROM_TO = "{first} … {last}"
BLOCK_OF = _("{index} of {count}: {name}")
TRANSPOSED = "{name}.t()"
GROUP_LEAVES = plural("{count} param of {size}", "{count} params of {size}")
GROUP_NODES = plural("{count} node", "{count} nodes")
MAP = _("map")
ZOOM_IS = {"full": _("whole boxes"), "line": _("a line a box: + shows more"), "dot": _("a sign a box: + shows more")}
ZOOM_END = (_("this is the farthest"), _("this is the nearest"))
NO_INPUT = {
    "down": _("nothing flows into it: Shift+← → go to the box beside"),
    "right": _("nothing flows into it: ↑ ↓ go to the box beside"),
}
NO_USER = {
    "down": _("nothing uses it: Shift+← → go to the box beside"),
    "right": _("nothing uses it: ↑ ↓ go to the box beside"),
}
DIRECTION_IS = {
    "down": _("the boxes run from top to bottom: ↑ ↓ go along the lines"),
    "right": _("the boxes run from left to right: Shift+← → go along the lines"),
}
ONLY_BOXES_TURN = _("only boxes turn: v shows them")
NOTHING_BESIDE = _("nothing stands there: < > and Shift+↑ ↓ move the view")
GROUP_PARAMETERS = _("{count} params of {size}")
COLUMNS_TITLE = _("Columns of the lanes")
COLUMNS_LEGEND = _("␣ show  s sort  Esc")
NO_GRAPH = _("no graph yet: it appears with the first op on a tensor that needs a gradient")
NO_SELECTION = _("nothing is selected: ↑ ↓ select")
NOT_MADE = _("not made yet")
NONE_YET = _("none yet")
BRIEF_GRADIENT = _("‖∇‖ {norm} into {name}")
BRIEF_ADDED = _("‖∇‖ {norm} added to {name}.grad")
NONE_YET_ARRIVES = _("none yet: arrives at e{event}  (u jumps)")
CLEARED = _("cleared at e{event}")
NO_GRADIENT_NEEDED = _("needs no gradient")
NOT_KEPT = _("values were not kept")
NO_STEPS = _("no training step has ended yet")

RECORDER_DIED = _("the run ended without closing its recording: what it had written is here")
RUN_CUT_OFF = _("{said}; what it had recorded is here")
RUN_FAILED = _("the script raised {error}: its recording is kept, End shows where")
RUN_INTERRUPTED = _("the run was interrupted: its recording is kept")
RECORDING_GONE = _("the recording cannot be read any more: {reason}")
COPIED = _("copied: {text}")
NOTHING_TO_COPY = _("nothing here to copy")
NO_MATCH = _("nothing matches {text!r}")
MATCHES = plural("{count:,} match", "{count:,} matches")
MATCH_OF = _("match {place:,} of {count:,}")
MATCH_IS = _("match {place:,} of {count:,}: {why}")
NO_SUCH_PLACE = _("there is no {text!r}: try e12, s3, L9, bwd, or a name")
NO_SUCH_EVENT = _("there is no event e{event}: the recording has e0 to e{last}")
NO_SUCH_STEP = _("there is no step {step}: the recording has {last}")
NO_SUCH_LINE = _("line {line} did not run")
NO_SUCH_PHASE = _("no {phase} phase from here on")
REPLAYING = _("recording step {step} in full (r stops)")
REPLAY_BEGINS = _("the script runs again in the background, to record step {step} in full")
REPLAY_STOPPED = _("stopped")
REPLAYED = _("step {step} in full, from another run of the script that had the same losses: {path}")
REPLAY_LATER = _("the run still goes on: a step can be recorded in full when it has ended")
PARTED = _("the two runs part")
STEP_IS_FULL = _("step {step} is recorded in full")
NO_ORIGIN = _("the recording does not say how its script was run, so it cannot run again")
NOT_IN_LIGHT = _("not kept in light detail: r records this step in full")
LIGHT = _("light")
RECORDINGS = {"full": _("full recording"), "light": _("light recording")}
NO_JUMP = _("no jump to go back from")
NO_USE = _("nothing uses it after this moment")
NOT_KNOWN_WHERE = _("it is not known where that was made")
MARKED_ONE = _("marked {name}: m on another node lights the path between")
MARKED_TWO = _("the path between the marks: {count} nodes (m again takes the marks away)")
MARKS_GONE = _("the marks are gone")
NO_PATH = _("no path joins the marks")
STRIDE_IS = _("a step is now: {stride}")
AT_START = _("this is the start")
AT_END = _("this is the end")

GO_TO_HINT = _("e120 event · s45 step · L12 line · bwd phase · or a name")
FIND_HINT = _("relu · name:W_h · grad:nan · |grad|>100")
FIND_HELP = _(
    "Words of names, ops, modules and lines; op: name: module: shape:[20,*] line: file: kind: dtype: · "
    "grad:0 grad:none grad:nan grad:inf value:0 value:nan value:inf · |grad|>100 |value|<1e-6 · nan inf. "
    "All must hold; -term excludes; quotes hold words together."
)
FIND_KEYS = _("{count}↑ ↓ · Enter · Esc")
STEP_SHORT = _("step {step:<5} ")

COMPARE_TITLE = _("Compare step {step} with")
COMPARE_HINT = _("s3 · other.glab · other.glab s3 · golden.json")
COMPARE_KEYS = _("↑ ↓ · Enter · Esc")
COMPARE_HELP = _(
    "Another step of this run (s3), another recording (other.glab, or other.glab s3), or a graph that "
    "`graphlab export` wrote (golden.json)."
)
COMPARE_STEP = _("step {step} of this run")
COMPARE_RECORDING = _("another recording")
COMPARE_IS_STEP = _("step {step}")
COMPARE_IS_FILE = _("{name} step {step}")
COMPARE_EQUAL = _("the graphs are equal")
COMPARE_ELSEWHERE = _("only {name} has it")
COMPARE_TOO_LARGE = _("`graphlab diff` compares graphs of more than {most:,} nodes; here the numbers of two runs are")
CHANGES_TITLE = _("{name} -> step {step}   {summary}")
CHANGES_LEGEND = _("+ here alone  - there alone  ~ changed  = renamed   ↑ ↓ Enter v numbers D Esc")
RUNS_TITLE = _("A {a}   B {b} (this run)   numbers")
RUNS_KEYS = _("↑ ↓ Enter: there · o: there in A · ← → curve · v graphs · Esc")
RUNS_ONLY_RUNS = _("the numbers of two recordings are compared: choose one with D")
RUNS_LIST = _("first parts at")
RUNS_EQUAL = _("nowhere: all that was recorded of both is the same")
RUNS_FIRST = _("bit for bit: {place}")
RUNS_BEYOND = _("beyond the tolerance: {place}")
RUNS_LOSS = _("loss")
RUNS_GRADIENTS = _("gradient norm of all parameters")
RUNS_GRADIENT = _("gradient norm of {name}")
RUNS_DISTANCE = _("relative distance")
RUNS_LOG = _("{name}, log")
RUNS_LEGEND = _("line A  × B where it is apart  ┊ │ not the same, beyond the tolerance")
RUNS_DISTANCE_LEGEND = _("of A and B")

EXPORT_TITLE = _("Export this moment's graph")
EXPORT_DONE = _("saved {path}")
HELP_TITLE = _("Keys")
HELP_NOTE = _("Shift+drag selects text with the mouse. Ctrl+P opens the palette with every action. Esc closes this.")
CURSOR_NOTE = _(
    "Moment k means: the events 1 to k have happened, and every value shown is the one after event k. "
    "▷ is the line that just ran, ▶ the next one; during a backward ◀ is the forward line being differentiated."
)

# -- values ------------------------------------------------------------------------------------------------------

NO_ELEMENTS = _("no elements")
MINIMUM, MAXIMUM, MEAN, NORM, ZEROS, NANS, INFINITIES = (
    _("min"),
    _("max"),
    _("mean"),
    _("norm"),
    _("zeros"),
    _("nan"),
    _("inf"),
)
SAMPLE = _("sample of {kept} of {size}")
AS_ROW = _("as a row")
CROWDED = _("largest of {rows} x {columns}")
CROWDED_ROWS = _("largest of {rows} rows")
CROWDED_COLUMNS = _("largest of {columns} columns")
MAGNITUDES = _("magnitudes")
MORE_SLICES = _("{count} more slices")
MORE_NUMBERS = _("⋯ {count} more")
BINS = _("lower edge of each bin, how many")
SHAPES = _("with shapes")
PRINTED = _("printed")
VARIABLES = _("variables")
LEGEND_SHORT = _("▷ ran  ▶ next")

# -- training ----------------------------------------------------------------------------------------------------

STEP, OF, LOSS, NONE = _("step"), _("of"), _("loss"), _("none")
TOTAL_GRADIENT = _("all ‖∂‖")
MOVED_MOST = _("{name} moved most: ‖Δ‖/‖value‖")
LOSS_LINEAR, LOSS_LOG = _("loss"), _("loss, logarithmic axis")
CELL_IS = _("a column is {steps} steps (largest)")
PARAMETERS = _("parameters")
SHOWN_OF = _("{shown} of {count}")
READING = _("reading …")
NORM_LOG = _("norms, log")
MEASURE_NAMES = {"value": _("value"), "gradient": _("gradient"), "update": _("update")}
OVER_STEPS = {
    "value": _("values over the steps"),
    "gradient": _("gradients over the steps"),
    "update": _("updates over the steps"),
}
LEAF_OVER_STEPS = plural("{name} in the one step", "{name} over {count} steps")
LEAF_AT_STEP = _("{measure} of {name} at step {step}")
PHASES_IN_STEP = _("phases of step {step}")
HEAT_TITLES = {
    "gradients": _("gradient norm by parameter and step"),
    "updates": _("update against weight, ‖Δ‖/‖value‖"),
    "zeros": _("share of exact zeros in the gradient"),
}
SHOWN_FROM = _("({first} to {last} of {count})")
WINDOW = _("steps {first} to {last}")
NO_PARAMETERS = _("no parameter was changed, and no leaf got a gradient")
HISTOGRAM = _("gradient: share of its entries by size")
OF_A_SAMPLE = _("(of a sample)")
NO_HISTOGRAM = _("no values of this gradient were kept")
ENTRIES = _("{measure} entry by entry ({count})")
DATA_TITLE, SURFACE_TITLE = _("in the space of the data"), _("the error over two parameters")
NO_PICTURE_HERE = _("There is no picture:")
LINE_OF = _("{target} over {name}")
REGIONS_OF = _("{name}[:, {second}] over {name}[:, {first}]")
OTHERS = plural("the other column at its mean", "the other {count} columns at their means")
DATA, MODEL, OF_THIS_STEP, BORDER_AT = _("data"), _("the model"), _("of this step"), _("border at {place}")
SURFACE_OF = _("error over {across} (across) and {up} (up): {span}")
SURFACE_LEGEND = _("■ start  • after each step  ◉ this step; dark is low")
TRAINING_VIEWS = {
    "log": _("v: log axis"),
    "heat": _("v: heat maps"),
    "parameter": _("v: parameter"),
    "data": _("v: data"),
    "table": _("v: table"),
    "curve": _("v: curve"),
}
"""By the view that comes next."""
PAGE_KEYS = {
    "heat": _("Shift+← → measure  + − fewer, more steps"),
    "parameter": _("↑ ↓ parameter  Shift+← → measure  + − fewer, more steps"),
    "data": _("[ ] step  Shift+← → data, error surface"),
}
TRAINING_KEYS = _("[ ] step  ↑ ↓ parameter  Enter opens the step")
KINDS = {
    "op": _("made by {call} at"),
    "parameter": _("parameter, made at"),
    "leaf": _("leaf, made at"),
    "data": _("data, made at"),
    "output": _("a backward began here at"),
}
ALSO = _("also called {names}")
MADE_LATER = _("not made yet: comes at e{event} (Enter goes there)")
CHANGED_BY = _("changed by {call} at")
MADE_IN_LINE = _(", line {line}")
VIEW_OF = _("a view, {view}: the memory is that of {name}")
NO_NODE = _("no node of the graph: it wants no gradient")
MARKED = _("marked (m)")
MOVED = _("moved by ‖Δ‖ {difference}")
ACCUMULATED = _("∇ {before} + {added} = {after} (norms)")
GRADIENT_SET = _("∇ from {before} to {after} (norms)")
VALUE_RULE = _("value: {view}")
GRADIENT_RULE = _("gradient ∂L/∂{name}")
GRADIENT_NONE = _("the gradient that came is None")
NONE_IN_STEP = _("none in this step")
INPUTS = _("inputs")
NO_GRADIENT = _("no ∇ needed")
SAVED = _("kept for the backward")
EDGE = _("into slot {slot}, from output {output}")
EDGE_GRADIENT = _("gradient that flowed back along it")
LEGEND_PINNED = _("selected (Esc lets go)")
LEGEND_VIEW = "x: {view}"
GO_TO = _("Go to")
FIND = _("Find")
RECORDER_DIED_SHORT = _("the run died")
PALETTE_GO = _("go to {text}")
PALETTE_LINE = _("line {line}: {text}")
WAITING = _("starting {name}: torch takes a moment to import")
HOW_TO_LEAVE = _("Ctrl+C ends nothing here: Ctrl+Q leaves, and so does q where no text is typed")
WAITING_KEYS = _("q stops it and leaves")
CHILD_FAILED = _("the run of {name} ended before it recorded anything")

# -- gallery -----------------------------------------------------------------------------------------------------

GALLERY = _("Gallery")
SCENARIOS, RECENTS = _("Scenarios"), _("Recent recordings")
OTHER_SECTION = _("Other")
BROKEN = _("Cannot be read")
NO_SCENARIOS = _("no scenario here: `graphlab new FILE` writes a first one")
NO_ENTRY_MATCHES = _("nothing matches: Esc shows all again")
NO_RECORDINGS = _("none in outputs/ yet: Enter on a scenario makes the first")
EVENT_WORDS = plural("{count:,} event", "{count:,} events")
STEP_WORDS = plural("{count:,} step", "{count:,} steps")
JUST_NOW = _("just now")
AGO = _("{count} {unit} ago")
STATUS_WORDS = {
    "error": _("the script raised"),
    "interrupted": _("interrupted"),
    "running": _("running"),
    "cut_off": _("cut off"),
}
NEWEST = _("newest recording:")
NEVER_RECORDED = _("not recorded yet")
MORE_LINES = _("⋯ {count} more lines")
PARAMETERS_RULE = _("Parameters  (p changes them, r takes the defaults back)")
NO_PARAMETERS = _("no parameters")
SOURCE_RULE = _("Source")
RECORD = _("Record and open")
FILTER_HINT = _("filter: words of a title, name, section or description")
GALLERY_COUNTS = _("{scenarios} scenarios · {recordings} recordings in {folder}")
RECORDING_NOW = _("Recording {name}")
STARTING = _("starting Python and torch")
CANCELLING = _("stopping: what was recorded is kept")
CANCELLED = _("cancelled: what was recorded is kept in {path}")
CANCELLED_EMPTY = _("cancelled before anything was recorded")
NOT_RECORDED = _("{name} could not be recorded")
ESC_CANCELS = _("Esc cancels")
ESC_CLOSES = _("Esc closes")
LANE_KINDS = {"parameter": _("param"), "leaf": _("leaf"), "data": _("data"), "output": _("output")}

# -- export ------------------------------------------------------------------------------------------------------

EXPORT_KEYS = _("← → choose  ↑ ↓ next line  Enter saves  Esc leaves")
EXPORT_FORMAT, EXPORT_RENDERER, EXPORT_THEME, EXPORT_FUTURE, EXPORT_FILE = (
    _("Format"), _("Drawn by"), _("Colours"), _("To come"), _("File"),
)  # fmt: skip
EXPORT_FUTURES = (_("left out"), _("drawn dimly"))
EXPORT_THEMES = (_("light theme"), _("dark theme"))
EXPORT_SAVE = _("Save")
EXPORT_NO_FILE = _("name a file, such as outputs/graph.svg")
EXPORT_EXISTS = _("{path} is there already: Enter again replaces it")
EXPORTING = _("writing {path} …")
EXPORT_FAILED = _("not saved: {reason}")
IMAGE_DRAWING = _("drawing e{moment} …")
IMAGE_PLACE = _("{scenario} e{moment}   {zoom}%   {width}% of its width and {height}% of its height are in view")
IMAGE_NOT_HERE = _("no picture here: {reason}; e saves it as a file")
IMAGE_NO_TERMINAL = _("this explorer has no terminal that could be asked")
IMAGE_NO_PACKAGE = _("it needs textual-image: pip install 'graphlab[image]'")
IMAGE_MULTIPLEXER = _("tmux and screen keep pictures from the terminal")
IMAGE_NO_COLOUR = _("NO_COLOR is set")
IMAGE_NO_PROTOCOL = _("the terminal says that it knows neither sixel nor kitty's protocol")
GROUPING = _("finding what belongs together: the boxes come as soon as that is known, v stays with the lanes")
TOO_MANY_BOXES = _("too many nodes for boxes: lanes show them all")
VALUE = _("value")
OUTPUT_OF = _("output ({name})")
CALL_AT = _("{call} at line {line}")
TENSOR_VIEWS = {"heat": _("heat map"), "numbers": _("numbers"), "histogram": _("histogram")}

# -- static graphs -------------------------------------------------------------------------------------------------

STATIC_GRAPHS = _("Static graphs")
DYNAMIC_TITLE = _("autograd · step {step}")
LEGENDS_STATIC = {"lanes": _("● in both  ○ only here  v: boxes"), "boxes": _("─ in both  ╌ only here  v: lanes")}
IN_BOTH, ONLY_HERE = "●", "○"
DIFFERENCES = _("What one has and the other lacks")
WHICH_TRACER = _(". next tracer ({place} of {count})")
TRACING = _(
    "the script runs once more in the background, for torch.fx, torch.export, torch.compile, make_fx and torch.jit …"
)
TRACE_LATER = _("the run still goes on: its script can be traced when it has ended")
NO_TRACE = _("the tracing ended without a graph")
NO_STATIC_GRAPH = _("{tracer} makes no graph of this")
AT_LINE = _("Line {line}: ")
LINE_SIGN = "L"
PART_OF = _("of {name}")
SAME_GRAPH = _("nothing: every op of the one is in the other")

NO_NEWS = _("unfinished, no news")

LEFT = "graphlab: {message}"
LEFT_UNEXPECTED = _("graphlab: unexpected {type}: {message} (GRAPHLAB_DEBUG=1 shows where)")

FINDINGS_TITLE = _("Findings")
FINDING_COUNTS = {
    "error": plural("{count} error", "{count} errors"),
    "warning": plural("{count} warning", "{count} warnings"),
    "note": plural("{count} note", "{count} notes"),
}
FINDING_SIGNS = {"error": "✗", "warning": "▲", "note": "·"}
FINDING_LINE = "L{line}"
FINDING_STEP = _("step {step}")
FINDING_LINES = _("with line {lines}")
FINDINGS_LEGEND = _("↑ ↓ · Enter goes there · Esc")
FINDING_REPLAY = _("r: run the script again in the background, record step {step} in full, and look which op it is")
NO_FINDINGS = _("nothing found: what is looked for stands in docs/findings.md")
REMEDY = "→ {text}"
