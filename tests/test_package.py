"""The wheel that the repo builds works where the repo is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program as a user would: without this checkout on its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    child = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert child.returncode == 0, child.stderr
    return child.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    # --no-isolation: the backend is among the pinned development packages, and a test needs no network.
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPO, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a new environment that sees the packages of this one, and return its programs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    paths = {"base": str(folder), "platbase": str(folder)}
    site_packages = Path(sysconfig.get_path("purelib", "venv", paths))
    # A path line, unlike a folder that `site` adds, does not read the .pth files in there: the checkout stays out.
    (site_packages / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    scripts = Path(sysconfig.get_path("scripts", "venv", paths))
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel, cwd=folder)
    return scripts


def test_the_wheel_holds_what_is_no_python_too(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder, ending, inside in [
        ("graphlab", "*.sql", "graphlab"),
        ("graphlab", "*.tcss", "graphlab"),
        ("graphlab/fonts", "*", "graphlab/fonts"),
        ("graphlab/cli/lessons", "*", "graphlab/cli/lessons"),
        ("scenarios", "*.py", "graphlab/_scenarios"),
        ("scenarios/data", "*", "graphlab/_scenarios/data"),
    ]:
        files = [path for path in (REPO / folder).rglob(ending) if path.is_file() and "__pycache__" not in path.parts]
        assert {f"{inside}/{path.relative_to(REPO / folder).as_posix()}" for path in files} <= names
    assert "graphlab/py.typed" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "docs/"))]


def test_an_installed_graphlab_lists_the_scenarios_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    scenarios = json.loads(run(installed / "graphlab", "list", "--json", cwd=tmp_path))
    assert {scenario["name"] for scenario in scenarios} == {path.stem for path in (REPO / "scenarios").glob("*.py")}
    for scenario in scenarios:
        assert Path(scenario["path"]).is_relative_to(installed.parent)


def test_an_installed_graphlab_is_the_wheels_and_not_the_checkouts(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import graphlab; print(graphlab.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    assert run(installed / "python", "-m", "graphlab", "--version", cwd=tmp_path).startswith("graphlab ")


@pytest.mark.skipif(not (REPO / "graphlab" / "cli" / "run.py").exists(), reason="there is no `graphlab run` yet")
def test_an_installed_graphlab_records_into_the_empty_folder(installed: Path, tmp_path: Path) -> None:
    run(installed / "graphlab", "run", "rnn_cell", cwd=tmp_path)
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == ["rnn_cell.glab"]
