import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from api.console import ASSETS_PATH, Console, wants_page

pytestmark = pytest.mark.xdist_group("browser")

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Tags(HTMLParser):
    """Every tag of a page, with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def client(console: Console) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/graphql", console.graphiql)])
    console.mount(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small build beside a file that is nobody's business."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>GraphiQL</title>")
    (tmp_path / "docs.html").write_text("<title>REST</title>")
    (tmp_path / "assets" / "index-abc.js").write_text("export {};")
    (tmp_path / "secret.js").write_text("private")
    return tmp_path


def request(accept: str, *, method: str = "GET", query: bytes = b"") -> Request:
    headers = [(b"accept", accept.encode())]
    return Request({"type": "http", "method": method, "headers": headers, "query_string": query, "path": "/graphql"})


@pytest.mark.parametrize("page", ["index.html", "docs.html"])
async def test_a_page_refers_to_nothing_outside_and_has_no_inline_script(built_console: Path, page: str) -> None:
    tags = Tags((built_console / page).read_text("utf-8")).found

    addresses = [value for _, attributes in tags for name in ("src", "href") if (value := attributes.get(name))]
    assert any(address.startswith(f"{ASSETS_PATH}/") for address in addresses)
    assert all(re.match("/(?!/)|data:", address) for address in addresses)
    assert all(attributes.get("src") for tag, attributes in tags if tag == "script")
    assert all(not name.startswith("on") for _, attributes in tags for name in attributes)


async def test_style_sheets_fetch_nothing_from_outside(built_console: Path) -> None:
    sheets = [path.read_text("utf-8") for path in (built_console / "assets").glob("*.css")]

    assert sheets
    assert not [address for sheet in sheets for address in re.findall(r"(?:url\(|@import\s*)[\"']?(https?:|//)", sheet)]


@pytest.mark.parametrize("path", ["/graphql", "/docs"])
async def test_a_page_forbids_scripts_and_requests_from_elsewhere(folder: Path, path: str) -> None:
    async with client(Console(folder)) as http:
        response = await http.get(path)

    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert response.status_code == 200
    assert policy["default-src"] == policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/graphql", "/docs"])
async def test_a_console_that_is_not_built_says_how_to_build_it(tmp_path: Path, path: str) -> None:
    async with client(Console(tmp_path)) as http:
        page = await http.get(path)
        asset = await http.get(f"{ASSETS_PATH}/index-abc.js")

    assert page.status_code == 503
    assert "sh web/build.sh" in page.text
    assert asset.status_code == 404


async def test_a_console_that_is_built_while_the_server_runs_is_served(tmp_path: Path) -> None:
    async with client(Console(tmp_path)) as http:
        assert (await http.get("/graphql")).status_code == 503
        (tmp_path / "index.html").write_text("<title>GraphiQL</title>")

        assert (await http.get("/graphql")).status_code == 200


async def test_assets_are_kept_for_good_and_not_sent_twice(folder: Path) -> None:
    async with client(Console(folder)) as http:
        first = await http.get(f"{ASSETS_PATH}/index-abc.js")
        again = await http.get(f"{ASSETS_PATH}/index-abc.js", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["content-type"].startswith("text/javascript")
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert again.status_code == 304


async def test_assets_are_sent_as_the_build_compressed_them(built_console: Path) -> None:
    script = max((built_console / "assets").glob("index-*.js"), key=lambda path: path.stat().st_size)
    async with client(Console(built_console)) as http:
        packed = await http.get(f"{ASSETS_PATH}/{script.name}", headers={"accept-encoding": "gzip, deflate"})
        plain = await http.get(f"{ASSETS_PATH}/{script.name}", headers={"accept-encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert packed.content == plain.content


@pytest.mark.parametrize("path", ["../secret.js", "..%2fsecret.js", "%2e%2e/secret.js", "/etc/passwd", "%00", ""])
async def test_nothing_beside_the_assets_is_served(folder: Path, path: str) -> None:
    async with client(Console(folder)) as http:
        response = await http.get(f"{ASSETS_PATH}/{path}")

    assert response.status_code == 404


def test_a_browser_gets_the_page_and_an_operation_its_answer() -> None:
    assert wants_page(request(BROWSER))
    assert not wants_page(request(BROWSER, method="POST"))
    assert not wants_page(request(BROWSER, query=b"query=%7Bme%7Bname%7D%7D"))
    assert not wants_page(request("application/json"))
    assert not wants_page(request("*/*"))
