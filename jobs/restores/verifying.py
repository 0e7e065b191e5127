"""Proves a recovered database, read-only: nothing damaged, a known schema, and its rows beside the live ones."""

import asyncio
from dataclasses import dataclass

import asyncpg

from db import migrations
from db.cluster import urls
from db.cluster.connection import AWAY, connected
from db.cluster.desired import Role
from db.restores import contents, damage
from db.restores.server import PrivateServer
from jobs.restores.errors import DamagedError
from jobs.restores.steps import Step
from jobs.site import Site

# How long the rows of one table may take to count, live and restored.
COUNT_SECONDS = 30.0


@dataclass(frozen=True)
class Difference:
    table: str
    live_rows: int
    restored_rows: int


async def verify(site: Site, server: PrivateServer, step: Step) -> list[Difference]:
    """Return how many rows each table has, live and restored; none where no live database answers.

    Raises:
        DamagedError: what was recovered must not become the live database.
    """
    await step.report(0.0, "Looking at the schema")
    async with server.connected() as connection:
        if not await contents.has_checksums(connection):
            raise DamagedError("The restored database has no data checksums, so damage could not be seen.")
        revision = await _known_revision(connection)
        checkable = await contents.has_amcheck(connection)
    damaged = await _look_for_damage(server, step) if checkable else None
    if damaged:
        raise DamagedError(
            f"The restored database is damaged: {damaged}",
            hint="Choose another backup; the one that was used may be damaged, or the database was when it was taken.",
        )
    await step.report(0.8, "Counting rows")
    found = await _differences(site, server)
    checked = "tables and indexes checked" if checkable else "without amcheck, which the database did not have yet"
    beside = "" if found else "; no live database to compare with"
    step.message = f"Schema revision {revision or 'none'}; {checked}{beside}"
    return found


async def _known_revision(connection: asyncpg.Connection) -> str | None:
    revision = await contents.revision(connection)
    if revision is not None and not migrations.knows(revision):
        raise DamagedError(
            f"The restored database has the schema revision {revision}, which this software does not know.",
            hint="Use the version of YuKyuDATA that wrote it.",
        )
    return revision


async def _look_for_damage(server: PrivateServer, step: Step) -> str | None:
    fraction = [0.0]

    async def show() -> None:
        while True:
            await step.report(fraction[0] * 0.8, "Checking tables and indexes")
            await asyncio.sleep(0.5)

    showing = asyncio.create_task(show())
    try:
        return await damage.find(server, lambda done: fraction.__setitem__(0, done))
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


async def _differences(site: Site, server: PrivateServer) -> list[Difference]:
    async with server.connected() as connection:
        restored = await contents.rows(connection, seconds=COUNT_SECONDS)
    live = await _live_rows(site)
    if live is None:
        return []
    return [
        Difference(table, live.get(table, 0), restored.get(table, 0)) for table in sorted(live.keys() | restored.keys())
    ]


async def _live_rows(site: Site) -> dict[str, int] | None:
    installation = site.installation
    servers = installation.states.desired().servers.values()
    primary = next((spec for spec in servers if spec.role is Role.PRIMARY), None)
    if primary is None:
        return None
    try:
        async with connected(urls.admin(primary, installation.passwords)) as connection:
            return await contents.rows(connection, seconds=COUNT_SECONDS)
    except AWAY:
        return None
