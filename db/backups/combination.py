"""Combines a full backup and the incremental ones that build on it, and makes data directories durable."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from db.cluster import programs
from db.cluster.errors import ProgramError
from db.cluster.installation import Installation

# From here on pg_combinebackup can link files that are in one backup whole, instead of copying them.
LINKS_SINCE = 18

SYNC_SECONDS = 0.5


async def combine(installation: Installation, parts: Sequence[Path], into: Path) -> None:
    """Combine extracted backups, the full one first, into an empty directory of the same file system.

    The parts are used up by it: files may be shared with them.
    """
    binaries = installation.binaries
    command = [
        *(binaries.program("pg_combinebackup"), "--output", into, "--no-sync"),
        *(("--link",) if binaries.major >= LINKS_SINCE else ()),
        *parts,
    ]
    await programs.run(command, installation.user)


async def sync(installation: Installation, directory: Path) -> None:
    """Bring a data directory to the disk."""
    command = [installation.binaries.program("initdb"), "--sync-only", "--pgdata", directory]
    await programs.run(command, installation.user)


@asynccontextmanager
async def syncing(installation: Installation, directory: Path) -> AsyncGenerator[None]:
    """Bring what is being written to a directory to the disk meanwhile, so that little is left for `sync`."""
    working = asyncio.create_task(_keep_syncing(installation, directory))
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _keep_syncing(installation: Installation, directory: Path) -> None:
    program = shutil.which("sync")
    with suppress(ProgramError):  # not every machine's can: then `sync` has more to do
        while program:
            await asyncio.sleep(SYNC_SECONDS)
            await programs.run([program, "--file-system", directory], installation.user)
