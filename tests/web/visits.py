"""A visit to the console in headless Chromium that can reach nothing but the server it visits."""

import json
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Playwright, Request, expect

from api.credentials import SESSION_COOKIE

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
PATIENCE_MS = 15_000

expect.set_options(timeout=PATIENCE_MS)


def installed_chromium() -> str | None:
    """Return Debian's Chromium, or the program that YUKYU_TEST_CHROMIUM names."""
    return os.environ.get("YUKYU_TEST_CHROMIUM") or shutil.which("chromium")


async def launch(playwright: Playwright, program: str) -> Browser:
    return await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)


@dataclass
class Visit:
    """A page of the console's, what it asked of other servers, and what it complained about."""

    page: Page
    origin: str
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Remember every request to anybody else (no name but loopback's resolves) and every error."""
        self.page.on("request", self._meet)
        self.page.on("websocket", lambda socket: self._note(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    async def open_graphiql(self) -> None:
        await self.page.goto(f"{self.origin}/graphql")
        await self.graphiql_is_there()

    async def graphiql_is_there(self) -> None:
        await self.page.locator(".graphiql-query-editor .view-line").first.wait_for()

    async def write(self, name: str, selection: str) -> None:
        """Write a query of this name, and wait until GraphiQL has taken notice."""
        await self.write_operation(name, f"query {name} {selection}")

    async def write_operation(self, name: str, text: str) -> None:
        await self._type(".graphiql-query-editor .monaco-editor", text)
        await self.page.get_by_role("tab", name=name).wait_for()

    async def write_header(self, name: str, value: str) -> None:
        """Write a request header of the open tab's, in place of all it had."""
        await self.page.get_by_role("button", name="Headers").click()
        await self._type(".graphiql-editor-tool .monaco-editor:visible", json.dumps({name: value}))

    async def paste_token(self, token: str) -> None:
        """Sign in by the form that is there."""
        await self.page.get_by_label("Token").fill(token)
        await self.page.get_by_role("button", name="Sign in").click()

    async def me(self) -> str:
        """Return who the server says is asking, by the window's cookies."""
        answer = await self.page.request.post(f"{self.origin}/graphql", data={"query": "{ me { name } }"})
        return (await answer.json())["data"]["me"]["name"]

    def must_be_calm(self) -> None:
        """Nothing was asked of others, and nothing went wrong."""
        assert self.outside == []
        assert self.complaints == []

    async def run(self) -> None:
        """Run the operation that is written."""
        await self.page.get_by_role("button", name="Execute query").click()

    async def run_example(self, title: str) -> None:
        await self.page.get_by_role("button", name=f"Run “{title}”").click()

    async def sees(self, text: str, *, within: str = ".graphiql-response") -> None:
        """Wait until this text is there."""
        await self.page.locator(within).get_by_text(text).first.wait_for()

    async def _type(self, editor: str, text: str) -> None:
        """Put a text in place of all that an editor has; it would close brackets typed over a selection."""
        await self.page.locator(editor).click()
        for key in ("Control+A", "Delete"):
            await self.page.keyboard.press(key)
        await self.page.keyboard.insert_text(text)

    def _meet(self, request: Request) -> None:
        self._note(request.url)

    def _note(self, url: str) -> None:
        """Remember an address that is not of the console's own server."""
        is_own = urlsplit(url).netloc == urlsplit(self.origin).netloc
        if not is_own and not url.startswith(("data:", "blob:")):
            self.outside.append(url)


@asynccontextmanager
async def visiting(
    browser: Browser, origin: str, *, token: str | None = None, ignores_policy: bool = False
) -> AsyncGenerator[Visit]:
    """Open a window with cookies of its own, signed in where a token is given."""
    context = await browser.new_context(
        viewport={"width": SIZE["width"], "height": SIZE["height"]}, bypass_csp=ignores_policy
    )
    context.set_default_timeout(PATIENCE_MS)
    if token is not None:
        await context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": origin}])
    try:
        visit = Visit(await context.new_page(), origin)
        visit.watch()
        yield visit
    finally:
        await context.close()
