"""Sites without servers, and operations on them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from db.cluster import Binaries
from db.cluster.desired import States
from db.cluster.identity import Identity
from db.cluster.installation import Installation
from db.cluster.layout import Layout
from db.cluster.passwords import Passwords
from db.control import Control, Operation, OperationState, operations
from db.repository import Repository
from jobs.site import Site
from jobs.worker import loop
from jobs.worker.job import Kind
from jobs.worker.schedule import Scheduled

ENDED = (OperationState.SUCCEEDED, OperationState.FAILED)


@asynccontextmanager
async def open_site(directory: Path) -> AsyncGenerator[Site]:
    layout = Layout.of(directory)
    layout.create()
    installation = Installation(
        layout=layout,
        binaries=Binaries.find(),
        user=Identity.choose(layout.clusters),
        passwords=Passwords.load_or_create(layout.passwords),
        states=States(layout.state),
    )
    async with Control.open(layout.state) as control:
        yield Site(control=control, repository=Repository.at(directory / "backups"), installation=installation)


@asynccontextmanager
async def working(site: Site, kinds: Sequence[Kind], schedule: Sequence[Scheduled] = ()) -> AsyncIterator[None]:
    worker = asyncio.create_task(loop.work(site, kinds, schedule))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def ask(site: Site, kind: str, **arguments: str) -> Operation:
    async with site.control.transaction() as session:
        return await operations.request(session, kind, arguments, by="aiko", now=site.clock())


async def reread(site: Site, operation: Operation) -> Operation:
    async with site.control.reading() as session:
        found = await operations.by_id(session, operation.id)
    assert found is not None
    return found


async def ended(site: Site, operation: Operation) -> Operation:
    async with asyncio.timeout(60):
        while (found := await reread(site, operation)).state not in ENDED:  # noqa: ASYNC110 - the event may be in another process
            await asyncio.sleep(0.02)
    return found
