"""Combines a full backup and the incremental ones that build on it, and makes data directories durable."""

from collections.abc import Sequence
from pathlib import Path

from db.cluster import programs
from db.cluster.installation import Installation

# From here on pg_combinebackup can link files that are in one backup whole, instead of copying them.
LINKS_SINCE = 18


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
