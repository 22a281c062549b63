"""What the command line itself says, in one place, so that it can be translated.

The messages of errors from deeper down stand where they are raised; `FAILURE` puts the program's name before them.
"""

from __future__ import annotations

from graphlab.language import _, plural

USAGE = _("usage: graphlab [COMMAND] [OPTIONS]")
PURPOSE = _("A time-travel explorer for PyTorch computational graphs. Without a command: the gallery of scenarios.")
COMMANDS_TITLE = _("commands:")
GENERAL_OPTIONS = _("""options:
  -h, --help     show this, or with a command its options
  --version      show the version
  --lang CODE    the language of all texts: en or es (without it, that of LANGUAGE, LC_ALL, LC_MESSAGES or LANG)""")
SOURCES = _("""SOURCE is the name of a scenario (`graphlab list`), a path to any .py script, or -m package.module.
Arguments for the script itself stand after `--`.""")
MORE = _("(see `{program} --help`)")

FAILURE = "graphlab: {message}"
UNEXPECTED = _("graphlab: unexpected {type}: {message} (GRAPHLAB_DEBUG=1 shows where)")
INTERRUPTED = _("graphlab: interrupted")
BAD_LANGUAGE = _("--lang takes one of {known}, not {text!r}")
UNKNOWN_COMMAND = _("there is no command {name!r}{suggestion} (see `graphlab --help`)")
NOT_A_COMMAND = _("there is no command {name!r}; did you mean `graphlab explore {name}`?")
UNKNOWN_OPTION = _("{program} has no option {name!r}{suggestion} (see `{program} --help`)")
OPTION_OF_THE_SCRIPT = _(
    "{program} has no option {name!r}{suggestion} (the script's own arguments stand after `--`; see `{program} --help`)"
)
SCRIPT_ARGUMENTS = _("Arguments for the script itself stand after `--`: train.py -- --epochs 5")
UNEXPECTED_ARGUMENT = _("{program} does not take {name!r} (see `{program} --help`)")
NO_SCRIPT_ARGUMENTS = _("{program} runs no script: it takes nothing after `--`")
NO_TERMINAL = _("the gallery needs a terminal; `graphlab list` names the scenarios, `graphlab run` records one")
NO_SOURCE = _("name a scenario, a script or -m MODULE (`graphlab list` names the scenarios)")
ONE_SOURCE = _("-m MODULE and {name!r} cannot be given together")
NO_DEVICE_PARAMETER = _("{scenario} has no parameter 'DEVICE', so --device {device} would change nothing")
BAD_SIZE = _("--max-size takes a size such as 500MB or 2GB, not {text!r}")
BAD_COUNT = _("{option} takes a whole number from {least}{most}, not {text!r}")

EXIT_INTERRUPTED = 130
ALL_OR_SOME = _("--all runs every scenario: name none beside it")
CANNOT_WRITE_TO = _("nothing can be written to {folder}: record to another folder, graphlab run SOURCE -o FOLDER/")
FOLDER_FOR_SEVERAL = _("several recordings need a folder: -o {name!r} names a file")
BAD_WINDOW = _("{option} takes steps such as 480:490 or 480, not {text!r}")
ONLY_LIGHT = _("{option} goes with --detail light: in full every step is recorded in full")
RECORDED = _("graphlab: recorded {path}")
FILES_CHANGED = _("graphlab: changed since they were recorded, so the runs may differ: {files}")
REPLAY_AGREES = plural(
    "graphlab: the loss of the one step is the same, bit for bit, as in the first run",
    "graphlab: the losses of all {count} steps are the same, bit for bit, as in the first run",
)
REPLAY_PARTED = _("graphlab: the two runs part at step {step}: the loss was {then} then, {now} now; {advice}")
REPLAY_SHORT = _("graphlab: the script ended{error} before step {step} was done, which the first run has; {compared}")
ENDED_WITH = _(" with {error}")
COMPARED_NONE = _("no step could be compared")
COMPARED_SOME = _("up to there the losses are the same, bit for bit")
SEED_THESE = _("seed what is drawn at random ({calls}) or record with --seed 0, then replay that")
SEED_NOTHING = _(
    "all of torch, numpy and random is seeded or unused, so it is something else: the order of threads, time, a file "
    "that has changed"
)
NO_LOSS = _("none")
RUN_INTERRUPTED = _("graphlab: interrupted; recorded up to here in {path}")
PART_OF_PACKAGE = _(
    "graphlab: {script} imports from its own package: run it as python would, `graphlab run -m {module}` in {folder}"
)
RUN_FAILED = _("graphlab: the script raised; recorded up to there in {path}")
RUN_CUT_OFF = _("graphlab: {said}; what was recorded by then is in {path}")
CUT_OFF = "graphlab: {said}"
PROGRESS = _("{bar}step {steps}  {events:,} events")
STEP_ROW = _("step {step:>5}  loss {loss:<11} |grad| {norms}{more}")
MORE_LEAVES = _("  and {count} more")

