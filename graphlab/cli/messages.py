"""What the command line itself says, in one place, so that it can be translated.

The messages of errors from deeper down stand where they are raised; `FAILURE` puts the program's name before them.
"""

from __future__ import annotations

USAGE = "usage: graphlab [COMMAND] [OPTIONS]"
PURPOSE = "A time-travel explorer for PyTorch computational graphs. Without a command: the gallery of scenarios."
COMMANDS_TITLE = "commands:"
GENERAL_OPTIONS = """options:
  -h, --help     show this, or with a command its options
  --version      show the version
  --lang CODE    the language of all texts: en or es (without it, that of LANGUAGE, LC_ALL, LC_MESSAGES or LANG)"""
SOURCES = """SOURCE is the name of a scenario (`graphlab list`), a path to any .py script, or -m package.module.
Arguments for the script itself stand after `--`."""
MORE = "(see `{program} --help`)"

FAILURE = "graphlab: {message}"
UNEXPECTED = "graphlab: unexpected {type}: {message} (GRAPHLAB_DEBUG=1 shows where)"
INTERRUPTED = "graphlab: interrupted"
BAD_LANGUAGE = "--lang takes one of {known}, not {text!r}"
UNKNOWN_COMMAND = "there is no command {name!r}{suggestion} (see `graphlab --help`)"
NOT_A_COMMAND = "there is no command {name!r}; did you mean `graphlab explore {name}`?"
UNKNOWN_OPTION = "{program} has no option {name!r}{suggestion} (see `{program} --help`)"
UNEXPECTED_ARGUMENT = "{program} does not take {name!r} (see `{program} --help`)"
NO_SCRIPT_ARGUMENTS = "{program} runs no script: it takes nothing after `--`"
NO_TERMINAL = "the gallery needs a terminal; `graphlab list` names the scenarios, `graphlab run` records one"
NO_SOURCE = "name a scenario, a script or -m MODULE (`graphlab list` names the scenarios)"
ONE_SOURCE = "-m MODULE and {name!r} cannot be given together"
NO_DEVICE_PARAMETER = "{scenario} has no parameter 'DEVICE', so --device {device} would change nothing"
BAD_SIZE = "--max-size takes a size such as 500MB or 2GB, not {text!r}"
BAD_COUNT = "{option} takes a whole number from {least}{most}, not {text!r}"

EXIT_INTERRUPTED = 130
ALL_OR_SOME = "--all runs every scenario: name none beside it"
FOLDER_FOR_SEVERAL = "several recordings need a folder: -o {name!r} names a file"
BAD_WINDOW = "{option} takes steps such as 480:490 or 480, not {text!r}"
ONLY_LIGHT = "{option} goes with --detail light: in full every step is recorded in full"
RECORDED = "graphlab: recorded {path}"
FILES_CHANGED = "graphlab: changed since they were recorded, so the runs may differ: {files}"
REPLAY_AGREES = "graphlab: the losses of all {count} steps are the same, bit for bit, as in the first run"
REPLAY_PARTED = "graphlab: the two runs part at step {step}: the loss was {then} then, {now} now; {advice}"
REPLAY_SHORT = "graphlab: the script ended{error} before step {step} was done, which the first run has; {compared}"
ENDED_WITH = " with {error}"
COMPARED_NONE = "no step could be compared"
COMPARED_SOME = "up to there the losses are the same, bit for bit"
SEED_THESE = "seed what is drawn at random ({calls}) or record with --seed 0, then replay that"
SEED_NOTHING = (
    "all of torch, numpy and random is seeded or unused, so it is something else: the order of threads, time, a file "
    "that has changed"
)
NO_LOSS = "none"
RUN_INTERRUPTED = "graphlab: interrupted; recorded up to here in {path}"
RUN_FAILED = "graphlab: the script raised; recorded up to there in {path}"
RUN_CUT_OFF = "graphlab: {said}; what was recorded by then is in {path}"
CUT_OFF = "graphlab: {said}"
PROGRESS = "{bar}step {steps}  {events:,} events"
STEP_ROW = "step {step:>5}  loss {loss:<11} |grad| {norms}{more}"
MORE_LEAVES = "  and {count} more"

