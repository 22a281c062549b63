"""`graphlab list` names the scenarios: JSON for programs, rows for pipes, a table for people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphlab.cli import main
from graphlab.scenario import list_scenarios


def test_json_has_the_keys_that_users_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    found = json.loads(output.out)
    assert [scenario["name"] for scenario in found] == [scenario.name for scenario in list_scenarios()]
    for scenario in found:
        assert list(scenario) == [
            "name",
            "title",
            "section",
            "description",
            "question",
            "language",
            "path",
            "parameters",
        ]
        assert Path(scenario["path"]).is_file()
        for parameter in scenario["parameters"]:
            assert list(parameter) == ["name", "type", "default"]


def test_every_kind_of_default_is_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "mine.py").write_text("A = (1, [2.5, None])\nB = -1e999\nC = 'é'\nD = True")
    main(["list", "--json"])
    mine = next(scenario for scenario in json.loads(capsys.readouterr().out) if scenario["name"] == "mine")
    assert mine["parameters"] == [
        {"name": "A", "type": "tuple", "default": [1, [2.5, None]]},
        {"name": "B", "type": "float", "default": "-Infinity"},
        {"name": "C", "type": "str", "default": "é"},
        {"name": "D", "type": "bool", "default": True},
    ]


def test_rows_name_scenario_title_and_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == len(list_scenarios())
    row = next(row for row in rows if row.startswith("rnn_cell "))
    assert "SEED=0" in row
    assert next(found.title for found in list_scenarios() if found.name == "rnn_cell") in row


def test_a_script_that_cannot_be_read_is_told_on_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "broken.py").write_text("x = )")
    assert main(["list", "--json"]) == 0
    output = capsys.readouterr()
    assert "rnn_cell" in [scenario["name"] for scenario in json.loads(output.out)]
    assert output.err.endswith("broken.py, line 1: unmatched ')'\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_it_is_a_table_that_fits(columns: int) -> None:
    import pty

    leader, follower = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "LINES": "40", "TERM": "xterm-256color", "NO_COLOR": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "graphlab", "list"], stdout=follower, stderr=follower, env=environment
    ) as child:
        os.close(follower)
        output = b""
        # Linux ends a pseudo-terminal with an error, other systems with nothing.
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            output += piece
    os.close(leader)
    assert child.returncode == 0
    lines = output.decode().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert any(line.startswith("scenario") for line in lines)
    assert any("rnn_cell" in line for line in lines)
    assert any("2 Computational graphs" in line for line in lines)
