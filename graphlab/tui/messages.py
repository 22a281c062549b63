"""Every text of the explorer that a person reads, but for the sentences about events and the help of the keys.

In one place, so that the words stay the same everywhere and can be translated.
"""

from __future__ import annotations

APP = "graphlab"

TITLES = {
    "source": "Source",
    "graph": "Graph",
    "inspector": "Inspector",
    "timeline": "Timeline",
    "training": "Training",
}
PHASES = {"setup": "SETUP", "forward": "FORWARD", "backward": "BACKWARD", "update": "UPDATE"}
STRIDES = {"line": "lines and nodes", "op": "ops", "event": "every event"}

LEGEND_SOURCE = "▷ just ran  ▶ next"
LEGEND_BACKWARD = "◀ differentiating  ▷ just ran  ▶ next"
LEGEND_GRAPH = "◉ now  ● made  ✓ ∇ came  ○ to come"
LEGEND_GRAPH_BACK = "◉ now  ✓ ∇ came  ◐ waits for a branch  ● to come"
LEGEND_BOXES = "━ now  ─ made  ╌ to come  ∇ gradient  v: lanes"
LEGEND_BOXES_BACK = "━ now  ✓ ∇ came  ◐ waits for a branch  v: lanes"
LEGEND_INSPECTOR = "v: {view}"
INSPECTOR_VIEWS = {"node": "node", "rule": "local rule", "paths": "paths", "jacobian": "Jacobian"}
RULE_FORWARD = "local rule, used in backward"
RULE_BACKWARD = "local rule"
RULE_DIFFERS = "DIFFERS"
RULE_ERROR = "error {error}"
RULE_EXACT = "exact"
MADE_BY_BACKWARD = "second order: made by the backward of {name}"
BACKWARD_MADE = "second order: its backward made {names}"
RULE_RAN = "ran backwards at e{event}"
RULE_NOT_RUN = "has not run backwards yet: no numbers yet"
RULE_GRAD = "{name}.grad"
NO_RULE_HERE = "data: no gradient goes through it"
NONE_CAME = "None"
SKIPPED = "skipped: it needs no gradient"
SUMMANDS = "gradient: the sum of {count}"
MORE_SUMMANDS = "… {count} more"
SUMMAND_WAITS = "not yet"
CAME_OF = "{came} of {count}"
PATHS = ("{count} path from the loss", "{count} paths from the loss")
PATHS_BY_MODULE = ("{count} path, by module", "{count} paths, by the modules that they run through")
PATHS_SUM = "their sum is the gradient: error {error}"
PATHS_OF_LEAVES = "paths are of a parameter or a leaf: select one"
NO_BACKWARD_YET = "no backward of this step has begun yet"
JACOBIAN_OF_OPS = "a Jacobian is of an op that a gradient runs through: select one"
JACOBIAN_RANK = "{rows} × {columns}, rank {rank}; singular values {values}"
JACOBIAN_NOT_FINITE = "it is not finite: no rank"
MEASURED = "checked with central differences: error {error}, of autograd in 64 bits {exact}"
VERIFYING = "checking {name}'s gradient (V stops)"
VERIFY_BEGINS = "the script runs again in 64 bits in the background, with numbers of {name} moved a little"
VERIFY_LEAVES = "select a parameter or a leaf: what an op does, its local rule checks (v in the inspector)"
VERIFY_NO_BACKWARD = "no backward of this step has begun yet: there is no gradient to check"
VERIFY_NOTHING = "its gradient could not be checked: it does not take part in that backward"
VERIFIED = (
    "{name}'s gradient DIFFERS from central differences: relative error {error}",
    "{name}'s gradient agrees with central differences: relative error {error}",
)
STANDINGS = {
    "ran": "has run",
    "ready": "has its whole upstream gradient: may run",
    "waits": "waits for a branch",
    "untouched": "nothing has come to it yet",
}
LEGEND_FOLDED = "━ now  ─ made  ╌ to come  ═ folded (f opens)  v: lanes"
LEGENDS_SHORT_BACK = "✓ ∇ came  ◐ waits"
LEGENDS_SHORT = {"lanes": "◉ now  ✓ ∇ came", "boxes": "━ now  ╌ to come"}
VIEWS = {"lanes": "lanes", "boxes": "boxes"}
LEGEND_TIMELINE = "stops at {stride} (s)"

