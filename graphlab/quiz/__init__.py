"""Predict, then look: questions that a recording itself answers, and what an answer to them was worth.

A kind of question is a module with `find`, which gives candidates; `choosing` picks among them.
"""

from graphlab.quiz.authored import find_problems
from graphlab.quiz.choosing import COUNT, choose_questions
from graphlab.quiz.question import Choice, Grade, Question, grade
from graphlab.quiz.score import Given, report_answers, score_by_kind

__all__ = [
    "COUNT",
    "Choice",
    "Given",
    "Grade",
    "Question",
    "choose_questions",
    "find_problems",
    "grade",
    "report_answers",
    "score_by_kind",
]
