"""What tests of restores do, and wait for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from db.cluster import EmbeddedCluster, urls
from db.cluster.connection import AWAY
from db.cluster.desired import Desired
from db.control import Operation, OperationState, RestoreRun, RestoreState, operations
from db.repository import BackupKind, Incarnation, marks
from db.repository.inventory import Inventory
from jobs import backups, restores
from jobs.refusal import Refusal
from jobs.restores import Target, places, runs
from jobs.site import Site
from jobs.worker.loop import run_now, work

SMALL = {"fsync": "off", "shared_buffers": "32MB", "min_wal_size": "32MB", "max_wal_size": "128MB"}
KINDS = (*backups.KINDS, *restores.KINDS)
PATIENCE_SECONDS = 60
TOLD = "SELECT count(*) || md5(string_agg(ledger::text, ';' ORDER BY number)) FROM ledger"
STREAMS = "SELECT count(*) = 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'"


@dataclass
class Restorable:
    site: Site
    cluster: EmbeddedCluster
    _worker: asyncio.Task[None] | None = field(default=None)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Let a worker do what is asked for."""
        self._worker = asyncio.create_task(work(self.site, KINDS))
        try:
            yield
        finally:
            await end([self._worker])

    @asynccontextmanager
    async def without_worker(self) -> AsyncIterator[None]:
        """Let nothing be done that is asked for, until the end of the block."""
        assert self._worker is not None
        await end([self._worker])
        try:
            yield
        finally:
            self._worker = asyncio.create_task(work(self.site, KINDS))

    @property
    def clusters(self) -> Path:
        return self.site.installation.layout.clusters

    @property
    def live_directory(self) -> Path:
        return self.clusters / (places.live_directory(self.site) or "")

    @property
    def incarnation(self) -> Incarnation:
        found = self.site.incarnation()
        assert found is not None
        return found

    @asynccontextmanager
    async def connected(self, server: str = "primary") -> AsyncIterator[asyncpg.Connection]:
        """Connect to a server as it is now: ports stay, directories do not."""
        spec = self.site.installation.states.desired().servers[server]
        connection = await asyncpg.connect(urls.admin(spec, self.site.installation.passwords), timeout=10)
        try:
            yield connection
        except BaseException:
            connection.terminate()  # one that is broken cannot be closed in order
            raise
        await connection.close()

    async def execute(self, statement: str, *arguments: object) -> None:
        async with self.connected() as connection:
            await connection.execute(statement, *arguments)

    async def value(self, statement: str, *arguments: object, server: str = "primary") -> object:
        async with self.connected(server) as connection:
            return await connection.fetchval(statement, *arguments)

    async def rows(self) -> int:
        """Return the rows of the ledger, on the primary."""
        return int(str(await self.value("SELECT count(*) FROM ledger")))

    async def add(self, rows: int) -> datetime:
        """Add rows to the ledger and return a moment after they were committed and before anything else is."""
        await self.execute("INSERT INTO ledger (told) SELECT now() FROM generate_series(1, $1::int)", rows)
        await asyncio.sleep(0.01)
        moment = datetime.now(UTC)
        await asyncio.sleep(0.01)
        return moment

    @property
    def replica_directory(self) -> Path:
        installation = self.site.installation
        return installation.data_directory(installation.states.desired().servers["replica"])

    async def next_segment(self) -> None:
        """End a segment, and let the servers remove those before it that they can do without."""
        await self.execute("SELECT pg_switch_wal()")
        await self.execute("CHECKPOINT")

    async def archived(self, moment: datetime) -> None:
        """Wait until a moment can be restored."""

        async def known() -> bool:
            mark = marks.newest(self.incarnation)
            return (
                mark is not None
                and mark.at > moment
                and Inventory.read(self.incarnation).end(mark.timeline) >= mark.lsn
            )

        await eventually(known)

    @asynccontextmanager
    async def untouched(self) -> AsyncIterator[None]:
        """Prove that the live database is as it was after the block, and takes writes; that nothing is left over."""
        await no_backup_runs(self.site)  # it has directories of its own for a while
        before, told, rows = self._desired(), await self.value(TOLD), await self.rows()
        directories = self._directories()
        yield
        assert await self.value(TOLD) == told
        assert self._desired() == before
        assert self._directories() == directories
        await self.add(1)
        assert await self.rows() == rows + 1

    def _desired(self) -> Desired:
        return self.site.installation.states.desired().model_copy(update={"generation": 0})

    def _directories(self) -> set[str]:
        return {path.name for path in self.clusters.iterdir()}

    async def running(self) -> None:
        """Wait until the primary takes connections."""

        async def answers() -> bool:
            return bool(await self.value("SELECT true"))

        await eventually(answers)

    async def replica_follows(self) -> None:
        """Wait until the replica streams from the primary, with its rows."""

        async def follows() -> bool:
            there = await self.value(TOLD, server="replica")
            return bool(await self.value(STREAMS, server="replica")) and there == await self.value(TOLD)

        await eventually(follows)


