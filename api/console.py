"""The pages for a browser, GraphiQL and the REST documentation: built from `web/`, and served from here alone."""

import os
import stat
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import anyio
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

DIST = Path(__file__).parents[1] / "web" / "dist"
ASSETS_PATH = "/console/assets"
DOCS_PATH = "/docs"

# Monaco and Swagger UI write `style` attributes and elements, and their fonts and images are data URIs in their
# style sheets; scripts and workers are files of ours, and nothing is fetched from anywhere else.
POLICY = (
    "default-src 'self'; "
    "script-src 'self'; "
    "worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; "
    "img-src 'self' data:; "
    "connect-src 'self'; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",  # with "no-referrer" a form of the page would be sent from the origin "null"
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
PAGE_HEADERS = {**SECURITY_HEADERS, "cache-control": "no-cache", "vary": "Accept"}
ASSET_HEADERS = {**SECURITY_HEADERS, "cache-control": "public, max-age=31536000, immutable", "vary": "Accept-Encoding"}

NOT_BUILT = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>YuKyuDATA: this page is not built</title>
<style>body { font: 16px/1.6 sans-serif; margin: 4rem auto; max-width: 40rem; padding: 0 1rem }</style>
<h1>This page is not built yet</h1>
<p>GraphiQL and the documentation of the REST endpoints are made from npm packages when the project is installed, and
that has not happened here, most often because npm's registry could not be reached. In the project's folder, run</p>
<pre>sh web/build.sh</pre>
<p>and reload this page; the server need not be restarted. It takes Node 20.19 or newer from the PATH or,
where there is none, the one that <code>make install</code> puts into <code>.venv</code>.</p>
<p>The API itself is running: send operations to <code>/graphql</code> by POST, and <code>yukyu schema</code>
prints what can be asked; the REST endpoints are described in <a href="/openapi.json">/openapi.json</a>.</p>
</html>
"""

FORBIDDEN = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>YuKyuDATA: this page is for administrators</title>
<style>body { font: 16px/1.6 sans-serif; margin: 4rem auto; max-width: 40rem; padding: 0 1rem }</style>
<h1>GraphiQL is for administrators</h1>
<p>On this server only who has the role <code>admin</code> may look at the schema.
<a href="/sign-in">Sign in</a> with a token of that role; <code>yukyu token --role admin</code> prints one.</p>
<p>Operations are sent to this address by POST, as JSON, with a token in <code>Authorization</code>.</p>
</html>
"""


class Application(Protocol):
    """What both FastAPI and Starlette are."""

    def mount(self, path: str, app: ASGIApp, name: str | None = None) -> None: ...

    def add_route(
        self,
        path: str,
        route: Callable[[Request], Awaitable[Response]],
        methods: list[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,  # noqa: FBT001, FBT002 - Starlette's signature
    ) -> None: ...


class Assets(StaticFiles):
    """Files whose names carry a hash of what is in them, so that a browser may keep them for good."""

    async def check_config(self) -> None:
        """Accept a folder that is not there: it appears when the console is built, and until then has no files."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        compressed = _compressed(full_path) if _takes_gzip(scope) else None
        path, found = compressed or (full_path, stat_result)
        response = super().file_response(path, found, scope, status_code)
        response.headers.update(ASSET_HEADERS)
        if compressed:
            response.headers["content-encoding"] = "gzip"
        return response


class Console:
    """The pages as they stand in one folder, which is read anew for every visit."""

    def __init__(self, directory: Path = DIST) -> None:
        self._directory = anyio.Path(directory)
        self.assets = Assets(directory=directory / "assets", check_dir=False)

    async def graphiql(self, request: Request) -> Response:  # noqa: ARG002 - the signature of every endpoint
        return await self._page("index.html")

    async def docs(self, request: Request) -> Response:  # noqa: ARG002 - the signature of every endpoint
        return await self._page("docs.html")

    async def _page(self, name: str) -> Response:
        """Return a page, or 503 and how to build it."""
        try:
            return HTMLResponse(await (self._directory / name).read_text("utf-8"), headers=PAGE_HEADERS)
        except FileNotFoundError:
            return HTMLResponse(NOT_BUILT, status_code=503, headers=PAGE_HEADERS)

    def mount(self, app: Application) -> None:
        """Serve the REST documentation and the files that the pages refer to."""
        app.add_route(DOCS_PATH, self.docs, methods=["GET"], include_in_schema=False)
        app.mount(ASSETS_PATH, self.assets, name="console-assets")


CONSOLE = Console()
page = CONSOLE.graphiql
mount = CONSOLE.mount


def wants_page(request: Request) -> bool:
    """Return whether this is somebody opening `/graphql` in a browser, and not an operation sent by GET."""
    return (
        request.method in {"GET", "HEAD"}
        and request.query_params.keys().isdisjoint({"query", "documentId"})
        and "text/html" in request.headers.get("accept", "")
    )


def forbidden() -> Response:
    """Return the page for a browser that may not have GraphiQL here."""
    return HTMLResponse(FORBIDDEN, status_code=HTTPStatus.FORBIDDEN, headers=PAGE_HEADERS)


def _takes_gzip(scope: Scope) -> bool:
    encodings = Headers(scope=scope).get("accept-encoding", "")
    return "gzip" in {encoding.strip() for encoding in encodings.split(",")}


def _compressed(path: str | os.PathLike[str]) -> tuple[str, os.stat_result] | None:
    """Return the gzip that the build put beside this file, if it did."""
    compressed = f"{os.fspath(path)}.gz"
    try:
        found = os.stat(compressed)  # noqa: PTH116 - StaticFiles speaks in strings
    except FileNotFoundError:
        return None
    return (compressed, found) if stat.S_ISREG(found.st_mode) else None