AT_NEEDS_RULE = "--at goes with --rule, --paths and --jacobian: it says as of which event"
BAD_EVENT = "--at takes an event such as e14 or 14, not {text!r}"
NO_SUCH_NODE = (
    "there is no node {text!r} at e{event} in step {step} (`graphlab show {recording} --plain` names the ops)"
)
RULE_LEAF = "{name} is a leaf: {rule}"
RULE_HEAD = "node {node}: {name} {shape}  {op}  made by {call}{line}"
RULE_LINE = ", line {line}"
RULE_RAN = "its backward ran at e{event}"
RULE_WAITS = "its backward has not run by e{event}: there are no numbers yet"
RULE_UPSTREAM = "came     ∂L/∂{name}  {figures}"
RULE_KEPT = "kept     {name} = {source}  {figures}"
RULE_NUMBERS = "numbers  {numbers}"
RULE_ALONE = "(nothing else holds it)"
RULE_MADE_BY = "made by  the backward of {name} (node {node})"
RULE_MADE = "made     in its backward: {nodes}"
RULE_INPUT = "∂L/∂{name} = {formula}"
RULE_SHAPES = "  contracts {contraction}"
RULE_RECORDED = "  recorded  {figures}"
RULE_COMPUTED = "  reckoned  {figures}"
RULE_ERROR = "  relative error {error}{verdict}"
RULE_DIFFERS = ": MORE THAN ROUNDING"
RULE_FIGURES = "{shape}  norm {norm}{values}"
PATHS_NOT_A_LEAF = "{name} is no parameter and no leaf: paths lead from the loss to one of these"
PATHS_NO_BACKWARD = "no backward began by e{event} in step {step}"
PATHS_HEAD = "{count} paths lead from the loss to {name}{by}; their sum is the gradient (relative error {error})"
PATHS_BY_MODULE = ", told apart by the modules that they run through"
PATHS_ROW = "{share:>7}  norm {norm:<11} {path}"
JACOBIAN_HEAD = "∂{name}/∂{source}: {rows} × {columns}, rank {rank}, singular values {values}"
JACOBIAN_NONE = "∂{name}/∂{source}: {why}"
RULE_NONE_CAME = "None"

AT_NEEDS_VERIFY = "--at goes with --verify: it says the gradients of which backward"
VERIFY_HEAD = "gradients of backward {backward}, checked with central differences in 64 bits (loss {now}{then})"
VERIFY_THEN = "; recorded {then}"
VERIFY_OTHER = (
    "the run in 64 bits came to another loss: the recorded gradients are of another point, and differ for that"
)
VERIFY_COLUMNS = "leaf             shape      relative error   autograd in 64 bits   moved"
VERIFY_ROW = "{name:<16} {shape:<10} {error:<16} {exact:<21} {moved}{verdict}"
VERIFY_DIFFERS = "  DIFFERS"
VERIFY_MOVED = ("{count} element", "{count} elements")
VERIFY_DIRECTION = " and one direction across all"
VERIFY_MORE = "and {count} more leaves (name one: --verify LEAF)"
VERIFY_NONE = "there is no leaf whose gradient could be checked"

