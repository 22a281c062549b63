"""Questions of authors are read from the comments of a script, and from its docstring what it raises on purpose."""

from __future__ import annotations

import textwrap

from graphlab.scenario import AuthoredQuestion, narration, parse_source, questions

QUESTIONS = textwrap.dedent("""\
    # Two numbers.
    # ? What shape has
    # their sum?
    # = a.shape == (2, 1)
    a = one + two
    # ?Which is larger?
    # = "a"
    # - "b", for it came
    #   second
    # - "neither"
    # ? And why?
    b = a
    # = 3 is no answer without a question
    # - a list
    c = b

    # ? asked of nothing

    d = c
""")


def test_questions_stand_at_the_end_of_the_comment_above_a_line_and_are_no_narration() -> None:
    assert questions(QUESTIONS) == [
        AuthoredQuestion(5, "What shape has their sum?", "a.shape == (2, 1)", ()),
        AuthoredQuestion(12, "Which is larger?", '"a"', ('"b", for it came second', '"neither"')),
        AuthoredQuestion(12, "And why?", "", ()),
    ]
    assert narration(QUESTIONS) == {5: "Two numbers.", 15: "= 3 is no answer without a question\n- a list"}


def test_a_script_may_say_that_it_raises_on_purpose() -> None:
    scenario = parse_source('"""Title\n\nRaises: RuntimeError\nSection: 1 A\n"""', "x.py")
    assert (scenario.raises, scenario.section, scenario.description) == ("RuntimeError", "1 A", "")
    assert not parse_source('"""Title"""', "x.py").raises
