"""Which lines end, in which order, and what they bind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.recorded import bound, events, lines, record_text, tags, try_text


def test_a_callees_lines_come_before_the_callers(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        def outer(n):
            def inner():
                return n + 1
            return inner()
        def fact(n):
            return 1 if n == 0 else n * fact(n - 1)
        a = outer(
            torch.ones(2),
        )
        b = fact(2)
        """,
    )
    assert lines(run) == [1, 2, 6, 3, 4, 5, 8, 7, 7, 7, 11]
    frames = [event.frame for event in run.events if event.kind == "line"]
    assert frames == [1, 1, 1, 2, 3, 2, 1, 6, 5, 4, 1]
    assert bound(run, 8) == {"a": "tensor"}
    assert bound(run, 11) == {"b": "2"}
    held = {variable.name: variable for variable in run.variables(run.moment(line=5))}
    assert held["n"].function == "outer"


def test_a_statement_of_several_lines_counts_as_its_first(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        '''\
        """Docstring
        of two lines"""
        import torch
        a = torch.add(
            torch.ones(2),
            torch.ones(2),
        )
        text = """
        more
        """
        if (
            a.sum() > 0
            and True
        ):
            b = 1
        elif (
            a is None
        ):
            b = 2
        assert (
            b == 1
        )
        ''',
    )
    assert lines(run) == [3, 4, 8, 11, 15, 20]
    assert {event.line for event in events(run, "op")} == {4, 11}


def test_statements_in_one_line_count_as_one_and_bind_all_their_names(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch; a = torch.ones(2); b = a * 2
        if (c := b.sum()) > 0: d = 1
        """,
    )
    assert lines(run) == [1, 2]
    assert bound(run, 1) == {"a": "tensor", "b": "tensor"}
    assert bound(run, 2) == {"c": "tensor", "d": "1"}


def test_a_with_block_a_loop_and_a_try_are_counted_each_time_they_begin(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        with torch.no_grad(), \\
                torch.enable_grad():
            a = 1
        for i in range(2):
            b = i
        while b < 3:
            b += 1
        try:
            torch.mm(a, a)
            c = 0
        except TypeError as error:
            c = 1
        finally:
            d = 2
        with torch.no_grad() as nothing:
            pass
        e = 3
        """,
    )
    assert lines(run) == [1, 2, 4, 5, 6, 5, 6, 5, 7, 8, 7, 8, 7, 9, 10, 12, 13, 15, 16, 17, 18]
    assert bound(run, 12) == {"error": "other"}
    assert bound(run, 8) == {"b": "3"}


def test_generators_comprehensions_coroutines_and_matches_belong_where_they_are_written(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import asyncio
        import torch
        def numbers():
            for i in range(2):
                kept = torch.ones(1) * i
                yield kept
        async def later():
            await asyncio.sleep(0)
            return torch.ones(1)
        total = [n.sum() for n in numbers()]
        got = asyncio.run(later())
        match len(total):
            case 2 as size:
                word = "two"
            case _:
                word = "many"
        double = (lambda value: value * 2)(got)
        """,
    )
    assert lines(run) == [1, 2, 3, 7, 4, 5, 6, 4, 5, 6, 4, 10, 8, 9, 11, 12, 14, 17]
    generator = {event.frame for event in run.events if event.kind == "line" and event.line in {4, 5, 6}}
    assert len(generator) == 1, "a generator that goes on is the same call"
    assert bound(run, 10) == {"total": "other", **{f"total[{i}]": "tensor" for i in range(2)}}
    assert bound(run, 17) == {"double": "tensor"}


def test_decorators_and_class_bodies_count_as_the_statement_that_holds_them(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import functools
        import torch
        @torch.no_grad()
        @functools.lru_cache
        def double(n):
            return n * 2
        class Model:
            scale = torch.ones(2)
            def __init__(self):
                self.h = self.scale * 3
        model = Model()
        four = double(2)
        """,
    )
    assert lines(run) == [1, 2, 3, 7, 10, 11, 6, 12]
    assert [event.line for event in events(run, "op")] == [7, 10]
    assert bound(run, 10) == {"self.h": "tensor"}
    assert bound(run, 11) == {"model": "other", "model.h": "tensor"}
    assert bound(run, 12) == {"four": "4"}