STEP_NEEDS_FIND = "--step goes with --find: it says in which step to look"
EMPTY_QUERY = "--find takes what to look for, such as relu, name:W_h or 'grad:nan'"
MATCH_ROW = "e{event}  step {step}  {words}"
MATCHES = ("{count:,} match", "{count:,} matches")
EVENT_ROW = "e{event} step {step} {phase}: {words}"
OVERVIEW = "{scenario}  {status}  torch {torch}  {device}  seed {seed}  detail {detail}"
COUNTS = "events {events:,}  steps {steps:,}  distinct graphs {graphs:,}"
NOTE = "note: {note}"
RAISED = "raised {error} (line {line})"
STEPS_HEAD = "  step  loss         first    last     nodes  edges"
STEPS_ROW = "{step:>6}  {loss:<11}  {first:<7}  {last:<7}  {nodes:>5}  {edges:>5}"
STEPS_LEFT_OUT = "     …  {count:,} more"
BAD_EVENT = "--at takes an event such as e12, not {text!r}"
ONE_MOMENT = "--at names the moment: --step, --phase and --line cannot be given beside it"
ONE_OR_TWO_STEPS = "--step goes once, for both, or twice: for A and for B"
ONE_SOURCE_TWO_STEPS = "one source is compared with itself: give --step twice, or name another"
NO_STEP_OF_GRAPH = "{name} holds one graph: --step goes with a recording or a script"
BAD_FACTOR = "--factor takes a number from 1, or none, not {text!r}"
SIDE = "{side}  {name}{step}"
OF_STEPS = "  step {step} of {steps}"
NO_PICTURE = "a comparison is no table: {ending} is written by `graphlab export`"
TWO_RUNS = "curves on one axis are those of two runs: name two recordings, scripts or scenarios"
NOT_OF_TWO_RUNS = "{option} goes with the plot of one run, not of two"
NUMBERS_OF_RUNS = "--numbers compares two runs: name two recordings, scripts or scenarios, and no step"
BAD_BESIDE = "--beside takes a step of A and one of B, such as 11:1, not {text!r}"
NO_RECORDING = "the run of {name} left no recording"
NOT_OF_PLOT = "{option} goes with --what {whats}, not {what}"
BAD_COLUMNS = "--columns takes two numbers such as 2,3, not {text!r}"
EXPORTED = "graphlab: wrote {path}"
PRESS_NEEDS_SCREENSHOT = "--press needs --screenshot FILE.svg: it presses the keys without a terminal"
EXPLORER_NEEDS_TERMINAL = "the explorer needs a terminal; without one: --screenshot FILE.svg, or `graphlab export`"
SCREENSHOT_ENDING = "--screenshot writes .svg or .txt, not {name}"
BAD_SIZE_OF_SCREEN = "--size takes columns and rows such as 120x40, not {text!r}"
BAD_SHOWN = "--show takes any of value, gradient and shape, with commas between them, not {text!r}"
HOPS_ALONE = "--hops counts from a node: name one with --focus"
NO_FOCUS = "--focus finds no node {text!r} in the graph of this step: give a name, a number or a query such as op:relu"
BAD_SCALE = "--scale takes a number such as 2 or 1.5, not {text!r}"
ALL_LEAVES = "all {norm} "
RUNNING = "graphlab: running {name}"

# -- static graphs -----------------------------------------------------------------------------------------------------

BAD_TRACER = "there is no tracer {text!r}: choose {known}, or all (into .json)"
ALL_IN_JSON = "--static all goes into one .json file: name such a file, or one tracer"
NOT_OF_STATIC = "a static graph has no {what}: choose a picture, .json, .dot, .graphml or .txt"
NO_STATIC = "{tracer} makes no graph of {target}: {line}{reason}"
NO_STATIC_GRAPH = "the script ended before there was anything to trace"

# -- findings ----------------------------------------------------------------------------------------------------------

FINDING_LINE = "    {line} | {text}"
IN_STEP = "step {step}"
AT_EVENT = "e{event}"
AT_LINE = "{file}:{line}{also}"
ALSO_LINES = " (with {lines})"
REMEDY = "→"
LOOKS_CLOSER = "graphlab: replaying step {step} in full, to see the op (--no-replay leaves this out)"
NOT_CLOSER = (
    "graphlab: the script did not run again as it was recorded: what light detail knows of step {step} is shown"
)
NO_FINDINGS = "nothing found"
FINDINGS = "found {counts}"
COUNT_OF = {
    "error": ("{count} error", "{count} errors"),
    "warning": ("{count} warning", "{count} warnings"),
    "note": ("{count} note", "{count} notes"),
}

# -- a lesson of one's own ---------------------------------------------------------------------------------------------

NEW_NEEDS_SCRIPT = "name the script to write, such as my_lesson.py, not {name!r}"
NEW_EXISTS = "{name} is there already: choose another name, nothing is overwritten"
BAD_TITLE = "--title takes one line of text, not {text!r}"
NEW_WRITTEN = "graphlab: wrote {path}; try it: graphlab explore {path}"

# -- the explorer in a browser -----------------------------------------------------------------------------------------

SERVE_NEEDS = "the explorer in a browser needs textual-serve: pip install 'graphlab[serve]'"
PORT_TAKEN = "port {port} is taken: choose another with --port, or --port 0 for one that is free"
NO_SUCH_HOST = "--host {host}: {why}"
CANNOT_LISTEN = "cannot listen at {host}, port {port}: {why}"
NOTHING_RECORDED = "the run ended before there was anything to explore: {said}"
SERVING = "graphlab: {name} is at {address} (Ctrl+C ends it)"
SERVES_OTHERS = "graphlab: whoever reaches this machine can open the explorer, and run scripts as you with it"
THE_GALLERY = "the gallery"
PAGE_TITLE = "{name} · graphlab"
PAGE_OPENING = "The explorer opens…"
PAGE_ENDED = "The explorer has ended."
PAGE_AGAIN = "Open it again"
PAGE_NO_SCRIPT = "This page needs JavaScript."
