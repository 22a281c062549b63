"""A page opened in a headless Chromium that has no network, and the little that tests ask of it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextlib.contextmanager
def open_browser() -> Iterator[BrowserContext]:
    """Start Chromium with a profile of its own, which is gone afterwards."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=_FLAGS, viewport={"width": 1280, "height": 800}
        )
        yield context
        context.close()


class OpenPage:
    """A page of ours, which must ask for nothing but itself and complain of nothing."""

    def __init__(self, context: BrowserContext, path: Path) -> None:
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())
        self.own = path.as_uri()

    def close(self) -> None:
        """Close it, and make sure of what every page promises."""
        self.page.close()
        assert self.requests == [self.own]
        assert self.complaints == []

    def go(self, moment: int, slider: str = "moment") -> None:
        """Drag a slider to a place."""
        self.page.locator(f"#{slider}").evaluate(
            "(slider, place) => { slider.value = place; slider.dispatchEvent(new Event('input')); }", moment
        )

    def text(self, selector: str) -> str:
        """Return what an element says."""
        return self.page.locator(selector).inner_text()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def boxes(self) -> list[dict[str, Any]]:
        """Return what stands in each box, in the order of their numbers."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """() => [...document.querySelectorAll("#world > .node")].map((node) => ({
                title: node.querySelector("b").textContent,
                tags: [...node.querySelectorAll(".tag")].map((tag) => tag.textContent),
                numbers: [...node.querySelectorAll(".row")].at(2).innerText.split("\\n").filter(Boolean),
                isFuture: node.classList.contains("is-future"),
                isNow: node.classList.contains("is-now"),
                isIdle: node.classList.contains("is-idle"),
            }))"""
        )
        return found

    def pills(self) -> list[str]:
        """Return the gradients on the edges."""
        found: list[str] = self.page.locator(".pill .chip").all_inner_texts()
        return found


Open = Callable[[Path], OpenPage]
"""What the fixture `opened` gives."""
