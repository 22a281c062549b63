"""All words of the quiz, to be translated in one place. What the screen and the command say of it stands with them."""

from __future__ import annotations

from graphlab.language import _

KINDS = {
    "next-node": _("which node runs next"),
    "shape": _("shapes"),
    "gradient": _("the value of a gradient"),
    "accumulation": _("what is in .grad"),
    "leaves": _("leaves"),
    "update": _("the parameter after the step"),
    "authored": _("questions of the author"),
}
"""What a kind of question is called."""

# -- how to answer -----------------------------------------------------------------------------------------------------

NONE_OF_THEM = frozenset({"none", _("none")})
TYPE_ONE = _("answer with one letter, a to {last}")
TYPE_SEVERAL = _("answer with the letters of all that are right, a to {last}, or - for none")
TYPE_NUMBER = _("answer with a number, such as -0.25 or 2/3")
YES = _("yes")
NO = _("no")

# -- which node runs next ----------------------------------------------------------------------------------------------

NEXT_PROMPT = _("The backward has just run {last}. Which node runs next?")
NEXT_LEAF = _(
    "Its gradient is complete, and a leaf goes before everything else that is ready: all there is left to do is to put "
    "the gradient into .grad."
)
NEXT_ALONE = _("It is the only one whose gradient is complete: everything else still waits for a node above it.")
NEXT_LATEST = _(
    "Of those that are ready ({ready}) autograd runs the one that the forward made last: each grad_fn has a sequence "
    "number, and the largest goes first."
)
NEXT_READY_TOO = _("It is ready too, but the forward made it earlier; the node made last goes first.")
NEXT_WAITS_LEAF = _("It is ready too, but a leaf whose gradient is complete goes first.")
NEXT_NOT_READY = _("It is not ready: a part of its gradient is still to come, from {waits}.")
NEXT_FORWARD = _("That is the order of the forward; the backward goes the other way.")
NODE_OP = _("{op} of line {line}")
NODE_OP_NAMED = _("{op} of line {line} ({name})")
NODE_LEAF = _("the leaf {name}")
NODE_AT = _("{name}, made at e{event}")

# -- shapes ------------------------------------------------------------------------------------------------------------

SHAPE_PROMPT = _("Line {line}: `{code}`. Which shape does `{call}` make of {inputs}?")
SHAPE_OF_GRADIENT = _("`{name}.grad` is about to be filled. Which shape will it have?")
SHAPE_TURNED = _("Rows and columns are exchanged.")
SHAPE_OF_INPUT = _("That is the shape of what went in.")
SHAPE_KEPT = _("A dimension of 1 stays only where it is asked for (keepdim=True, unsqueeze).")
SHAPE_OTHER_DIMENSION = _("That would be left with another dim=.")
SHAPE_LOST = _("No dimension is dropped here, also not one of size 1.")
SHAPE_SCALAR = _("Not everything is added up into one number here.")
SHAPE_OUTER = _("The dimensions that meet in a product disappear; the outer ones stay.")
SHAPE_NOT_BROADCAST = _("A dimension of 1 is stretched to the other's size; the result has the larger of the two.")
WHY_PRODUCT = _("In a product {inputs} the inner dimensions meet and disappear; the outer ones stay: {shape}.")
WHY_BROADCAST = _(
    "The shapes are aligned from the right, and a dimension that is 1 or missing is stretched: {inputs} gives {shape}."
)
WHY_REDUCTION = _("`{call}` runs over dimensions and takes them away: of {inputs} {shape} is left.")
WHY_VIEW = _("`{call}` reads the same numbers in another shape: {inputs} becomes {shape}.")
WHY_GRADIENT = _(
    "A gradient has the shape of its leaf, always: one number for each number of {name}. What was stretched or used "
    "several times is added up on the way back."
)
SHAPE_UPSTREAM = _("That is the shape of the gradient before it is added up over what was stretched.")

# -- the value of a gradient -------------------------------------------------------------------------------------------