NOT_AT_END = "not at end (End)"
RUNNING = "running"
PAUSED = "paused"
PLAYING = "playing"
TOO_SMALL = "graphlab needs 60x16; this terminal has {width}x{height}"
NOTHING_YET = "nothing has been recorded yet"
NOTHING_RAN = "nothing has run yet: → takes the first step"
LANES_SORTED = "sorted by {column} (no lanes)"
LANES_FOLDED = "folded"
SORTED_BY = "sorted by {column}: S goes back to the order in which it ran"
NOT_SORTED = "in the order in which it ran"
NO_MODULE = "what is selected belongs to no module"
NO_MODULES = "nothing here was made by a module: there is nothing to fold"
NO_GROUP = "what is selected is in no group"
NO_GROUPS = "nothing here belongs together: there is nothing to fold"
OPENED = "{name} is open: f on a node in it closes it"
CLOSED = "{name} is closed: f opens it"
ALL_CLOSED = "all groups are closed: f opens one, F all that can be read"
ALL_OPEN = "all groups are open: F closes them"
FIRST_OPEN = "as many groups are open as can be read"
TOO_MANY_OPEN = "that would be more than {most} boxes: f on another node closes its group first"
NODES_IN_BOXES = "{nodes} nodes in {boxes} boxes"
BLOCKS = "{count} × {name}"
FROM_TO = "{first} … {last}"
BLOCK_OF = "{index} of {count}: {name}"
TRANSPOSED = "{name}.t()"
GROUP_LEAVES = ("{count} param of {size}", "{count} params of {size}")
GROUP_NODES = ("{count} node", "{count} nodes")
MAP = "map"
ZOOM_IS = {"full": "whole boxes", "line": "a line a box: + shows more", "dot": "a sign a box: + shows more"}
ZOOM_END = ("this is the farthest", "this is the nearest")
NO_INPUT = {
    "down": "nothing flows into it: Shift+← → go to the box beside",
    "right": "nothing flows into it: ↑ ↓ go to the box beside",
}
NO_USER = {
    "down": "nothing uses it: Shift+← → go to the box beside",
    "right": "nothing uses it: ↑ ↓ go to the box beside",
}
DIRECTION_IS = {
    "down": "the boxes run from top to bottom: ↑ ↓ go along the lines",
    "right": "the boxes run from left to right: Shift+← → go along the lines",
}
ONLY_BOXES_TURN = "only boxes turn: v shows them"
NOTHING_BESIDE = "nothing stands there: < > and Shift+↑ ↓ move the view"
GROUP_PARAMETERS = "{count} params of {size}"
COLUMNS_TITLE = "Columns of the lanes"
COLUMNS_LEGEND = "␣ show  s sort  Esc"
NO_GRAPH = "no graph yet: it appears with the first op on a tensor that needs a gradient"
NO_SELECTION = "nothing is selected: ↑ ↓ select"
NOT_MADE = "not made yet"
NONE_YET = "none yet"
BRIEF_GRADIENT = "‖∇‖ {norm} into {name}"
BRIEF_ADDED = "‖∇‖ {norm} added to {name}.grad"
NONE_YET_ARRIVES = "none yet: arrives at e{event}  (u jumps)"
CLEARED = "cleared at e{event}"
NO_GRADIENT_NEEDED = "needs no gradient"
NOT_KEPT = "values were not kept"
NO_STEPS = "no training step has ended yet"

RECORDER_DIED = "the run ended without closing its recording: what it had written is here"
RUN_CUT_OFF = "{said}; what it had recorded is here"
RUN_FAILED = "the script raised {error}: its recording is kept, End shows where"
RUN_INTERRUPTED = "the run was interrupted: its recording is kept"
RECORDING_GONE = "the recording cannot be read any more: {reason}"
COPIED = "copied: {text}"
NOTHING_TO_COPY = "nothing here to copy"
NO_MATCH = "nothing matches {text!r}"
MATCHES = ("{count:,} match", "{count:,} matches")
MATCH_OF = "match {place:,} of {count:,}"
MATCH_IS = "match {place:,} of {count:,}: {why}"
NO_SUCH_PLACE = "there is no {text!r}: try e12, s3, L9, bwd, or a name"
NO_SUCH_EVENT = "there is no event e{event}: the recording has e0 to e{last}"
NO_SUCH_STEP = "there is no step {step}: the recording has {last}"
NO_SUCH_LINE = "line {line} did not run"
NO_SUCH_PHASE = "no {phase} phase from here on"
REPLAYING = "recording step {step} in full (r stops)"
REPLAY_BEGINS = "the script runs again in the background, to record step {step} in full"
REPLAY_STOPPED = "stopped"
REPLAYED = "step {step} in full, from another run of the script that had the same losses: {path}"
REPLAY_LATER = "the run still goes on: a step can be recorded in full when it has ended"
PARTED = "the two runs part"
STEP_IS_FULL = "step {step} is recorded in full"
NO_ORIGIN = "the recording does not say how its script was run, so it cannot run again"
NOT_IN_LIGHT = "not kept in light detail: r records this step in full"
LIGHT = "light"
NO_JUMP = "no jump to go back from"
NO_USE = "nothing uses it after this moment"
NOT_KNOWN_WHERE = "it is not known where that was made"
MARKED_ONE = "marked {name}: m on another node lights the path between"
MARKED_TWO = "the path between the marks: {count} nodes (m again takes the marks away)"
MARKS_GONE = "the marks are gone"
NO_PATH = "no path joins the marks"
STRIDE_IS = "a step is now: {stride}"
AT_START = "this is the start"
AT_END = "this is the end"

