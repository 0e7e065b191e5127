"""A running primary and replica for the session, and a fresh migrated database on them for each test.

Tests run on the embedded PostgreSQL 18, or on the programs that YUKYU_TEST_PG_BIN names. Those marked `every_version`
run on Debian's PostgreSQL 15 too, where it is installed; with `others="long"`, there they are among the long ones.
"""

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import structlog
import uvloop

from db import migrations
from db.cluster import Binaries, EmbeddedCluster, urls
from db.cluster.passwords import scram_verifier
from tests import forking

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of a random name is made in it
MEMORY_ENOUGH_BYTES = 2 * 1024**3
PREFIX = "yukyu-test-"
TEMPLATE = "yukyu_template"
TESTS = Path(__file__).parent

# By what name those who run tests are told of who forks for them.
FORKING = "forking"

# The groups of tests that take longest: begun last, one worker would be at them while the others have nothing to do.
FIRST = (
    "kills of restores",
    "kills of promotions",
    "jobs/restores/test_ledger",
    "search",
    "restores",
    "api/commands/test_idle",
    "attacks",
    "api/commands/test_restores",
    "jobs/alerts/test_dead_primary",
    "api/commands/test_disaster",
    "db/cluster/test_deaths",
    "archive",
    "jobs/restores/test_sealed",
    "rules",
    "api/commands/test_up",
    "jobs/keys/test_rotating",
    "browser",
    "api/commands/test_workers",
    "db/cluster/test_interruptions",
    "api/test_backups_and_restores",
    "api/test_faults_over_http",
    "jobs/backups/test_calendar",
    "jobs/data/legacy/test_properties",
    "api/test_schemathesis",
    "api/test_feed_of_many",
    "jobs/backups/test_sealed",
    "jobs/data/legacy/test_again",
    "api/commands/test_node",
    "jobs/backups/test_status",
    "jobs/backups/test_taking",
    "db/control/test_store",
)

# What a crash would lose does not matter here.
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "autovacuum_naptime": "10min",
}

NUMBERS = count(1)

# What databases are made and dropped on, by the servers' URLs.
ADMINS: dict[str, asyncpg.Connection] = {}

REPLAYED = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn"


@pytest.fixture
def unconfigured_logs() -> None:
    """Log to standard output, as before anything is configured: a command that a test ran here has done that."""
    structlog.reset_defaults()


@cache
def binaries_under_test() -> Binaries:
    chosen = os.environ.get("YUKYU_TEST_PG_BIN")
    return Binaries.find(Path(chosen) if chosen else None)


@cache
def versions() -> list[Binaries]:
    """Return what a test of every version runs on."""
    default = binaries_under_test()
    others = [Binaries.find(DEBIAN_15)] if DEBIAN_15.is_dir() and "YUKYU_TEST_PG_BIN" not in os.environ else []
    return [default, *others]


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # what is imported and collected stays
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # as the servers: asyncio's own is lenient where it is not
    if shared := getattr(config, "workerinput", {}).get(FORKING):
        forking.SHARED.append(Path(shared))
    config.addinivalue_line("markers", "every_version: runs on every version of PostgreSQL that is installed here")
    config.addinivalue_line("markers", "long: takes minutes; `make test-long` runs these alone")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each of several processes who forks for all of them."""
    node.workerinput[FORKING] = str(forking.serve())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    every = metafunc.definition.get_closest_marker("every_version")
    if every and "binaries" in metafunc.fixturenames:
        first, *others = versions()
        marks = [pytest.mark.long] if every.kwargs.get("others") == "long" else []
        given = [pytest.param(first, id=f"pg{first.major}")]
        given += [pytest.param(each, id=f"pg{each.major}", marks=marks) for each in others]
        metafunc.parametrize("binaries", given, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Keep a module's tests in one worker, so that what they share is made once; let what takes long begin first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(TESTS).with_suffix("").as_posix()))
    yield
    items.sort(key=lambda item: FIRST.index(group) if (group := group_of(item)) in FIRST else len(FIRST))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what was imported and collected: most of all there is, and it stays."""
    gc.freeze()
    gc.enable()


