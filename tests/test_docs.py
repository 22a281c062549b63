"""What docs and README say is what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from docs import make_pictures
from graphlab.cli.parser import COMMANDS, load_command, parse
from graphlab.scenario import list_scenarios
from graphlab.tui.keys import keys_of

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_page_on_the_explorer_lists_the_keys_of_the_one_table() -> None:
    page = (ROOT / "docs" / "explorer.md").read_text(encoding="utf-8")
    assert page == make_pictures.with_keys(page)
    assert all(key.help in page for key in keys_of("explorer"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`graphlab {name}" not in text] == []


@pytest.mark.parametrize("page", ["README.md", "README.es.md"])
def test_readme_says_how_many_scenarios_there_are(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    (tens,) = re.findall(r"(?:More than|más de) (\d+) (?:scenarios|escenarios)", text)
    assert int(tens) == (len(list_scenarios()) - 1) // 10 * 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_shown_is_one_that_graphlab_takes(page: Path) -> None:
    for block in re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True) if line.startswith("graphlab ") else []
            if len(words) > 1:
                parse(words[1], load_command(words[1]), words[2:])