VALUE_PROMPT = _("The backward is about to run {node}: `{code}`. {numbers} What is ∂L/∂{name}{place}, by this path?")
VALUE_UPSTREAM = _("∂L/∂{name} = {value} has come.")
VALUE_KNOWN = _("{name} = {value}.")
VALUE_WHY = _("Local rule: ∂L/∂{name} = {formula}. Here {numbers} = {value}.")
VALUE_WHY_SHORT = _("Local rule: ∂L/∂{name} = {formula}. Here that is {value}.")
VALUE_PASSED = _("That is what came in: it is still to be multiplied by the local slope.")
VALUE_SIGN = _("The sign is wrong.")
VALUE_SLOPE = _("That is the local slope: it is still to be multiplied by what came in.")
SUM_PROMPT = _(
    "{name} was used {count} times, and along its edges came {parts}. Which gradient is `{name}.grad` given{place}?"
)
SUM_WHY = _("Gradients that meet at a node are added up: {parts} = {value}.")
SUM_ONE = _("That is one of the paths alone: all of them count.")
SUM_MEAN = _("They are added up, not averaged.")
SUM_PRODUCT = _("Along a path one multiplies; where paths meet one adds.")
AND = _(" and ")
PLACE = _(" at [{place}]")

# -- what is in .grad --------------------------------------------------------------------------------------------------

GRAD_ACCUMULATES = _("Line {line}: `{code}`. Its gradient is about to reach `{name}`. What will `{name}.grad` be then?")
GRAD_CLEARED = _("Line {line}: `{code}`. What will `{name}.grad` be after it?")
GRAD_UPDATED = _("Line {line}: `{code}` is about to change `{name}`. What will `{name}.grad` be after it?")
IS_NONE = _("None")
IS_ZERO = _("a tensor of zeros")
IS_NEW = _("the gradient of this backward alone")
IS_SUM = _("what is there now, plus the gradient of this backward")
IS_SAME = _("the same as before")
IS_STEP = _("minus the learning rate times the gradient")
GRAD_WAS_NONE = _("`{name}.grad` was None, so it becomes the gradient that came (norm {after}).")
GRAD_WAS_ZERO = _("There were zeros, and zero plus the gradient is the gradient (norm {after}).")
GRAD_ADDED = _(
    "backward() adds: there was a gradient of norm {before} from earlier, one of norm {added} came, and their sum has "
    "norm {after}. Nothing had cleared it."
)
GRAD_SET_NONE = _("The gradient is dropped: None says that there is none, and costs no memory.")
GRAD_SET_ZERO = _("It is overwritten with zeros: with set_to_none=False, or by zero_().")
GRAD_STAYS = _("An update reads .grad and changes the parameter; .grad stays until somebody clears it.")
GRAD_NOT_REACHED = _(
    "No path leads from the loss to `{name}`, so this backward puts nothing there: it is None, as before."
)
NOT_CLEARED_BY_BACKWARD = _("backward() clears nothing: it adds to what it finds.")
NOT_ZERO_BUT_NONE = _("zero_grad() sets None since PyTorch 2.0; zeros only with set_to_none=False.")
NONE_IS_NOT_ZERO = _("None and zeros are not the same: None says that no gradient has come.")
NOT_BY_UPDATE = _("An update never touches .grad; zero_grad() does.")
IS_REACHED = _("A path leads from the loss to it, so a gradient comes.")
NO_PATH = _("No path leads from the loss to it: follow the edges.")
NOT_ZERO_HERE = _("Zeros would come only if every path to it had a slope of 0.")
NOT_THE_STEP = _("backward() knows no learning rate: that is the optimizer's, and it comes later.")

# -- leaves ------------------------------------------------------------------------------------------------------------

LEAVES_PROMPT = _(
    "Line {line}: `{code}`. Which of these are leaves that require a gradient, so that a backward may fill their .grad?"
)
LEAVES_WHY = _(
    "A leaf is a tensor that no op of autograd made. {leaves}: made by the script and asked for a gradient. Results of "
    "ops pass their gradient on and keep none; data was not asked for one."
)
LEAF_IS = _("{name} is a leaf: no op made it, and it requires a gradient.")
LEAF_RESULT = _("{name} is the result of {op}: it has a grad_fn and is no leaf.")
LEAF_DATA = _("{name} requires no gradient: for autograd it is a constant.")

# -- the parameter after the step --------------------------------------------------------------------------------------

