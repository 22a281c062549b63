"""Say what works here, and what to install for the rest.

Exit code 1 when something is missing that graphlab cannot do without.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from graphlab import __version__
from graphlab.cli.options import add_json
from graphlab.cli.output import write_json, write_line
from graphlab.language import _

# torch is asked in a child process: a broken installation may fail in any way, or take the process down with it.
_ASK_TORCH = """
import json
found = {"torch": None, "devices": [], "names": {}, "torchviz": None, "error": None}
try:
    import torch
    found["torch"] = str(torch.__version__)
    found["cuda"] = torch.version.cuda
    (torch.ones(2, 2, requires_grad=True) @ torch.ones(2, 2)).sum().backward()
    found["devices"].append("cpu")
    for number in range(torch.cuda.device_count()):
        found["devices"].append(f"cuda:{number}")
        found["names"][f"cuda:{number}"] = torch.cuda.get_device_name(number)
    if getattr(torch.backends, "mps", None) and torch.backends.mps.is_available():
        found["devices"].append("mps")
except BaseException as error:
    found["error"] = f"{type(error).__name__}: {error}"
else:
    try:
        import torchviz
    except BaseException as error:
        found["torchviz"] = f"{type(error).__name__}: {error}"
print("\\n" + json.dumps(found))
"""
# A first import from a cold disk may well take half a minute.
_PATIENCE = 120
# The names that pip knows: what is imported at the start of every command that shows or draws something.
_NEEDED = ("networkx", "numpy", "textual", "rich", "platformdirs")
_SIGNS = "∇─█▶"


@dataclass
class Findings:
    """What was found, in the words of `--json`."""

    torch: str | None = None
    devices: list[str] = field(default_factory=list)
    renderers: dict[str, dict[str, Any]] = field(default_factory=dict)
    terminal: dict[str, Any] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)
    lines: list[tuple[bool, str, str]] = field(default_factory=list)
    """Whether it is well, what, and details: the text without `--json`."""
    is_ok: bool = True


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look at everything, write what was found, and return 1 when something essential is missing."""
    findings = Findings()
    version = _("graphlab {version} on Python {python}, {platform}").format(
        version=__version__, python=platform.python_version(), platform=sys.platform
    )
    findings.lines.append((True, _("version"), version))
    torch = _ask_torch()
    _look_at_torch(findings, torch)
    _look_at_packages(findings)
    _look_at_renderers(findings, torch)
    _look_at_terminal(findings)
    _look_at_folder(findings)
    if arguments.json:
        write_json(
            {
                "ok": findings.is_ok,
                "torch": findings.torch,
                "devices": findings.devices,
                "renderers": findings.renderers,
                "terminal": findings.terminal,
                "advice": findings.advice,
            }
        )
    else:
        width = max(len(what) for _, what, _ in findings.lines)
        for is_well, what, details in findings.lines:
            write_line(f"{'ok' if is_well else '--'}  {what:<{width}}  {details}")
        for advice in findings.advice:
            write_line(f"\n{advice}")
    return 0 if findings.is_ok else 1