GO_TO_HINT = "e120 event · s45 step · L12 line · bwd phase · or a name"
FIND_HINT = "relu · name:W_h · grad:nan · |grad|>100"
FIND_HELP = (
    "Words of names, ops, modules and lines; op: name: module: shape:[20,*] line: file: kind: dtype: · "
    "grad:0 grad:none grad:nan grad:inf value:0 value:nan value:inf · |grad|>100 |value|<1e-6 · nan inf. "
    "All must hold; -term excludes; quotes hold words together."
)
FIND_KEYS = "{count}↑ ↓ · Enter · Esc"
STEP_SHORT = "step {step:<5} "

COMPARE_TITLE = "Compare step {step} with"
COMPARE_HINT = "s3 · other.glab · other.glab s3 · golden.json"
COMPARE_KEYS = "↑ ↓ · Enter · Esc"
COMPARE_HELP = (
    "Another step of this run (s3), another recording (other.glab, or other.glab s3), or a graph that "
    "`graphlab export` wrote (golden.json)."
)
COMPARE_STEP = "step {step} of this run"
COMPARE_RECORDING = "another recording"
COMPARE_IS_STEP = "step {step}"
COMPARE_IS_FILE = "{name} step {step}"
COMPARE_EQUAL = "the graphs are equal"
COMPARE_ELSEWHERE = "only {name} has it"
COMPARE_TOO_LARGE = "more than {most:,} nodes are compared by `graphlab diff`"
CHANGES_TITLE = "{name} -> step {step}   {summary}"
CHANGES_LEGEND = "+ here alone  - there alone  ~ changed  = renamed   ↑ ↓ Enter v numbers D Esc"
RUNS_TITLE = "A {a}   B {b} (this run)   numbers"
RUNS_KEYS = "↑ ↓ Enter: there · o: there in A · ← → curve · v graphs · Esc"
RUNS_ONLY_RUNS = "the numbers of two recordings are compared: choose one with D"
RUNS_LIST = "first parts at"
RUNS_EQUAL = "nowhere: all that was recorded of both is the same"
RUNS_FIRST = "bit for bit: {place}"
RUNS_BEYOND = "beyond the tolerance: {place}"
RUNS_LOSS = "loss"
RUNS_GRADIENTS = "gradient norm of all parameters"
RUNS_GRADIENT = "gradient norm of {name}"
RUNS_DISTANCE = "relative distance"
RUNS_LOG = "{name}, log"
RUNS_LEGEND = "line A  × B where it is apart  ┊ │ not the same, beyond the tolerance"
RUNS_DISTANCE_LEGEND = "of A and B"

EXPORT_TITLE = "Export this moment's graph"
EXPORT_DONE = "saved {path}"
HELP_TITLE = "Keys"
HELP_NOTE = "Shift+drag selects text with the mouse. Ctrl+P opens the palette with every action. Esc closes this."
CURSOR_NOTE = (
    "Moment k means: the events 1 to k have happened, and every value shown is the one after event k. "
    "▷ is the line that just ran, ▶ the next one; during a backward ◀ is the forward line being differentiated."
)

# -- values ------------------------------------------------------------------------------------------------------

NO_ELEMENTS = "no elements"
MINIMUM, MAXIMUM, MEAN, NORM, ZEROS, NANS, INFINITIES = "min", "max", "mean", "norm", "zeros", "nan", "inf"
SAMPLE = "sample of {kept} of {size}"
AS_ROW = "as a row"
CROWDED = "max of {entries}"
MAGNITUDES = "magnitudes"
MORE_SLICES = "{count} more slices"
MORE_NUMBERS = "⋯ {count} more"
BINS = "lower edge of each bin, how many"
SHAPES = "with shapes"
VARIABLES = "variables"
LEGEND_SHORT = "▷ ran  ▶ next"

