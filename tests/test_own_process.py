"""A process of ours starts whatever lies in the current folder, and what it runs finds its own folder all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import graphlab
from graphlab.own_process import graphlab_command, python_command

_SHADOWS = ("copy", "types", "random", "inspect", "enum", "json", "re", "graphlab")


def _run(command: list[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout


def test_a_child_imports_python_s_own_modules_and_ours_not_those_of_the_current_folder(tmp_path: Path) -> None:
    for name in _SHADOWS:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the module of the current folder was imported')\n")
    found = _run(python_command("import copy, types, graphlab.cli; print(graphlab.__file__)"), tmp_path)
    assert found.strip() == graphlab.__file__
    assert not {"\n", '"'} & set("".join(graphlab_command())), "a shell of Windows may have to take it"
    assert _run([*graphlab_command(), "--version"], tmp_path).strip().endswith(graphlab.__version__)


def test_a_child_finds_graphlab_where_it_is_on_the_path_through_the_current_folder_alone(tmp_path: Path) -> None:
    code = "import sys; print(sys.path[-1])"
    command = python_command(code)
    found = subprocess.run(
        [command[0], "-S", "-E", *command[1:]], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    )
    assert Path(found.stdout.strip()) == Path(graphlab.__file__).parent.parent


def test_python_m_graphlab_starts_beside_a_module_of_the_user_s_that_is_called_as_one_of_python_s(
    tmp_path: Path,
) -> None:
    for name in ("copy", "typing"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the module of the current folder was imported')\n")
    path = str(Path(graphlab.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-m", "graphlab", "list", "--json"],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
