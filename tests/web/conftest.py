"""The console, built and served over a database of two people, and a browser to visit it with."""

import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Browser, async_playwright

from api.console import DIST
from db.cluster import EmbeddedCluster
from tests.conftest import create_database, database_of, drop_database, wait_replayed
from tests.web.serving import Site, site
from tests.web.visits import Visit, installed_chromium, launch, visiting

ROOT = Path(__file__).parents[2]
DATABASE = "test_console"
PEOPLE = """
    INSERT INTO staff (id, employee_num, name, kana, office, status)
    VALUES ('s1', 'S0001', '佐藤 太郎', 'サトウ タロウ', '名古屋本社', '在職中'),
           ('s2', 'S0002', '山本 花子', 'ヤマモト ハナコ', '名古屋本社', '在職中')
"""


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
async def console(
    built_console: Path,
    cluster: EmbeddedCluster,
    template: str,
) -> AsyncIterator[Site]:
    """The application, one for the session: nothing that its visitors do changes the database."""
    await create_database(cluster, DATABASE, template=template)
    database = database_of(cluster, DATABASE)
    connection = await asyncpg.connect(database.primary_url)
    await connection.execute(PEOPLE)
    lsn = await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text")
    await connection.close()
    await wait_replayed(cluster, lsn)
    async with site(database, ROOT) as running:
        yield running
    await drop_database(cluster, DATABASE)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    program = installed_chromium()
    if program is None:
        pytest.skip("There is no chromium on the PATH and YUKYU_TEST_CHROMIUM names none: apt-get install chromium.")
    async with async_playwright() as playwright:
        browser = await launch(playwright, program)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def opened(chromium: Browser, console: Site) -> AsyncIterator[Visit]:
    """GraphiQL before aiko, opened once: to load its editor takes longer than all that is done with it."""
    async with visiting(chromium, console.origin, token=console.token("aiko")) as visit:
        await visit.open_graphiql()
        yield visit


@pytest.fixture
async def visit(opened: Visit) -> AsyncIterator[Visit]:
    """GraphiQL before aiko, as the tests before this one left it."""
    yield opened
    opened.must_be_calm()


@pytest.fixture
async def stranger(chromium: Browser, console: Site) -> AsyncIterator[Visit]:
    """An empty window of somebody who has not signed in."""
    async with visiting(chromium, console.origin) as visit:
        yield visit
        visit.must_be_calm()