# -- training ----------------------------------------------------------------------------------------------------

STEP, OF, LOSS, NONE = "step", "of", "loss", "none"
TOTAL_GRADIENT = "all ‖∂‖"
MOVED_MOST = "moved most: ‖Δ‖/‖value‖"
LOSS_LINEAR, LOSS_LOG = "loss", "loss, logarithmic axis"
CELL_IS = "a column is {steps} steps (largest)"
PARAMETERS = "parameters"
SHOWN_OF = "{shown} of {count}"
READING = "reading …"
NORM_LOG = "norms, log"
MEASURE_NAMES = {"value": "value", "gradient": "gradient", "update": "update"}
OVER_STEPS = {
    "value": "values over the steps",
    "gradient": "gradients over the steps",
    "update": "updates over the steps",
}
LEAF_OVER_STEPS = "{name} over {count} steps"
LEAF_AT_STEP = "{measure} of {name} at step {step}"
PHASES_IN_STEP = "phases of step {step}"
HEAT_TITLES = {
    "gradients": "gradient norm by parameter and step",
    "updates": "update against weight, ‖Δ‖/‖value‖",
    "zeros": "share of exact zeros in the gradient",
}
SHOWN_FROM = "({first} to {last} of {count})"
WINDOW = "steps {first} to {last}"
NO_PARAMETERS = "no parameter was changed, and no leaf got a gradient"
HISTOGRAM = "gradient: share of its entries by size"
OF_A_SAMPLE = "(of a sample)"
NO_HISTOGRAM = "no values of this gradient were kept"
ENTRIES = "{measure} entry by entry ({count})"
DATA_TITLE, SURFACE_TITLE = "in the space of the data", "the error over two parameters"
NO_PICTURE_HERE = "There is no picture:"
LINE_OF = "{target} over {name}"
REGIONS_OF = "{name}[:, {second}] over {name}[:, {first}]"
OTHERS = "the other {count} columns at their means"
DATA, MODEL, OF_THIS_STEP, BORDER_AT = "data", "the model", "of this step", "border at {place}"
SURFACE_OF = "error over {across} (across) and {up} (up): {span}"
SURFACE_LEGEND = "■ start  • after each step  ◉ this step; dark is low"
TRAINING_VIEWS = {
    "curve": "v: log axis",
    "log": "v: heat maps",
    "heat": "v: parameter",
    "parameter": "v: data",
    "data": "v: table",
    "table": "v: curve",
}
PAGE_KEYS = {
    "heat": "Shift+← → measure  + − fewer, more steps",
    "parameter": "↑ ↓ parameter  Shift+← → measure  + − fewer, more steps",
    "data": "[ ] step  Shift+← → data, error surface",
}
TRAINING_KEYS = "[ ] step  ↑ ↓ parameter  Enter opens the step"
KINDS = {
    "op": "made by {call} at",
    "parameter": "parameter, made at",
    "leaf": "leaf, made at",
    "data": "data, made at",
    "output": "a backward began here at",
}
ALSO = "also called {names}"
MADE_LATER = "not made yet: comes at e{event} (Enter goes there)"
MARKED = "marked (m)"
MOVED = "moved by ‖Δ‖ {difference}"
ACCUMULATED = "∇ {before} + {added} = {after} (norms)"
GRADIENT_SET = "∇ from {before} to {after} (norms)"
VALUE_RULE = "value: {view}"
GRADIENT_RULE = "gradient ∂L/∂{name}"
GRADIENT_NONE = "the gradient that came is None"
NONE_IN_STEP = "none in this step"
INPUTS = "inputs"
NO_GRADIENT = "no ∇ needed"
SAVED = "kept for the backward"
EDGE = "into slot {slot}, from output {output}"
EDGE_GRADIENT = "gradient that flowed back along it"
LEGEND_PINNED = "selected (Esc lets go)"
LEGEND_VIEW = "x: {view}"
GO_TO = "Go to"
FIND = "Find"
RECORDER_DIED_SHORT = "the run died"
PALETTE_GO = "go to {text}"
PALETTE_LINE = "line {line}: {text}"
WAITING = "starting {name}: torch takes a moment to import"
WAITING_KEYS = "q stops it and leaves"
CHILD_FAILED = "the run of {name} ended before it recorded anything"

# -- gallery -----------------------------------------------------------------------------------------------------

