"""`graphlab serve` shows the explorer in a browser: driven by keys in Chromium, and closed to strangers."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graphlab.cli import main, serve
from tests import builders
from tests.browser import needs_chromium, open_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 60
# The page's terminal lies in a closure and draws on a canvas: it is caught where it is put into its object.
_CATCH_TERMINAL = """
Object.defineProperty(Object.prototype, "terminal", { configurable: true, set(value) {
  Object.defineProperty(this, "terminal", { value, writable: true, configurable: true });
  if (value && value.buffer) window.shown = value;
} });
"""
_READ_TERMINAL = """() => {
  const buffer = window.shown?.buffer.active;
  const row = (_, at) => buffer.getLine(at).translateToString(true);
  return buffer ? Array.from({ length: buffer.length }, row).join("\\n") : "";
}"""


@contextmanager
def served(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server on a free port; give it, and its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "graphlab", "serve", *words, "--port", "0"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            assert " is at http://127.0.0.1:" in said, server.stderr.read() if server.stderr else said
            yield server, said.split(" is at ")[1].split()[0]
        finally:
            server.kill()


def wait_for(page: Page, text: str) -> None:
    """Wait until the terminal in the page shows a text."""
    end = time.monotonic() + PATIENCE
    shown = ""
    while time.monotonic() < end:
        shown = page.evaluate(_READ_TERMINAL)
        if text in shown:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{text!r} is not in\n{shown}")


def descendants_of(process: int) -> list[int]:
    """Return what a process has started, and what that has started."""
    children = [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return children + [one for child in children for one in descendants_of(child)]


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@needs_chromium
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes as Linux tells them")
def test_keys_step_through_the_run_in_a_browser_and_an_interrupt_ends_it(tmp_path: Path) -> None:
    recording = builders.rnn_cell(tmp_path)
    with served(tmp_path, str(recording.path)) as (server, address), open_browser() as browser:
        page = browser.new_page()
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(_CATCH_TERMINAL)
        page.goto(address)
        last = recording.event_count
        wait_for(page, f"e0/{last}")
        # Nobody has clicked: the keys belong to the explorer from the beginning.
        page.keyboard.press("ArrowRight")
        wait_for(page, f"e1/{last}")
        page.keyboard.press("ArrowRight")
        wait_for(page, f"e2/{last}")
        page.keyboard.press("ArrowLeft")
        wait_for(page, f"e1/{last}")
        page.keyboard.press("End")
        wait_for(page, f"e{last}/{last}")
        assert page.evaluate("document.fonts.check(\"15px 'Roboto Mono'\", '∇')")
        # Another visitor has an explorer of their own.
        other = browser.new_page()
        other.add_init_script(_CATCH_TERMINAL)
        other.goto(address)
        wait_for(other, f"e0/{last}")
        assert recording.path is not None
        assert page.title() == f"{recording.path.stem} · graphlab"
        assert all(url.startswith(address) for url in asked), asked
        assert complaints == []
        started = descendants_of(server.pid)
        assert len(started) >= 2
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""
        end = time.monotonic() + PATIENCE
        while any(map(is_there, started)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(is_there, started))
        assert page.locator("#ended").is_visible()


@pytest.mark.skipif(sys.platform == "win32", reason="ends the server by a signal")
def test_what_other_sites_ask_is_refused(tmp_path: Path) -> None:
    recording = builders.rnn_cell(tmp_path)
    with served(tmp_path, str(recording.path)) as (_, address):
        host = address.removeprefix("http://").rstrip("/")
        port = host.rpartition(":")[2]

        def status(path: str, **headers: str) -> int:
            connection = http.client.HTTPConnection(host, timeout=PATIENCE)
            connection.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            connection.close()
            return answer.status

        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
                   "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
        assert status("/") == status("/", Host=f"localhost:{port}") == 200
        assert status("/", Host=f"evil.example:{port}") == 403
        assert status("/ws", Origin="http://evil.example", **upgrade) == 403
        assert status("/ws", Origin=f"http://localhost:{port}", **upgrade) == 403
        assert status("/ws", Origin=f"http://evil.example:{port}", Host=f"evil.example:{port}", **upgrade) == 403
        assert status("/ws", Origin=f"http://{host}", **upgrade) == 101
        assert status("/font.ttf") == 200


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    page = (Path(serve.__file__).parents[1] / "tui" / "browser" / "page.html").read_text(encoding="utf-8")
    assert "://" not in page.replace("location.origin", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "99999"], "--port takes a whole number from 0 to 65535, not '99999'"),
        (["--port", "x"], "--port takes a whole number from 0 to 65535, not 'x'"),
        (["--host", "203.0.113.7"], "cannot listen at 203.0.113.7, port 8000: Cannot assign requested address"),
        (["none.glab", "--port", "0"], "there is no recording none.glab"),
        (["no_such_lesson", "--port", "0"], "there is no scenario 'no_such_lesson' (`graphlab list` names them all)"),
    ],
)
def test_bad_words_are_told_in_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *words]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"graphlab: {said}\n"


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    said = f"graphlab: port {port} is taken: choose another with --port, or --port 0 for one that is free\n"
    assert capsys.readouterr().err == said


def test_without_textual_serve_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve, "find_spec", lambda _: None)
    assert main(["serve", "rnn_cell"]) == 2
    said = "graphlab: the explorer in a browser needs textual-serve: pip install 'graphlab[serve]'\n"
    assert capsys.readouterr().err == said


@needs_chromium
@pytest.mark.slow
def test_the_gallery_opens_a_scenario_in_a_browser(tmp_path: Path) -> None:
    with served(tmp_path) as (_, address), open_browser() as browser:
        page = browser.new_page()
        page.add_init_script(_CATCH_TERMINAL)
        page.goto(address)
        wait_for(page, "tensor_ranks")
        page.keyboard.press("Enter")
        wait_for(page, "e0/")
        page.keyboard.press("ArrowRight")
        wait_for(page, "e1/")


@pytest.mark.slow
def test_a_script_is_recorded_once_for_all_who_come(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import torch\nx = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()\n")
    with served(tmp_path, "mine.py"):
        assert [path.name for path in (tmp_path / "outputs").glob("*.glab")] == ["mine.glab"]
