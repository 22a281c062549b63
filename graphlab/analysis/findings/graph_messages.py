"""How findings about graphs that live too long, and about modes, are said: templates, to be translated."""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.analysis.findings.messages import at_line
from graphlab.language import _

KEPT_ALIVE = Text(
    "warning",
    _(
        "{name} keeps the graphs of {steps} earlier steps alive ({nodes:,} nodes), and with them all "
        "that they saved: it is given tensors with their graph{at}, so memory grows with every step"
    ),
    _("keep numbers, not graphs: loss.item() for what is summed or listed, h.detach() for a state that goes on"),
)
NEEDLESS_RETAIN = Text(
    "warning",
    _(
        "{count} backwards keep their graph (retain_graph=True at line {line}), but no other "
        "backward ever goes through any of their ops, so what they saved stays in memory for nothing"
    ),
    _(
        "leave retain_graph out; where it hides “backward through the graph a second time”, detach "
        "what is carried over instead"
    ),
)
EVALUATION = Text(
    "warning",
    _(
        "the forward at line {line} builds a graph ({count} ops that read parameters), and no "
        "backward ever goes through it: an evaluation without no_grad, which costs the memory and "
        "time of a training step"
    ),
    _("put it into `with torch.no_grad():` (or torch.inference_mode())"),
)
TRAINING_AT_REST = Text(
    "warning",
    _("{what} runs in eval mode in the forward of a training step{forward}: {why}{eval}"),
    _("call model.train() at the start of each training epoch, and model.eval() only for evaluation"),
)
LEFT_IN_EVAL = _("it was in training mode before, and stays in eval mode since the call of eval")
NEVER_IN_TRAINING = _("the model is never put into training mode after eval was called")
EVALUATION_AWAKE = Text(
    "warning",
    _(
        "{what} runs in training mode in an evaluation (under no_grad, its result is part of no loss) at line {line}: "
        "dropout "
        "still drops, batch norm takes the statistics of this batch and changes its own by it"
    ),
    _("call model.eval() before the evaluation, and model.train() after it; F.dropout needs training=self.training"),
)
WORDS = {"batch_norm": _("batch norm"), "eval": _("dropout or batch norm")}

__all__ = ["EVALUATION", "EVALUATION_AWAKE", "KEPT_ALIVE", "LEFT_IN_EVAL", "NEEDLESS_RETAIN", "NEVER_IN_TRAINING",
           "TRAINING_AT_REST", "WORDS", "at_line"]  # fmt: skip
