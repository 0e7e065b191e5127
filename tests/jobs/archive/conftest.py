"""A primary whose archive is kept, shared by a module's tests: each leaves it well."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.lsn import Lsn
from db.repository import Incarnation, Repository, marks
from db.repository.history import Lineage
from db.repository.inventory import Gap, Inventory
from jobs.archive import ArchiveStatus, archive_status, keep
from jobs.site import Site
from tests.db.cluster.witness import answer, eventually

# Forgetful of WAL, so that the receiver can be made to miss some.
FORGETFUL = {
    "fsync": "off",
    "shared_buffers": "32MB",
    "min_wal_size": "32MB",
    "max_wal_size": "32MB",
    "max_slot_wal_keep_size": "16MB",
    "autovacuum": "off",
}
INTERVAL = timedelta(milliseconds=200)
PATIENCE_SECONDS = 60


@dataclass
class Kept:
    cluster: EmbeddedCluster
    site: Site
    keeping: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def incarnation(self) -> Incarnation:
        found = self.site.incarnation()
        assert found is not None
        return found

    def start(self) -> None:
        self.keeping = asyncio.create_task(keep(self.site, interval=INTERVAL))

    async def stop(self) -> None:
        if self.keeping:
            self.keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self.keeping

    async def status(self) -> ArchiveStatus:
        return await archive_status(self.site)

    async def is_well(self) -> None:
        """Wait until there is nothing to say of the archive, or fail with what there still is."""
        patience = time.monotonic() + PATIENCE_SECONDS
        while (problems := (await self.status()).problems) and time.monotonic() < patience:  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.1)
        assert problems == []

    async def receives(self) -> bool:
        return (await self.status()).receiving is True

    def receivers(self) -> list[psutil.Process]:
        return receivers_into(self.incarnation.stream)

    async def say(self, statement: str) -> object:
        return await answer(self.cluster.admin_url, statement)

    async def write(self) -> Lsn:
        """Commit something, and return where the WAL is then."""
        await self.say("SELECT pg_logical_emit_message(true, 'test', 'something')")
        return Lsn.parse(str(await self.say("SELECT pg_current_wal_flush_lsn()::text")))

    async def switch(self) -> str:
        """Commit something, end the segment it is in, and return the segment's name."""
        await self.write()
        return str(await self.say("SELECT pg_walfile_name(pg_switch_wal())"))

    def timeline(self) -> int:
        newest = marks.newest(self.incarnation)
        assert newest is not None
        return newest.timeline

    def inventory(self) -> Inventory:
        return Inventory.read(self.incarnation)

    def gaps(self) -> list[Gap]:
        """Return what is missing of all that there ever was."""
        lineage = Lineage.read(self.incarnation, self.timeline())
        return self.inventory().gaps(lineage, Lsn(16 * 1024 * 1024))

    async def holds(self, lsn: Lsn) -> None:
        """Wait until the archive reaches a position."""

        async def reached() -> bool:
            return self.inventory().end(self.timeline()) >= lsn

        await eventually(reached)


def receivers_into(stream: Path) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and process.name() == "pg_receivewal" and str(stream) in process.cmdline():
                found.append(process)
    return found


@asynccontextmanager
async def kept_in(home: Path, binaries: Binaries, *, synchronous: bool = False) -> AsyncIterator[Kept]:
    opening = EmbeddedCluster.open(
        home,
        binaries=binaries,
        replica=False,
        settings=FORGETFUL,
        archive=Repository.at(home / "backups"),
        synchronous_archive=synchronous,
    )
    async with opening as cluster, Control.open(home / "state") as control:
        kept = Kept(cluster, Site(control, Repository.at(home / "backups"), cluster.installation))
        kept.start()
        try:
            await eventually(kept.receives)
            yield kept
        finally:
            await kept.stop()


@pytest.fixture(scope="module")
async def kept(scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kept]:
    async with kept_in(scratch / tmp_path_factory.mktemp("kept").name, binaries) as found:
        yield found
