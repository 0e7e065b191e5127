"""Runs pg_verifybackup, which compares each file of a backup with PostgreSQL's own list of them."""

from pathlib import Path

from db.cluster import programs
from db.cluster.errors import ProgramError
from db.cluster.installation import Installation

# From here on pg_verifybackup reads compressed tar files; before, it wants the files themselves.
READS_TAR_SINCE = 18
SHOWN = 3


async def verify(installation: Installation, directory: Path) -> str | None:
    """Return what is wrong with a backup's files, in a few words; None when all is well."""
    command = [installation.binaries.program("pg_verifybackup"), "--no-parse-wal", "--quiet", directory]
    try:
        await programs.run(command, installation.user)
    except ProgramError as failure:
        lines = [line.partition("error: ")[2] or line for line in failure.message.splitlines()]
        return "; ".join(lines[:SHOWN])
    return None