def _ask_torch() -> dict[str, Any]:
    failed: dict[str, Any] = {"torch": None, "devices": [], "names": {}, "torchviz": None}
    try:
        # -P: not from the current folder, where a script called torch.py would be found first.
        child = subprocess.run(
            [sys.executable, "-P", "-c", _ASK_TORCH], capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return failed | {"error": _("importing it took more than {patience} seconds").format(patience=_PATIENCE)}
    try:
        answer: dict[str, Any] = json.loads(child.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return failed | {"error": _("importing it ended the process with code {code}").format(code=child.returncode)}
    return answer


def _look_at_torch(findings: Findings, torch: dict[str, Any]) -> None:
    findings.torch = torch["torch"] if torch["error"] is None else None
    findings.devices = torch["devices"]
    if findings.torch is None:
        findings.is_ok = False
        findings.lines.append((False, "torch", " ".join(str(torch["error"]).split())[:300]))
        findings.advice.append(
            _(
                "torch cannot be used: install it with `pip install torch`, or on Linux without a GPU the "
                "small build with `pip install torch --index-url https://download.pytorch.org/whl/cpu`."
            )
        )
        return
    names = [
        f"{device} ({torch['names'][device]})" if device in torch["names"] else device for device in findings.devices
    ]
    findings.lines.append(
        (True, "torch", _("{torch}, devices: {names}").format(torch=findings.torch, names=", ".join(names)))
    )
    if torch.get("cuda") and not any(device.startswith("cuda") for device in findings.devices):
        findings.advice.append(
            _("torch was built for CUDA {cuda} but sees no GPU; scripts run on the CPU.").format(cuda=torch["cuda"])
        )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _look_at_packages(findings: Findings) -> None:
    missing = [package for package in _NEEDED if _version(package) is None]
    if missing:
        findings.is_ok = False
        findings.lines.append((False, _("packages"), _("missing: {missing}").format(missing=", ".join(missing))))
        findings.advice.append(_("Install what is missing: pip install {missing}").format(missing=" ".join(missing)))
    else:
        findings.lines.append((True, _("packages"), ", ".join(f"{package} {_version(package)}" for package in _NEEDED)))


def _find_program(name: str) -> str | None:
    """Return a program's path: on PATH, or beside this Python, which a virtual environment not activated needs."""
    return shutil.which(name) or shutil.which(name, path=sysconfig.get_path("scripts"))


def _look_at_renderers(findings: Findings, torch: dict[str, Any]) -> None:
    dot, pure = _find_program("dot"), _find_program("graphviz-pure")
    resvg, pillow, reportlab = (_version(package) for package in ("resvg-py", "pillow", "reportlab"))
    matplotlib, serve = _version("matplotlib"), _version("textual-serve")
    torchviz = torch["torchviz"] if torch["torch"] else _("torch cannot be imported")
    looks: list[tuple[str, bool, str, str]] = [
        ("graphlab", True, "dot, svg, html, json, graphml, txt, csv, mmd", ""),
        ("png", resvg is not None, f"resvg {resvg}" if resvg else _("resvg-py is missing"), "pip install resvg-py"),
        ("gif", pillow is not None, f"Pillow {pillow}" if pillow else _("Pillow is missing"), "pip install pillow"),
        (
            "pdf",
            reportlab is not None,
            f"reportlab {reportlab}" if reportlab else _("reportlab is missing"),
            "pip install reportlab",
        ),
        (
            "plot",
            matplotlib is not None,
            f"matplotlib {matplotlib}" if matplotlib else _("matplotlib is missing"),
            "pip install matplotlib",
        ),
        (
            "serve",
            serve is not None,
            f"textual-serve {serve}" if serve else _("textual-serve is missing"),
            "pip install 'textual-serve<2'",
        ),
        ("networkx", _version("networkx") is not None, f"networkx {_version('networkx')}", "pip install networkx"),
        (
            "torchviz",
            torchviz is None and (dot or pure) is not None,
            " ".join(
                str(
                    torchviz or _("drawn by {program}").format(program=dot or pure or _("nothing: no dot program"))
                ).split()
            )[:300],
            "pip install torchviz setuptools graphviz-pure",
        ),
    ]
    for name, is_well, details, advice in looks:
        findings.renderers[name] = {"ok": is_well, "detail": details}
        findings.lines.append((is_well, name, details))
        if not is_well and advice:
            findings.advice.append(_("For {name}: {advice}").format(name=name, advice=advice))


def _look_at_terminal(findings: Findings) -> None:
    from rich.console import Console

    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    columns, rows = shutil.get_terminal_size()
    encoding = sys.stdout.encoding or "ascii"
    try:
        _SIGNS.encode(encoding)
        has_signs = True
    except (UnicodeEncodeError, LookupError):
        has_signs = False
    colours = Console(file=sys.stdout).color_system if is_terminal else None
    findings.terminal = {
        "is_terminal": is_terminal,
        "columns": columns,
        "rows": rows,
        "colors": colours,
        "encoding": encoding,
        "box_drawing": has_signs,
        "term": os.environ.get("TERM"),
    }
    # Two sentences: what says "no" of colours in one language answers no question in another.
    has_colours, has_none = (
        _("{columns}x{rows}, {colours} colours, {encoding}"),
        _("{columns}x{rows}, no colours, {encoding}"),
    )
    words = (has_colours if colours else has_none).format(
        columns=columns, rows=rows, colours=colours, encoding=encoding
    )
    findings.lines.append(
        (
            True,
            _("terminal"),
            words if is_terminal else _("none (output goes to a pipe), {encoding}").format(encoding=encoding),
        )
    )
    if not has_signs:
        findings.advice.append(_("This terminal's encoding has no box drawing: set PYTHONUTF8=1, or use --ascii."))
    if is_terminal and (columns < 60 or rows < 16):
        findings.advice.append(_("The explorer needs a terminal of at least 60x16."))
    if is_terminal and colours == "standard":
        findings.advice.append(_("The terminal names only 16 colours; TERM=xterm-256color shows values more finely."))


def _look_at_folder(findings: Findings) -> None:
    folder = Path("outputs")
    # Where it is still to be made, its parent must let it.
    place = folder if folder.is_dir() else Path()
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        findings.lines.append((False, "./outputs", str(error.strerror)))
        findings.advice.append(_("Nothing can be written to ./outputs: work in another folder, or use -o."))
    else:
        findings.lines.append((True, "./outputs", _("can be written to")))