GALLERY = "Gallery"
SCENARIOS, RECENTS = "Scenarios", "Recent recordings"
OTHER_SECTION = "Other"
BROKEN = "Cannot be read"
NO_SCENARIOS = "no scenario here: `graphlab new FILE` writes a first one"
NO_ENTRY_MATCHES = "nothing matches: Esc shows all again"
NO_RECORDINGS = "none in outputs/ yet: Enter on a scenario makes the first"
EVENT_WORDS = ("event", "events")
STEP_WORDS = ("step", "steps")
JUST_NOW = "just now"
AGO = "{count} {unit} ago"
STATUS_WORDS = {"error": "the script raised", "interrupted": "interrupted", "running": "running", "cut_off": "cut off"}
NEWEST = "newest recording:"
NEVER_RECORDED = "not recorded yet"
MORE_LINES = "⋯ {count} more lines"
PARAMETERS_RULE = "Parameters  (p changes them, r takes the defaults back)"
NO_PARAMETERS = "no parameters"
SOURCE_RULE = "Source"
RECORD = "Record and open"
FILTER_HINT = "filter: words of a title, name, section or description"
GALLERY_COUNTS = "{scenarios} scenarios · {recordings} recordings in {folder}"
RECORDING_NOW = "Recording {name}"
STARTING = "starting Python and torch"
CANCELLING = "stopping: what was recorded is kept"
CANCELLED = "cancelled: what was recorded is kept in {path}"
CANCELLED_EMPTY = "cancelled before anything was recorded"
NOT_RECORDED = "{name} could not be recorded"
ESC_CANCELS = "Esc cancels"
ESC_CLOSES = "Esc closes"
LANE_KINDS = {"parameter": "param", "leaf": "leaf", "data": "data", "output": "output"}

# -- export ------------------------------------------------------------------------------------------------------

EXPORT_KEYS = "← → choose  ↑ ↓ next line  Enter saves  Esc leaves"
EXPORT_FORMAT, EXPORT_RENDERER, EXPORT_THEME, EXPORT_FUTURE, EXPORT_FILE = (
    "Format", "Drawn by", "Colours", "To come", "File",
)  # fmt: skip
EXPORT_FUTURES = ("left out", "drawn dimly")
EXPORT_SAVE = "Save"
EXPORT_NO_FILE = "name a file, such as outputs/graph.svg"
EXPORT_EXISTS = "{path} is there already: Enter again replaces it"
EXPORTING = "writing {path} …"
EXPORT_FAILED = "not saved: {reason}"
TOO_MANY_BOXES = "too many nodes for boxes: lanes show them all"
VALUE = "value"
OUTPUT_OF = "output ({name})"
CALL_AT = "{call} at line {line}"
TENSOR_VIEWS = {"heat": "heat map", "numbers": "numbers", "histogram": "histogram"}

# -- static graphs -------------------------------------------------------------------------------------------------

STATIC_GRAPHS = "Static graphs"
DYNAMIC_TITLE = "autograd · step {step}"
LEGENDS_STATIC = {"lanes": "● in both  ○ only here  v: boxes", "boxes": "─ in both  ╌ only here  v: lanes"}
IN_BOTH, ONLY_HERE = "●", "○"
DIFFERENCES = "What one has and the other lacks"
WHICH_TRACER = ". next tracer ({place} of {count})"
TRACING = (
    "the script runs once more in the background, for torch.fx, torch.export, torch.compile, make_fx and torch.jit …"
)
TRACE_LATER = "the run still goes on: its script can be traced when it has ended"
NO_TRACE = "the tracing ended without a graph"
NO_STATIC_GRAPH = "{tracer} makes no graph of this"
AT_LINE = "Line {line}: "
LINE_SIGN = "L"
PART_OF = "of {name}"
SAME_GRAPH = "nothing: every op of the one is in the other"

NO_NEWS = "unfinished, no news"

LEFT = "graphlab: {message}"
LEFT_UNEXPECTED = "graphlab: unexpected {type}: {message} (GRAPHLAB_DEBUG=1 shows where)"

FINDINGS_TITLE = "Findings"
FINDING_COUNTS = {
    "error": ("{count} error", "{count} errors"),
    "warning": ("{count} warning", "{count} warnings"),
    "note": ("{count} note", "{count} notes"),
}
FINDING_SIGNS = {"error": "✗", "warning": "▲", "note": "·"}
FINDING_LINE = "L{line}"
FINDING_STEP = "step {step}"
FINDING_LINES = "with line {lines}"
FINDINGS_LEGEND = "↑ ↓ · Enter goes there · Esc"
NO_FINDINGS = "nothing found: what is looked for stands in docs/findings.md"
REMEDY = "→ {text}"
