"""Runs pg_basebackup into the repository."""

from pathlib import Path

from db.backups.compression import Compression
from db.backups.errors import NoSpaceError
from db.backups.extraction import NO_SPACE
from db.cluster import programs
from db.cluster.clone import primary_conninfo
from db.cluster.desired import ServerSpec
from db.cluster.errors import ProgramError
from db.cluster.installation import Installation


async def take(  # noqa: PLR0913 - the keywords say which is which
    installation: Installation,
    primary: ServerSpec,
    *,
    name: str,
    into: Path,
    compression: Compression,
    parent: Path | None,
) -> None:
    """Take a backup as compressed tar files, without its WAL: that is the archive's.

    Args:
        installation: Whose programs and user do it.
        primary: The server to copy.
        name: What the server knows the connection and the backup by.
        into: A directory that is not there yet.
        compression: How the files are compressed.
        parent: The `backup_manifest` of the backup that this one builds on; a full one without.

    Raises:
        NoSpaceError: the disk is full.
        ProgramError: it failed for another reason.
    """
    command = [
        installation.binaries.program("pg_basebackup"),
        *("--pgdata", into, "--format", "tar", "--compress", compression.option(incremental=parent is not None)),
        *("--dbname", primary_conninfo(name, primary), "--no-password", "--label", name),
        *("--wal-method", "none", "--checkpoint", "fast", "--progress"),
        *(("--incremental", parent) if parent else ()),
    ]
    secrets = {"PGPASSWORD": installation.passwords.replication}
    try:
        await programs.run(command, installation.user, secrets=secrets)
    except ProgramError as failure:
        if NO_SPACE in failure.message:
            raise NoSpaceError(
                f"The disk of {into.parent} is full.", hint="Make room there, then take another backup."
            ) from failure
        raise