AT_NEEDS_RULE = _("--at goes with --rule, --paths and --jacobian: it says as of which event")
BAD_EVENT = _("--at takes an event such as e14 or 14, not {text!r}")
NO_SUCH_NODE = _(
    "there is no node {text!r} at e{event} in step {step} (`graphlab show {recording} --plain` names the ops)"
)
RULE_LEAF = _("{name} is a leaf: {rule}")
RULE_HEAD = _("node {node}: {name} {shape}  {op}  made by {call}{line}")
RULE_LINE = _(", line {line}")
RULE_RAN = _("its backward ran at e{event}")
RULE_WAITS = _("its backward has not run by e{event}: there are no numbers yet")
RULE_UPSTREAM = _("came     ∂L/∂{name}  {figures}")
RULE_KEPT = _("kept     {name} = {source}  {figures}")
RULE_NUMBERS = _("numbers  {numbers}")
RULE_ALONE = _("(nothing else holds it)")
RULE_MADE_BY = _("made by  the backward of {name} (node {node})")
RULE_MADE = _("made     in its backward: {nodes}")
RULE_INPUT = "∂L/∂{name} = {formula}"
RULE_SHAPES = _("  contracts {contraction}")
RULE_RECORDED = _("  recorded  {figures}")
RULE_COMPUTED = _("  reckoned  {figures}")
RULE_ERROR = _("  relative error {error}{verdict}")
RULE_DIFFERS = _(": MORE THAN ROUNDING")
RULE_FIGURES = _("{shape}  norm {norm}{values}")
PATHS_NOT_A_LEAF = _("{name} is no parameter and no leaf: paths lead from the loss to one of these")
PATHS_NO_BACKWARD = _("no backward began by e{event} in step {step}")
PATHS_HEAD = _("{count} paths lead from the loss to {name}{by}; their sum is the gradient (relative error {error})")
PATHS_BY = {
    "path": "",
    "module": _(", told apart by the modules that they run through"),
    "function": _(", told apart by the functions that they run through"),
    "line": _(", told apart by the lines that they run through"),
}
PATHS_ROW = _("{share:>7}  norm {norm:<11} {path}")
JACOBIAN_HEAD = _("∂{name}/∂{source}: {rows} × {columns}, rank {rank}, singular values {values}")
JACOBIAN_NONE = "∂{name}/∂{source}: {why}"
RULE_NONE_CAME = _("None")

AT_NEEDS_VERIFY = _("--at goes with --verify: it says the gradients of which backward")
VERIFY_HEAD = _("gradients of backward {backward}, checked with central differences in 64 bits (loss {now}{then})")
VERIFY_THEN = _("; recorded {then}")
VERIFY_OTHER = _(
    "the run in 64 bits came to another loss: the recorded gradients are of another point, and differ for that"
)
VERIFY_COLUMNS = _("leaf             shape      relative error   autograd in 64 bits   moved")
VERIFY_ROW = "{name} {shape:<10} {error:<16} {exact:<21} {moved}{verdict}"
VERIFY_DIFFERS = _("  DIFFERS")
VERIFY_MOVED = plural("{count} element", "{count} elements")
VERIFY_DIRECTION = _(" and one direction across all")
VERIFY_MORE = plural("and one more leaf (name it: --verify LEAF)", "and {count} more leaves (name one: --verify LEAF)")
VERIFY_NONE = _("there is no leaf whose gradient could be checked")