async def eventually(condition: Callable[[], Awaitable[object]], *, seconds: float = PATIENCE_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                if await condition():
                    return
            except (*AWAY, asyncpg.PostgresError):
                pass
            await asyncio.sleep(0.05)


async def back_up(site: Site, kind: BackupKind = BackupKind.FULL) -> Operation:
    await no_backup_runs(site)
    operation = await backups.request(site, kind, by="admin")
    assert isinstance(operation, Operation), operation
    return await done(site, operation.id)


async def no_backup_runs(site: Site) -> None:
    """Wait for the backup that a promotion asks for."""

    async def none() -> bool:
        async with site.control.reading() as session:
            return not await operations.open_of(session, [kind.name for kind in backups.KINDS])

    await eventually(none)


async def done(site: Site, operation_id: str) -> Operation:
    async def ended() -> bool:
        async with site.control.reading() as session:
            found = await operations.by_id(session, operation_id)
        assert found is not None
        return found.state not in operations.OPEN

    await eventually(ended)
    async with site.control.reading() as session:
        found = await operations.by_id(session, operation_id)
    assert found is not None
    assert found.state is OperationState.SUCCEEDED, found.error
    return found


async def trigger(site: Site, target: Target, *, promote: bool = False) -> RestoreRun:
    run = await restores.trigger(site, target, promote=promote, reason="A test", by="admin")
    assert isinstance(run, RestoreRun), run
    return run


async def refusal(site: Site, target: Target) -> Refusal:
    found = await restores.trigger(site, target, promote=False, reason="A test", by="admin")
    assert isinstance(found, Refusal), found
    return found


async def reaches(site: Site, run: RestoreRun, *states: RestoreState) -> RestoreRun:
    """Wait until a run is in one of these states, or has ended, and no worker has it; then it must be in one."""

    async def there() -> bool:
        now, operation = await runs.get(site, run.id), await restores.operation_of(site, run.id)
        worked_on = operation is not None and operation.state in (OperationState.QUEUED, OperationState.RUNNING)
        return not worked_on and (now.state in states or now.state in runs.ENDED)

    await eventually(there)
    found = await runs.get(site, run.id)
    assert found.state in states, (found.state, found.error)
    return found


async def failed(site: Site, target: Target) -> str:
    """Restore what cannot be, and return what is said about it."""
    run = await reaches(site, await trigger(site, target), RestoreState.FAILED)
    return str(run.error)


async def done_now(site: Site, run: RestoreRun) -> RestoreRun:
    """Do what is asked for with a restore here, where no worker runs."""
    operation = await restores.operation_of(site, run.id)
    assert operation is not None
    await run_now(site, operation, KINDS)
    return await runs.get(site, run.id)


async def restored(site: Site, target: Target) -> RestoreRun:
    """Restore until it is ready."""
    return await reaches(site, await trigger(site, target), RestoreState.READY)


async def promoted(site: Site, run: RestoreRun) -> RestoreRun:
    asked = await restores.promote(site, run.id, by="admin")
    assert isinstance(asked, RestoreRun), asked
    return await reaches(site, run, RestoreState.PROMOTED)


async def discarded(site: Site, run: RestoreRun) -> RestoreRun:
    asked = await restores.discard(site, run.id, by="admin")
    assert isinstance(asked, RestoreRun), asked
    return await reaches(site, run, RestoreState.DISCARDED)


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def ago(**parts: float) -> datetime:
    return datetime.now(UTC) - timedelta(**parts)
