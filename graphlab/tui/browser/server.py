"""Serves the explorer to browsers, by textual-serve: each page that is opened gets an explorer in a process of its own.

Whoever reaches the explorer can run scripts as the person who started it. So what other pages of the same browser ask
is refused: a request must name this machine (else a foreign name could be led here), and a terminal is given only to
the page that came from here. The page itself is ours, because textual-serve's loads a font from the network.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import ipaddress
import logging
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import weakref
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve import server as textual_server
from textual_serve.app_service import AppService
from textual_serve.server import Server

_PAGE = Path(__file__).parent / "page.html"
_FONT = Path(__file__).parents[2] / "fonts" / "DejaVuSansMono.ttf"
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PATIENCE_SECONDS = 1.0
"""How long open pages, and then what they asked for, may take to close when the server ends."""


_explorers: weakref.WeakSet[_Explorer] = weakref.WeakSet()


class _Explorer(AppService):
    """An explorer in a process of its own, which can be waited for."""

    process: Process | None = None

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self.process = process = await super()._open_app_process(width, height)
        _explorers.add(self)
        return process

    async def end(self) -> None:
        """Ask it to end, and wait until its process is gone: whatever is left of it when the loop closes complains."""
        process = self.process
        if process is None:
            return
        with contextlib.suppress(TimeoutError, OSError):
            await asyncio.wait_for(asyncio.gather(self.stop(), process.wait()), _PATIENCE_SECONDS)
        if process.returncode is None:
            # By its number: `Process.kill` looks first whether it has ended, and asyncio then misses that end.
            with contextlib.suppress(OSError):
                os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            await process.wait()
        # Else its page is waited for, too.
        with contextlib.suppress(TimeoutError, OSError):
            await asyncio.wait_for(self.remote_close(), _PATIENCE_SECONDS)


class ExplorerServer(Server):
    """A server of explorers.

    Args:
        words: the command that starts an explorer.
        bound: where to listen.
        title: what the page is called.
        page_words: the words on the page, by name.
    """

    def __init__(self, words: Sequence[str], bound: socket.socket, title: str, page_words: Mapping[str, str]) -> None:
        self._socket = bound
        self._words = page_words
        host, port = bound.getsockname()[:2]
        super().__init__(_shell_command(words), host=host, port=port, title=title)

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(_refuse_strangers)
        app.router.add_get("/font.ttf", _send_font)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: whoever started the server has said where it is."""

    async def on_shutdown(self, app: web.Application) -> None:
        """End the explorers of the pages that are still open."""
        await asyncio.gather(*(explorer.end() for explorer in list(_explorers)), return_exceptions=True)

    async def handle_index(self, request: web.Request) -> web.Response:
        """Send the page."""
        pieces = {"title": self.title, **self._words}
        text = re.sub(r"\{\{(\w+)\}\}", lambda match: html.escape(pieces[match[1]]), _PAGE.read_text(encoding="utf-8"))
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY})

    def run(self, tell: Callable[[str], None]) -> None:
        """Serve until Ctrl+C.

        Args:
            tell: says one line to the person, such as that an explorer did not start.
        """
        logging.getLogger("textual-serve").addHandler(_Telling(tell))
        # Its server takes the class by this name, and has no other place to be told of ours.
        textual_server.__dict__["AppService"] = _Explorer
        web.run_app(
            self._make_app(), sock=self._socket, print=None, access_log=None, shutdown_timeout=_PATIENCE_SECONDS
        )


class _Telling(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(" ".join(record.getMessage().split()))


def _shell_command(words: Sequence[str]) -> str:
    """Return a command as the system's shell reads it, which is what textual-serve asks for."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else f"exec {shlex.join(words)}"


@web.middleware
async def _refuse_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what another site made this browser ask."""
    host = request.headers.get("Host", "")
    origin = request.headers.get("Origin")
    if not names_this_machine(host) or (origin is not None and urlsplit(origin).netloc != host):
        raise web.HTTPForbidden
    return await handler(request)


def names_this_machine(host: str) -> bool:
    """Whether a Host header is an address, or a name that no foreign server could have given this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name == socket.gethostname().lower():
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _send_font(_: web.Request) -> web.FileResponse:
    return web.FileResponse(_FONT, headers={"Content-Type": "font/ttf"})
