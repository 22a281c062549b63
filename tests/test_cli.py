"""The command line's frame: words, help, exit codes, and one clear line for whatever goes wrong."""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import graphlab
from graphlab.cli import main, parser
from graphlab.cli.gallery import has_screen
from graphlab.cli.options import (
    add_json,
    add_run_options,
    add_source,
    chosen_parameters,
    find_scenarios,
    read_run_options,
    read_size,
)
from graphlab.cli.output import finite, write_json, write_line
from graphlab.errors import GraphlabError, RecordingError, ScenarioError, UsageError
from graphlab.scenario import parse_source


def run_graphlab(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "graphlab", *words], capture_output=True, text=True, check=False, timeout=120, **options
    )


def declare(options: argparse.ArgumentParser) -> None:
    add_source(options, is_several=True)
    add_run_options(options)
    add_json(options)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put a command `fake` beside the real ones; a test says what it does."""
    command = SimpleNamespace(__doc__="Do as told.\n\nMore.", declare=declare, run=lambda arguments: 0)
    real = parser.load_command
    monkeypatch.setattr(parser, "load_command", lambda name: command if name == "fake" else real(name))
    monkeypatch.setattr("graphlab.cli.entry.load_command", parser.load_command)
    return command


def parse(*words: str) -> argparse.Namespace:
    command: Any = SimpleNamespace(__doc__="Do as told.", declare=declare)
    return parser.parse("fake", command, words)


# --- words


def test_help_names_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["-h"], ["help"]):
        assert main(words) == 0
        output = capsys.readouterr()
        assert output.err == ""
        for name in parser.COMMANDS:
            summary = (parser.load_command(name).__doc__ or "").splitlines()[0]
            assert f"  {name}" in output.out
            assert summary in output.out


@pytest.mark.parametrize("name", parser.COMMANDS)
def test_a_commands_help_is_its_docstring(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([name, "--help"], ["help", name]):
        assert main(words) == 0
        output = capsys.readouterr()
        assert output.err == ""
        assert f"usage: graphlab {name}" in output.out
        for line in (parser.load_command(name).__doc__ or "").strip().splitlines():
            assert line in output.out


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"graphlab {graphlab.__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lst"], "there is no command 'lst'; did you mean 'list'? (see `graphlab --help`)"),
        (["zzzz"], "there is no command 'zzzz' (see `graphlab --help`)"),
        (["rnn_cell"], "there is no command 'rnn_cell'; did you mean `graphlab explore rnn_cell`?"),
        (["help", "lst"], "there is no command 'lst'; did you mean 'list'? (see `graphlab --help`)"),
        (["--nope"], "graphlab has no option '--nope' (see `graphlab --help`)"),
        (
            ["list", "--jsno"],
            "graphlab list has no option '--jsno'; did you mean '--json'? (see `graphlab list --help`)",
        ),
        (["list", "--js"], "graphlab list has no option '--js'; did you mean '--json'? (see `graphlab list --help`)"),
        (["list", "--zzz=1"], "graphlab list has no option '--zzz' (see `graphlab list --help`)"),
        (
            ["run", "train.py", "--epochs", "5"],
            (
                "graphlab run has no option '--epochs'; did you mean '--steps'? "
                "(the script's own arguments stand after `--`; see `graphlab run --help`)"
            ),
        ),
        (["list", "extra"], "graphlab list does not take 'extra' (see `graphlab list --help`)"),
        (["list", "--json=1"], "argument --json: ignored explicit argument '1' (see `graphlab list --help`)"),
        (["list", "--", "a"], "graphlab list runs no script: it takes nothing after `--`"),
    ],
    ids=" ".join,
)
def test_a_wrong_word_is_told_in_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"graphlab: {said}\n"


def test_without_a_terminal_the_gallery_says_what_to_do_instead() -> None:
    child = run_graphlab(stdin=subprocess.DEVNULL)
    assert child.returncode == 2
    assert child.stderr.startswith("graphlab: the gallery needs a terminal; `graphlab list`")
    assert child.stderr.count("\n") == 1


def test_a_terminal_that_moves_no_cursor_is_no_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{name}.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert has_screen()
    monkeypatch.setenv("TERM", "dumb")
    assert not has_screen()
    assert main(["explore", "x.glab"]) == 2
    assert capsys.readouterr().err.startswith("graphlab: the explorer needs a terminal")


# --- errors and exit codes


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (GraphlabError("all is lost"), "graphlab: all is lost"),
        (UsageError("two\n  lines"), "graphlab: two lines"),
        (RecordingError("x.glab is damaged"), "graphlab: x.glab is damaged"),
        (FileNotFoundError(2, "No such file", "x.svg"), "graphlab: x.svg: No such file"),
        (OSError(28, "No space left on device"), "graphlab: No space left on device"),
        (KeyError("x"), "graphlab: unexpected KeyError: 'x' (GRAPHLAB_DEBUG=1 shows where)"),
        (RecursionError("deep"), "graphlab: unexpected RecursionError: deep (GRAPHLAB_DEBUG=1 shows where)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_and_code_2(
    error: Exception,
    said: str,
    fake: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(arguments: argparse.Namespace) -> int:
        raise error

    fake.run = fail
    monkeypatch.delenv("GRAPHLAB_DEBUG", raising=False)
    assert main(["fake"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == said + "\n"
    monkeypatch.setenv("GRAPHLAB_DEBUG", "1")
    assert main(["fake"]) == 2
    output = capsys.readouterr()
    assert output.err.startswith("Traceback")
    assert output.err.endswith(said + "\n")


def test_an_interrupt_is_code_130(fake: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(arguments: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    fake.run = interrupt
    assert main(["fake"]) == 130
    assert capsys.readouterr().err == "graphlab: interrupted\n"


def test_a_scripts_own_exit_passes_through(fake: SimpleNamespace) -> None:
    def leave(arguments: argparse.Namespace) -> int:
        raise SystemExit(7)

    fake.run = leave
    with pytest.raises(SystemExit) as caught:
        main(["fake"])
    assert caught.value.code == 7


def test_a_commands_code_is_the_exit_code(fake: SimpleNamespace) -> None:
    fake.run = lambda arguments: 1
    assert main(["fake"]) == 1


def test_a_reader_that_left_is_no_error(tmp_path: Path) -> None:
    """`graphlab list | head -0`, with more output than a pipe holds."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "long.py").write_text(f'"""{"x" * 300_000}"""')
    with subprocess.Popen(
        [sys.executable, "-m", "graphlab", "list", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(30) == 0


def test_python_m_graphlab_is_graphlab() -> None:
    child = run_graphlab("--version")
    assert (child.returncode, child.stdout, child.stderr) == (0, f"graphlab {graphlab.__version__}\n", "")
    assert run_graphlab("nope").returncode == 2


# --- shared options


def test_options_have_the_defaults_that_the_help_states() -> None:
    arguments = parse("rnn_cell")
    options = read_run_options(arguments)
    assert (options.steps, options.seed, options.device, options.settings) == (None, None, None, ())
    assert (options.detail, options.max_size, options.has_values) == ("full", 2_000_000_000, True)
    assert options.script_arguments == ()
    assert not arguments.json


def test_options_are_read() -> None:
    words = "a b --steps 3 --seed 0 --device cuda --set LR=1 --set A=x=y --detail light --max-size 1.5GiB --no-values"
    options = read_run_options(parse(*words.split(), "--", "--epochs", "3", "--", "--help"))
    assert (options.steps, options.seed, options.device) == (3, 0, "cuda")
    assert options.settings == ("LR=1", "A=x=y")
    assert (options.detail, options.max_size, options.has_values) == ("light", 1_610_612_736, False)
    assert options.script_arguments == ("--epochs", "3", "--", "--help")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--steps 0", "--steps takes a whole number from 1, not '0'"),
        ("--steps x", "--steps takes a whole number from 1, not 'x'"),
        ("--seed -1", "--seed takes a whole number from 0 to 4294967295, not '-1'"),
        ("--seed 4294967296", "--seed takes a whole number from 0 to 4294967295"),
        ("--max-size big", "--max-size takes a size such as 500MB or 2GB, not 'big'"),
        ("--max-size 0", "--max-size takes a size"),
        ("--device tpu", "argument --device: invalid choice: 'tpu'"),
        ("--steps", "argument --steps: expected one argument"),
    ],
)
def test_a_wrong_value_is_told_in_one_line(words: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_run_options(parse(*words.split()))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("2GB", 2 * 10**9),
        ("2gb", 2 * 10**9),
        ("500 MB", 5 * 10**8),
        ("1.5k", 1500),
        ("1KiB", 1024),
        ("3B", 3),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert read_size(text) == size


def test_sources_are_scenarios_scripts_or_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("LR = 0.1")
    assert [found.name for found in find_scenarios(parse("rnn_cell", "train.py"))] == ["rnn_cell", "train"]
    assert [found.name for found in find_scenarios(parse("-m", "train"))] == ["train"]
    with pytest.raises(UsageError, match="name a scenario, a script or -m MODULE"):
        find_scenarios(parse())
    with pytest.raises(UsageError, match="-m MODULE and 'rnn_cell'"):
        find_scenarios(parse("rnn_cell", "-m", "train"))
    with pytest.raises(ScenarioError, match="no scenario 'nope'"):
        find_scenarios(parse("nope"))


def test_options_set_the_parameters_that_the_script_has() -> None:
    script = parse_source("STEPS = 5\nSEED = 0\nDEVICE = 'cpu'\nLR = 0.1", "x.py")
    words = "--steps 3 --seed 1 --device cuda --set LR=1 --set SEED=2"
    options = read_run_options(parse(*words.split()))
    assert chosen_parameters(options, script) == {"STEPS": 3, "SEED": 2, "DEVICE": "cuda", "LR": 1.0}
    assert chosen_parameters(read_run_options(parse()), script) == {}
    assert chosen_parameters(read_run_options(parse("--device", "auto")), script) == {}


def test_steps_and_seed_are_the_recorders_where_the_script_has_none() -> None:
    script = parse_source("LR = 0.1", "x.py")
    assert chosen_parameters(read_run_options(parse("--steps", "3", "--seed", "1")), script) == {}
    with pytest.raises(UsageError, match="x has no parameter 'DEVICE', so --device cpu would change nothing"):
        chosen_parameters(read_run_options(parse("--device", "cpu")), script)
    with pytest.raises(UsageError, match=r"no parameter 'LRR'; did you mean 'LR'\?"):
        chosen_parameters(read_run_options(parse("--set", "LRR=3")), script)


# --- output


def test_json_has_strings_for_the_numbers_that_it_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"a": [float("nan"), float("inf")], "b": (float("-inf"), 1.5, True, None, "∇")})
    assert capsys.readouterr().out == (
        '{"a": ["NaN", "Infinity"], "b": ["-Infinity", 1.5, true, null, "\\u2207"]}\n'
    )  # fmt: skip
    assert finite({}) == {}


def test_a_sign_that_the_terminal_lacks_becomes_a_question_mark() -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="cp1252", newline="\n")
    write_line("∇ é", stream)
    stream.flush()
    assert buffer.getvalue().decode("cp1252") == "? é\n"