UPDATE_PROMPT = _(
    "Line {line}: `{code}` is about to update `{name}`. Now {element} = {before}, its gradient is {gradient}, the "
    "learning rate {rate}. What will {element} be?"
)
UPDATE_WHY = _("{before} − {rate} · ({gradient}) = {after}: downhill, against the gradient.")
UPDATE_ADAM_WHY = _(
    "{before} − {rate} · sign({gradient}) = {after}: Adam divides the gradient by its own size, so its first step is "
    "as long as the learning rate."
)
UPDATE_MOMENTUM_PROMPT = _(
    "Line {line}: `{code}` is about to update `{name}`. Now {element} = {before}, its gradient is {gradient}, the "
    "learning rate {rate}, the momentum {momentum}; the last step moved it by {kept}. What will {element} be?"
)
UPDATE_MOMENTUM_WHY = _(
    "{before} + {momentum} · ({kept}) − {rate} · ({gradient}) = {after}: the momentum keeps a part of the last move, "
    "and the gradient adds its own."
)
UPDATE_NESTEROV_PROMPT = _(
    "Line {line}: `{code}` is about to update `{name}`. Now {element} = {before}, its gradient is {gradient}, the "
    "learning rate {rate}, Nesterov's momentum {momentum}; with this gradient the velocity comes to {kept}. What will "
    "{element} be?"
)
UPDATE_NESTEROV_WHY = _(
    "{before} − {rate} · ({gradient} + {momentum} · ({kept})) = {after}: Nesterov looks ahead, to where the momentum "
    "will carry the velocity, and adds the gradient."
)
UPDATE_ADAM_PROMPT = _(
    "Line {line}: `{code}` is about to update `{name}`. Now {element} = {before}, its gradient is {gradient}, the "
    "learning rate {rate}. With it Adam's mean of the gradients comes to {kept}, the root of the mean of their squares "
    "to {root}. What will {element} be?"
)
UPDATE_ADAM_LATER_WHY = _(
    "{before} − {rate} · ({kept}) / {root} = {after}: where all gradients agree the step is as long as the learning "
    "rate, where they change their sign it is shorter."
)
UPDATE_NOT_AHEAD = _("That is ordinary momentum, a step along the velocity; Nesterov's looks one step ahead.")
UPDATE_UNDIVIDED = _("Adam divides the mean of the gradients by the root of the mean of their squares.")
UPDATE_NO_MOMENTUM = _("That is plain descent: it leaves out what the momentum keeps of the last move.")
UPDATE_WHOLE_MOMENTUM = _("The momentum keeps only a part of the last move.")
UPDATE_UPHILL = _("That goes uphill: the gradient points to where the loss grows, and is subtracted.")
UPDATE_NO_RATE = _("The gradient is multiplied by the learning rate first.")
UPDATE_UNCHANGED = _("The gradient is not 0, so the parameter moves.")
UPDATE_ONLY_STEP = _("That is the step alone; it is added to what the parameter was.")
UPDATE_LIKE_SGD = _("SGD would do that; Adam divides the gradient by its own size first.")
UPDATE_BARE = _("That is the learning rate without a sign: the step goes against the gradient.")

# -- questions of the author -------------------------------------------------------------------------------------------

AUTHORED_WHY = _("{expression} is {value}.")
AUTHORED_WHY_CHOICE = _("The author's answer: {answer}.")
NO_ANSWER = _("line {line}: the question has no answer: a comment that begins with `# =`")
NOT_RUN = _("line {line}: it never ran, so its question has no answer")
BAD_ANSWER = _("line {line}: the answer `{answer}` cannot be looked up: {reason}")
NOT_TRUE = _("line {line}: the author says {claimed}, the recording {found}")
NO_SUCH_NAME = _("there is no {name} at that moment")
NO_SUCH_PART = _("{owner} has no {name}")
NOT_KEPT = _("the values of {name} were not kept")
NOT_IN_LANGUAGE = _("`{text}` is not in the language of answers")

# -- where there is nothing to ask -------------------------------------------------------------------------------------

NOTHING_LIGHT = _(
    "this recording is in light detail and tells too little for questions: record it in full (without --detail light)"
)
NOTHING = _("there is nothing to ask about this run: no backward, no product of tensors, no update")
NOTHING_LARGE = _(
    "the graphs of this run have more than {most:,} nodes: too many to ask about one by one; take a smaller model"
)