STEP_NEEDS_FIND = _("--step goes with --find: it says in which step to look")
EMPTY_QUERY = _("--find takes what to look for, such as relu, name:W_h or 'grad:nan'")
MATCH_ROW = _("e{event}  step {step}  {words}")
MATCHES = plural("{count:,} match", "{count:,} matches")
EVENT_ROW = _("e{event} step {step} {phase}: {words}")
STATUSES = {
    "ok": _("ok"),
    "error": _("error"),
    "interrupted": _("interrupted"),
    "running": _("running"),
    "cut_off": _("cut off"),
}
DETAILS = {"full": _("full"), "light": _("light")}
NO_SEED = _("not set")
OVERVIEW = _("{scenario}  {status}  torch {torch}  {device}  seed {seed}  detail {detail}")
COUNTS = _("events {events:,}  steps {steps:,}  distinct graphs {graphs:,}")
NOTE = _("note: {note}")
RAISED = _("raised {error} (line {line})")
STEPS_HEAD = _("  step  loss         first    last     nodes  edges")
STEPS_ROW = "{step:>6}  {loss:<11}  {first:<7}  {last:<7}  {nodes:>5}  {edges:>5}"
STEPS_COUNTED = _("  nodes and edges are autograd's own; pictures and diff also count data tensors and outputs")
STEPS_LEFT_OUT = _("     …  {count:,} more")
BAD_EVENT = _("--at takes an event such as e12, not {text!r}")
ONE_MOMENT = _("--at names the moment: --step, --phase and --line cannot be given beside it")
ONE_OR_TWO_STEPS = _("--step goes once, for both, or twice: for A and for B")
ONE_SOURCE_TWO_STEPS = _("one source is compared with itself: give --step twice, or name another")
NO_STEP_OF_GRAPH = _("{name} holds one graph: --step goes with a recording or a script")
BAD_FACTOR = _("--factor takes a number from 1, or none, not {text!r}")
SIDE = "{side}  {name}{step}"
OF_STEPS = _("  step {step} of {steps}")
HOLDS = "  {nodes}: {kinds}"
NO_PICTURE = _("a comparison is no table: {ending} is written by `graphlab export`")
TWO_RUNS = _("curves on one axis are those of two runs: name two recordings, scripts or scenarios")
NOT_OF_TWO_RUNS = _("{option} goes with the plot of one run, not of two")
NUMBERS_OF_RUNS = _("--numbers compares two runs: name two recordings, scripts or scenarios, and no step")
BAD_BESIDE = _("--beside takes a step of A and one of B, such as 11:1, not {text!r}")
NO_RECORDING = _("the run of {name} left no recording")
NOT_OF_PLOT = _("{option} goes with --what {whats}, not {what}")
BAD_COLUMNS = _("--columns takes two numbers such as 2,3, not {text!r}")
EXPORTED = _("graphlab: wrote {path}")
OTHER_GRAPH = _("graphlab: this is the last step; step {step} has another graph, of {nodes:,} nodes: --step {step}")
PRESS_NEEDS_SCREENSHOT = _("--press needs --screenshot FILE.svg: it presses the keys without a terminal")
EXPLORER_NEEDS_TERMINAL = _("the explorer needs a terminal; without one: --screenshot FILE.svg, or `graphlab export`")
SCREENSHOT_ENDING = _("--screenshot writes .svg or .txt, not {name}")
BAD_SIZE_OF_SCREEN = _("--size takes columns and rows such as 120x40, not {text!r}")
BAD_SHOWN = _("--show takes any of value, gradient and shape, with commas between them, not {text!r}")
HOPS_ALONE = _("--hops counts from a node: name one with --focus")
NO_FOCUS = _(
    "--focus finds no node {text!r} in the graph of this step: give a name, a number or a query such as op:relu"
)
BAD_SCALE = _("--scale takes a number such as 2 or 1.5, not {text!r}")
ALL_LEAVES = _("all {norm} ")
RUNNING = _("graphlab: running {name}")
JOBS_ALONE = _("--jobs goes with --all: scripts that are named run one after the other")
ALL_ROW = "[{number}/{count}] {name}  {words}  ({seconds} s)"
ALL_FACTS = _("events {events:,}  steps {steps}  loss {loss}")
ALL_RAISED = _("{facts}  raised {error}, as it is to")
ALL_FAILED = _("FAILED: {why}")
ALL_NOT_RAISED = _("it was to raise {error} and did not")
ENDED_WITH_CODE = _("exit code {code}")
ALL_DONE = _(
    "graphlab: {count} scenarios in {seconds} s, recorded in {folder}/: {raised} raised on purpose, {failed} failed"
)

