"""`graphlab doctor` says what works here, and survives what does not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from graphlab.cli import doctor, main

SOUND: dict[str, Any] = {
    "torch": "2.13.0",
    "cuda": None,
    "devices": ["cpu"],
    "names": {},
    "torchviz": None,
    "error": None,
}


def ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **changes: Any
) -> tuple[int, dict[str, Any]]:
    """Run doctor where torch gives this answer."""
    monkeypatch.setattr(doctor, "_ask_torch", lambda: SOUND | changes)
    code = main(["doctor", "--json"])
    output = capsys.readouterr()
    assert output.err == ""
    found: dict[str, Any] = json.loads(output.out)
    return code, found


def test_a_sound_installation_is_ok(capsys: pytest.CaptureFixture[str]) -> None:
    """Torch is really asked here."""
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["ok", "torch", "devices", "renderers", "terminal", "advice"]
    assert found["ok"] is True
    assert found["torch"][0].isdigit()
    assert found["devices"][0] == "cpu"
    assert {"graphlab", "networkx", "torchviz", "png", "pdf", "plot"} <= found["renderers"].keys()
    assert all(found["renderers"][name]["ok"] for name in ("graphlab", "networkx", "torchviz", "png"))
    assert found["terminal"]["encoding"]
    assert all(isinstance(line, str) for line in found["advice"])


def test_a_broken_torch_is_told_and_code_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = ask(monkeypatch, capsys, torch=None, devices=[], error="ImportError: libgomp.so is missing")
    assert code == 1
    assert (found["ok"], found["torch"], found["devices"]) == (False, None, [])
    assert not found["renderers"]["torchviz"]["ok"]
    assert any("pip install torch" in line for line in found["advice"])
    assert main(["doctor"]) == 1
    assert "--  torch      ImportError: libgomp.so is missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os; os._exit(139)", "ended the process with code 139"),
        ("raise SystemExit(3)", "ended the process with code 3"),
        ("import time; time.sleep(60)", "more than 0.2 seconds"),
        ("print('[')", "ended the process with code 0"),
    ],
)
def test_a_torch_that_takes_its_process_down_is_survived(
    program: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "_ASK_TORCH", program)
    monkeypatch.setattr(doctor, "_PATIENCE", 0.2 if "sleep" in program else 60)
    assert main(["doctor"]) == 1
    assert said in capsys.readouterr().out


def test_a_script_called_torch_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torch.py").write_text("raise RuntimeError('this ran')")
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--json"]) == 0


def test_a_gpu_is_named_and_a_missing_one_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, found = ask(monkeypatch, capsys, cuda="13.0", devices=["cpu", "cuda:0"], names={"cuda:0": "Big GPU"})
    assert found["devices"] == ["cpu", "cuda:0"]
    assert not any("CUDA" in line for line in found["advice"])
    main(["doctor"])
    assert "devices: cpu, cuda:0 (Big GPU)" in capsys.readouterr().out
    _, found = ask(monkeypatch, capsys, cuda="13.0")
    assert any("CUDA 13.0 but sees no GPU" in line for line in found["advice"])


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in ("textual", "resvg-py") else real(name))
    code, found = ask(monkeypatch, capsys)
    assert code == 1
    assert "Install what is missing: pip install textual" in found["advice"]
    assert found["renderers"]["png"] == {"ok": False, "detail": "resvg-py is missing"}


@pytest.mark.parametrize("has_dot", [True, False])
def test_torchviz_needs_a_dot_program_and_pdf_needs_none(
    has_dot: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = {"dot": "/usr/bin/dot"} if has_dot else {}
    monkeypatch.setattr(doctor, "_find_program", programs.get)
    code, found = ask(monkeypatch, capsys)
    assert code == 0
    assert found["renderers"]["pdf"]["ok"]
    assert found["renderers"]["torchviz"]["ok"] is has_dot
    assert any("raphviz" in line for line in found["advice"]) is not has_dot


@pytest.mark.skipif(sys.platform == "win32", reason="folders have other rights there")
def test_a_folder_that_cannot_be_written_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def refuse(**options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    code, found = ask(monkeypatch, capsys)
    assert code == 0
    assert any("./outputs" in line for line in found["advice"])
