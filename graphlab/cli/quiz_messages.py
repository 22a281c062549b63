"""What `graphlab quiz` says without a screen, in one place, so that it can be translated."""

from __future__ import annotations

from graphlab.language import _, plural

HEAD = plural("{title}: one question (seed {seed})", "{title}: {count} questions (seed {seed})")
QUESTION = _("{number}. step {step}, event e{event}")
CHOICE = "   {letter}) {text}"
ASK_ONE = _("one letter: ")
ASK_SEVERAL = _("all letters that are right, or -: ")
ASK_NUMBER = _("a number, to within 1 %: ")
ASK_TEXT = _("your answer: ")
RIGHT = _("Right: {answer}.")
WRONG = _("Not quite: {answer}.")
LEFT_OUT = _("Left out: {answer}.")
SCORE = _("{right} of {asked} right")
SCORE_ROW = _("  {kind}: {right} of {asked}")
PROBLEM = _("graphlab: {problem}")
NO_ANSWERS = _("no answers came: the input is at its end (`--json` writes the questions with their answers)")
ANSWERS_END = _("graphlab: the answers end before question {number} of {count}: from there on nothing was asked")
NO_ANSWERS_FILE = _("cannot read the answers in {name}: {why}")
