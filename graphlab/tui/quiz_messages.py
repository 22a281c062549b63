"""The words of the quiz's screen, in one place, so that they can be translated."""

from __future__ import annotations

from graphlab.language import _

TITLE = _("Predict, then look")
HEADER = _("{title}   question {number} of {count}   {right} right")
QUESTION = _("{kind}")
SCORE = _("Score")
SCORE_ALL = _("{right} of {asked} right")
SCORE_ROW = "  {kind:<36} {right:>2} / {asked}"
SCORE_NONE = _("Nothing was answered.")
RIGHT = _("Right.")
WRONG = _("Not quite.")
LEFT_OUT = _("Left out.")
THE_ANSWER = _("The answer: {answer}")
TYPED = _("your answer: {text}")
HINT_ONE = _("letter, Enter   Tab: skip   PgUp PgDn: graph   v: its view   Esc: end")
HINT_SEVERAL = _("all right letters, Enter   Tab: skip   PgUp PgDn: graph   Esc: end")
HINT_NUMBER = _("type a number (to within 1 %), Enter   Tab: skip   Esc: end")
HINT_TEXT = _("type the answer, Enter   Tab: skip   PgUp PgDn: graph   Esc: end")
HINT_TOLD = _("Enter: next   PgUp PgDn: graph   v: its view   Esc: end")
HINT_LAST = _("Enter: the score   Esc: end")
HINT_SCORE = _("Enter or Esc: close")
CHOOSE_FIRST = _("choose a letter first, or leave the question out with Tab")
NOTHING_YET = _("The run has to end before there are questions about it.")
NO_GRAPH = _("no graph is shown of a step in light detail, or of more than 5,000 nodes")