# -- static graphs -----------------------------------------------------------------------------------------------------

BAD_TRACER = _("there is no tracer {text!r}: choose {known}, or all (into .json)")
ALL_IN_JSON = _("--static all goes into one .json file: name such a file, or one tracer")
NOT_OF_STATIC = _("a static graph has no {what}: choose a picture, .json, .dot, .graphml or .txt")
NO_STATIC = _("{tracer} makes no graph of {target}: {line}{reason}")
NO_STATIC_GRAPH = _("the script ended before there was anything to trace")

# -- findings ----------------------------------------------------------------------------------------------------------

FINDING_LINE = "    {line} | {text}"
IN_STEP = _("step {step}")
AT_EVENT = "e{event}"
AT_LINE = "{file}:{line}{also}"
ALSO_LINES = _(" (with {lines})")
REMEDY = "→"
LOOKS_CLOSER = _("graphlab: replaying step {step} in full, to see the op (--no-replay leaves this out)")
NOT_CLOSER = _(
    "graphlab: the script did not run again as it was recorded: what light detail knows of step {step} is shown"
)
THREAD_STAYS_LIGHT = _(
    "graphlab: step {step} is one of another thread, which stays light; recorded in full from the start it can be seen"
)
ONLY_LIGHT = _(
    "graphlab: in light detail shapes that broadcast, terms of a loss without a gradient, names and evaluations are "
    "not looked at; two steps in full tell of them: --detail light --full 1:2, or graphlab replay"
)
NO_FINDINGS = _("nothing found")
FINDINGS = _("found {counts}")
SEVERITIES = {"error": _("error"), "warning": _("warning"), "note": _("note")}
COUNT_OF = {
    "error": plural("{count} error", "{count} errors"),
    "warning": plural("{count} warning", "{count} warnings"),
    "note": plural("{count} note", "{count} notes"),
}

# -- a lesson of one's own ---------------------------------------------------------------------------------------------

NEW_NEEDS_SCRIPT = _("name the script to write, such as my_lesson.py, not {name!r}")
NEW_EXISTS = _("{name} is there already: choose another name, nothing is overwritten")
BAD_TITLE = _("--title takes one line of text, not {text!r}")
NEW_WRITTEN = _("graphlab: wrote {path}; try it: graphlab explore {path}")

# -- the explorer in a browser -----------------------------------------------------------------------------------------

SERVE_NEEDS = _("the explorer in a browser needs textual-serve: pip install 'graphlab[serve]'")
PORT_TAKEN = _("port {port} is taken: choose another with --port, or --port 0 for one that is free")
NO_SUCH_HOST = _("--host {host}: {why}")
CANNOT_LISTEN = _("cannot listen at {host}, port {port}: {why}")
NOTHING_RECORDED = _("the run ended before there was anything to explore: {said}")
SERVING = _("graphlab: {name} is at {address} (Ctrl+C ends it)")
SERVES_OTHERS = _("graphlab: whoever reaches this machine can open the explorer, and run scripts as you with it")
THE_GALLERY = _("the gallery")
PAGE_TITLE = "{name} · graphlab"
PAGE_OPENING = _("The explorer opens…")
PAGE_ENDED = _("The explorer has ended.")
PAGE_AGAIN = _("Open it again")
PAGE_NO_SCRIPT = _("This page needs JavaScript.")
