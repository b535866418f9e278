"""What goes wrong on pages: errors logged or thrown, and requests to other hosts."""

import contextlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request


class Watch:
    """What went wrong on the pages of one test."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """Announce that problems which match this regular expression are part of the test."""
        self._expected.append(pattern)

    def attach(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def unexpected(self) -> list[str]:
        return [p for p in self.problems if not any(re.search(e, p) for e in self._expected)]

    @contextlib.contextmanager
    def clean(self) -> Iterator[None]:
        """Fails after the block if a problem has come up in it."""
        before = len(self.problems)
        yield
        found = self.problems[before:]
        assert found == [], found

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.problems.append(f"foreign request: {request.url}")


@contextlib.contextmanager
def shared_page(
    browser: Browser, width: int, height: int, **context: object
) -> Iterator[tuple[Page, Watch]]:
    """A page for the tests of a module, as it takes seconds to start, and what goes wrong on it."""
    made = browser.new_context(viewport={"width": width, "height": height}, **context)
    page, watch = made.new_page(), Watch()
    watch.attach(page)
    try:
        yield page, watch
    finally:
        made.close()
