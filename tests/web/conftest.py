"""The console, built and served on loopback, and a browser to visit it with."""

import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema
from playwright.async_api import Browser, async_playwright

from api.console import DIST
from tests.web.stand_in import TOKEN, served, stand_in
from tests.web.visits import Visit, installed_chromium, launch, visiting

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def sdl() -> GraphQLSchema:
    """The committed schema; the contract while there is none."""
    paths = (ROOT / "schema" / "schema.graphql", ROOT.parent / "shared" / "contract" / "schema.graphql")
    return build_schema(next(path.read_text("utf-8") for path in paths if path.exists()))


@pytest.fixture(scope="session")
def built_console() -> Path:
    """The built console. CI must be able to build it; elsewhere npm's registry may be out of reach."""
    build = subprocess.run(
        ["/bin/sh", "web/build.sh"], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    if not (DIST / "index.html").exists() and "CI" not in os.environ:
        pytest.skip(build.stderr.strip())
    assert build.returncode == 0, build.stderr
    return DIST


@pytest.fixture(scope="session")
async def console_url(built_console: Path, sdl: GraphQLSchema) -> AsyncIterator[str]:
    """Where GraphiQL is open to whoever carries `console_token`."""
    async with served(stand_in(sdl)) as origin:
        yield f"{origin}/graphql"


@pytest.fixture(scope="session")
def console_token() -> str:
    """A token of somebody called aiko, who is an admin."""
    return TOKEN


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    program = installed_chromium()
    if program is None:
        pytest.skip("There is no chromium on the PATH and YUKYU_TEST_CHROMIUM names none: apt-get install chromium.")
    async with async_playwright() as playwright:
        browser = await launch(playwright, program)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(chromium: Browser, console_url: str, console_token: str) -> AsyncIterator[Visit]:
    """The console before somebody who is signed in; nothing may be asked of others or go wrong meanwhile."""
    async with visiting(chromium, console_url, token=console_token) as visit:
        yield visit
        assert visit.outside == []
        assert visit.complaints == []
