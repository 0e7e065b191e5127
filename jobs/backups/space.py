"""Whether the disks have room for what is about to be written to them."""

import shutil
from pathlib import Path

from db.backups.errors import NoSpaceError
from db.repository import BackupKind, BackupManifest, Incarnation

# What a backup takes up of the database's size when there is none yet to compare with.
FIRST = {BackupKind.FULL: 0.4, BackupKind.INCREMENTAL: 0.1}
# What one may grow by until the next.
MARGIN = 1.25
MEBIBYTE = 1024 * 1024
ANOTHER_DISK = "Make room there, or give backups another disk with YUKYU_BACKUP_DIR."


def require(incarnation: Incarnation, database_bytes: int, kind: BackupKind, *, beside: Path | None = None) -> None:
    """Raise NoSpaceError unless the backup disk has room for a backup like the last of its kind.

    `beside` is where it is copied to first, when it is encrypted.
    """
    before = [each for each in BackupManifest.all(incarnation) if each.kind is kind and each.database_size_bytes]
    part = before[-1].size_bytes / before[-1].database_size_bytes * MARGIN if before else FIRST[kind]
    require_free(incarnation.backups, int(database_bytes * part), "The backup")
    if beside is not None:
        what = "Copying the database, before the copy is encrypted,"
        require_free(beside, int(database_bytes * part), what, hint="Make room there, then take another backup.")


def require_free(directory: Path, needed: int, what: str, *, hint: str = ANOTHER_DISK) -> None:
    """Raise NoSpaceError unless the disk of a directory has this many bytes left."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise NoSpaceError(
            f"{what} needs about {needed / MEBIBYTE:,.0f} MiB, and the disk of {directory} has {free / MEBIBYTE:,.0f} "
            "MiB left.",
            hint=hint,
        )
