"""A scenario in the language that was chosen: what it says, paragraph by paragraph, as the catalogs know it.

Separate from reading it, because the script stays what it is: its text, and so everything that is recorded, does not
change with the language of the person who looks. One function says which texts there are, for those who translate
them and for those who look them up, so that both mean the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from graphlab import language
from graphlab.errors import ScenarioError
from graphlab.scenario.lines import Chapter, narration, parse
from graphlab.scenario.questions import questions
from graphlab.scenario.read import Scenario, parse_source

# Where a paragraph's lines mean something: code, a table, a list, a quotation. As in Markdown, a number other than 1
# begins a list only at the beginning of a paragraph: elsewhere it is a sentence's last word.
_KEEPS_ITS_LINES = re.compile(r"^(?: {2,}|[|>]|[-*+] |1[.)] )|\A\d+[.)] ", re.MULTILINE)


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a Markdown text; those of plain prose as one line, however the script has cut them."""
    return [_one_line(part) for part in re.split(r"\n[^\S\n]*\n", text.strip("\n")) if part.strip()]


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield every text of a script that its reader shows, with its line: what a catalog has to translate."""
    scenario = parse_source(source, "scenario")
    head = (scenario.title, *paragraphs(scenario.description), scenario.section, scenario.question)
    yield from ((1, text) for text in head if text)
    spoken = [(line, part) for line, words in narration(source).items() for part in paragraphs(words)]
    titles = [(chapter.line, chapter.title) for chapter in scenario.chapters]
    yield from sorted([*titles, *spoken, *_asked(source)], key=_line)


def in_language(scenario: Scenario) -> Scenario:
    """Return the scenario with its title, section, question, description and chapters in the language chosen."""
    if language.current() == scenario.language:
        return scenario
    title = language.narration(scenario.title)
    return replace(
        scenario,
        title=title,
        section=language.narration(scenario.section),
        question=language.narration(scenario.question),
        description="\n\n".join(map(language.narration, paragraphs(scenario.description))),
        chapters=tuple(Chapter(chapter.line, language.narration(chapter.title)) for chapter in scenario.chapters),
        language=scenario.language if title == scenario.title else language.current(),
    )


def narration_told(source: str) -> dict[int, str]:
    """Return what `narration` finds in a script, in the language chosen."""
    return {line: "\n\n".join(map(language.narration, paragraphs(words))) for line, words in narration(source).items()}


def _asked(source: str) -> Iterator[tuple[int, str]]:
    """Yield what the author's questions ask, and of their answers those that are words: numbers and names stay."""
    for asked in questions(source):
        yield asked.line, asked.prompt
        for answer in (asked.answer, *asked.wrong):
            words = answer.strip("\"'")
            if words != answer or not _is_code(answer):
                yield asked.line, words


def _is_code(text: str) -> bool:
    try:
        parse(text.strip(), "")
    except ScenarioError:
        return False
    return True


def _one_line(paragraph: str) -> str:
    return paragraph if _KEEPS_ITS_LINES.search(paragraph) else " ".join(paragraph.split())


def _line(found: tuple[int, str]) -> int:
    return found[0]
