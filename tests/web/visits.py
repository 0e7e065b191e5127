"""A visit to the console in headless Chromium that can reach nothing but the server it visits."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Playwright, Route

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
SIZE = {"width": 1400, "height": 900}


def installed_chromium() -> str | None:
    """Return Debian's Chromium, or the program that YUKYU_TEST_CHROMIUM names."""
    return os.environ.get("YUKYU_TEST_CHROMIUM") or shutil.which("chromium")


async def launch(playwright: Playwright, program: str) -> Browser:
    return await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)


@dataclass
class Visit:
    """A window on the console, what it asked of other servers, and what it complained about."""

    page: Page
    origin: str
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def watch(self) -> None:
        """Refuse and remember every request to anybody else; remember every error."""
        await self.page.context.route(lambda url: not url.startswith(("data:", "blob:")), self._admit)
        self.page.on("websocket", lambda socket: self._meet(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    async def open(self, url: str) -> None:
        await self.page.goto(url)
        await self.page.locator(".graphiql-query-editor .view-line").first.wait_for()

    async def write(self, name: str, selection: str) -> None:
        """Write a query of this name, and wait until GraphiQL has taken notice."""
        await self.page.locator(".graphiql-query-editor .monaco-editor").click()
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(f"query {name} {selection}")
        await self.page.get_by_role("tab", name=name).wait_for()

    async def run(self) -> None:
        await self.page.get_by_role("button", name="Execute query").click()

    async def run_example(self, title: str) -> None:
        await self.page.get_by_role("button", name=f"Run “{title}”").click()

    async def sees(self, text: str, *, within: str = ".graphiql-response") -> None:
        """Wait until this text is there."""
        await self.page.locator(within).get_by_text(text).first.wait_for()

    async def _admit(self, route: Route) -> None:
        if self._meet(route.request.url):
            await route.continue_()
        else:
            await route.abort()

    def _meet(self, url: str) -> bool:
        """Return whether this address is the console's own server; remember it if not."""
        is_own = urlsplit(url).netloc == self.origin
        if not is_own:
            self.outside.append(url)
        return is_own


@asynccontextmanager
async def visiting(
    browser: Browser, url: str, *, token: str | None = None, ignores_policy: bool = False
) -> AsyncIterator[Visit]:
    """Open the console in a window of its own, signed in where a token is given."""
    context = await browser.new_context(
        viewport={"width": SIZE["width"], "height": SIZE["height"]},
        extra_http_headers={"Authorization": f"Bearer {token}"} if token else {},
        bypass_csp=ignores_policy,
    )
    context.set_default_timeout(15_000)
    try:
        visit = Visit(await context.new_page(), urlsplit(url).netloc)
        await visit.watch()
        await visit.open(url)
        yield visit
    finally:
        await context.close()