def test_names_of_every_form_are_bound(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        a, (b, *rest) = torch.ones(2), (1, 2.5, 3)
        c = d = a
        a += 1
        params = [torch.ones(1, requires_grad=True), 3]
        table = {"k": torch.ones(1)}
        del d
        e: torch.Tensor = a * 2
        flag, nothing = True, None
        """,
    )
    assert bound(run, 2) == {"a": "tensor", "b": "1", "rest": "other"}
    assert bound(run, 3) == {"c": "tensor", "d": "tensor"}
    assert bound(run, 5) == {"params": "other", "params[0]": "tensor"}
    assert bound(run, 6) == {"table": "other", "table['k']": "tensor"}
    assert bound(run, 7) == {"d": "gone"}
    assert bound(run, 8) == {"e": "tensor"}
    assert bound(run, 9) == {"flag": "True", "nothing": "other"}
    held = {variable.name: variable for variable in run.variables(run.event_count)}
    assert "d" not in held
    assert held["a"].tensor == held["c"].tensor, "two names of one tensor"
    assert held["a"].tensor is not None
    assert held["a"].tensor.object != held["a"].tensor.id, "changed in place: another state of the same tensor"


CELL = """\
import torch
torch.manual_seed(0)
x = torch.randn(1, 10)
prev_h = torch.randn(1, 20)
W_h = torch.randn(20, 20, requires_grad=True)
W_x = torch.randn(20, 10, requires_grad=True)
i2h = torch.mm(W_x, x.t())
h2h = torch.mm(W_h, prev_h.t())
next_h = i2h + h2h
next_h = next_h.tanh()
loss = next_h.sum()
loss.backward()
"""


def test_a_name_sits_on_the_node_that_it_means_now(tmp_path: Path) -> None:
    run = record_text(tmp_path, CELL)
    assert tags(run, line=9)["AddBackward0"] == ["next_h"]
    after = tags(run, line=10)
    assert after["AddBackward0"] == []
    assert after["TanhBackward0"] == ["next_h"]


def test_a_class_of_the_scripts_own_and_its_imports_are_followed(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("def double(x):\n    y = x * 2\n    return y\n")
    package = tmp_path / "kit" / "parts"
    package.mkdir(parents=True)
    (tmp_path / "kit" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("from ..base import BASE\n")
    (tmp_path / "kit" / "base.py").write_text("BASE = 3\n")
    try:
        run = record_text(
            tmp_path,
            "import torch\nimport beside\nfrom kit.parts import BASE\nd = beside.double(torch.ones(2)) * BASE\n",
        )
    finally:
        for name in ("beside", "kit", "kit.parts", "kit.base"):
            sys.modules.pop(name, None)
    files = {file.id: file for file in run.files}
    assert run.files[0].path == "script.py"
    seen = [(files[event.file].path, event.line) for event in events(run, "line") if event.file]
    assert seen == [
        ("script.py", 1), ("beside.py", 1), ("script.py", 2), ("kit/base.py", 1), ("kit/parts/__init__.py", 1),
        ("script.py", 3), ("beside.py", 2), ("beside.py", 3), ("script.py", 4),
    ]  # fmt: skip
    assert next(file.text for file in files.values() if file.path == "kit/base.py") == "BASE = 3\n"


@pytest.mark.parametrize("ending", ["sys.settrace(None)", "pass"])
def test_a_script_that_traces_itself_is_recorded_without_lines_and_says_so(tmp_path: Path, ending: str) -> None:
    before = sys.gettrace()
    run = record_text(
        tmp_path,
        f"""\
        import sys, torch
        w = torch.ones(2, requires_grad=True)
        sys.settrace(lambda frame, event, arg: None)
        (w * 2).sum().backward()
        {ending}
        """,
        notes=1,
    )
    sys.settrace(before)
    assert "trace function of its own" in run.notes[0]
    assert len(events(run, "backward_start")) == 1
    assert [event.line for event in events(run, "op")] == [2, 4, 4]


def test_an_exception_that_nobody_caught_is_the_last_event_and_names_its_line(tmp_path: Path) -> None:
    run, outcome = try_text(
        tmp_path,
        """\
        import torch
        def fail(x):
            y = x + 1
            return torch.mm(x, y)
        a = torch.ones(2)
        b = fail(a)
        """,
    )
    assert isinstance(outcome.error, RuntimeError)
    assert outcome.status == run.facts.status == "error"
    assert lines(run) == [1, 2, 5, 3]
    last = run.events[-1]
    assert (last.kind, last.line, last.details["type"]) == ("error", 4, "RuntimeError")
    error = run.facts.error
    assert error is not None
    assert (error.type, error.file, error.line) == ("RuntimeError", "script.py", 4)
    assert "capture" not in error.traceback
    assert error.traceback.startswith('Traceback (most recent call last):\n  File "script.py", line 6')