def group_of(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    assert mark is not None
    return mark.args[0]


@pytest.fixture(scope="session")
def binaries(request: pytest.FixtureRequest) -> Binaries:
    """PostgreSQL's programs; mark a test `every_version` to run it on all."""
    return getattr(request, "param", None) or binaries_under_test()


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A directory for the session's servers, in memory where there is room."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_ENOUGH_BYTES
    parent = MEMORY if roomy else Path(tempfile.gettempdir())
    for abandoned in parent.glob(f"{PREFIX}*-*"):
        if not psutil.pid_exists(int(abandoned.name.removeprefix(PREFIX).partition("-")[0])):
            clear(abandoned)
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    directory.chmod(0o711)  # PostgreSQL's user passes through
    yield directory
    clear(directory)


def clear(directory: Path) -> None:
    """Remove a session's directory, and end what still works in it: servers outlive who started them."""
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if Path(process.cwd()).is_relative_to(directory):
                process.kill()
    shutil.rmtree(directory, ignore_errors=True)


class Clusters:
    """The session's clusters, one a version, each started when it is first asked for."""

    def __init__(self, directory: Path, stack: AsyncExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._open: dict[Path, EmbeddedCluster] = {}

    async def of(self, binaries: Binaries) -> EmbeddedCluster:
        if binaries.directory not in self._open:
            cluster = await self._stack.enter_async_context(
                EmbeddedCluster.open(self._directory / f"pg{binaries.major}", binaries=binaries, settings=QUICK)
            )
            await hasten_signing_in(cluster)
            self._open[binaries.directory] = cluster
        return self._open[binaries.directory]


async def hasten_signing_in(cluster: EmbeddedCluster) -> None:
    """Hash the passwords once in place of 4,096 times, which is a quarter of what a connection costs."""
    passwords = cluster.passwords
    roles = {urls.SUPERUSER: passwords.superuser, urls.APPLICATION: passwords.application}
    connection = await admin(cluster.admin_url)
    for role, password in roles.items():
        await connection.execute(f"ALTER ROLE {role} PASSWORD '{scram_verifier(password, iterations=1)}'")


@pytest.fixture(scope="session")
async def clusters(scratch: Path) -> AsyncIterator[Clusters]:
    async with AsyncExitStack() as stack:
        yield Clusters(scratch, stack)
        for connection in ADMINS.values():
            await connection.close()


@pytest.fixture(scope="session")
async def cluster(clusters: Clusters, binaries: Binaries) -> EmbeddedCluster:
    """A running primary and replica; do not stop them, and leave no database behind."""
    return await clusters.of(binaries)


@pytest.fixture(scope="session")
async def template(cluster: EmbeddedCluster) -> str:
    """The name of a migrated database with no connections, for tests to start from a copy of."""
    await make_template(cluster)
    return TEMPLATE


@dataclass(frozen=True)
class Database:
    """A database of the cluster's; the URLs are the application role's, `admin_url` the superuser's."""

    name: str
    primary_url: str
    replica_url: str
    admin_url: str


@pytest.fixture
async def database(cluster: EmbeddedCluster, template: str) -> AsyncIterator[Database]:
    """A fresh database with the newest schema, there on the replica too."""
    name = f"test_{next(NUMBERS)}"
    await create_database(cluster, name, template=template)
    yield database_of(cluster, name)
    await drop_database(cluster, name)


@pytest.fixture(scope="module")
async def module_database(cluster: EmbeddedCluster, template: str) -> AsyncIterator[Database]:
    """A fresh database that a module's tests share, for those that do not write or write once."""
    name = f"test_{next(NUMBERS)}"
    await create_database(cluster, name, template=template)
    yield database_of(cluster, name)
    await drop_database(cluster, name)


@pytest.fixture
async def empty_database(cluster: EmbeddedCluster) -> AsyncIterator[Database]:
    """A fresh database in which no migration has run."""
    name = f"test_{next(NUMBERS)}"
    await create_database(cluster, name)
    yield database_of(cluster, name)
    await drop_database(cluster, name)


def database_of(cluster: EmbeddedCluster, name: str) -> Database:
    assert cluster.replica is not None
    return Database(
        name=name,
        primary_url=urls.application(cluster.primary, cluster.passwords, name),
        replica_url=urls.application(cluster.replica, cluster.passwords, name),
        admin_url=urls.admin(cluster.primary, cluster.passwords, name),
    )


async def make_template(cluster: EmbeddedCluster) -> None:
    """Migrate one database for all tests of a cluster to start from."""
    if not await exists(cluster, TEMPLATE):
        await create_database(cluster, TEMPLATE)
    await migrations.upgrade(urls.application(cluster.primary, cluster.passwords, TEMPLATE))


async def create_database(cluster: EmbeddedCluster, name: str, *, template: str = "template1") -> None:
    connection = await admin(cluster.admin_url)
    # Copying files is by far the quickest where nothing is brought to the disk.
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER yukyu STRATEGY file_copy')
    await wait_replayed(cluster, await connection.fetchval("SELECT pg_current_wal_lsn()::text"))


async def exists(cluster: EmbeddedCluster, name: str) -> bool:
    connection = await admin(cluster.admin_url)
    return bool(await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name))


async def drop_database(cluster: EmbeddedCluster, name: str) -> None:
    connection = await admin(cluster.admin_url)
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def wait_replayed(cluster: EmbeddedCluster, lsn: str) -> None:
    """Wait until the replica has replayed all up to a position."""
    assert cluster.replica is not None
    connection = await admin(urls.admin(cluster.replica, cluster.passwords, "postgres"))
    while not await connection.fetchval(REPLAYED, lsn):  # noqa: ASYNC110 - the event is in another process
        await asyncio.sleep(0.002)


async def admin(url: str) -> asyncpg.Connection:
    """Return a connection to one of the session's servers; it is kept for whoever asks next."""
    connection = ADMINS.get(url)
    if connection is None or connection.is_closed():
        ADMINS[url] = connection = await asyncpg.connect(url)
    return connection
