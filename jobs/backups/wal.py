"""Whether the archive has the WAL that a backup needs."""

import asyncio

from db.lsn import Lsn
from db.repository import BackupManifest, Incarnation, Segment
from db.repository.history import Lineage
from db.repository.inventory import Gap, Inventory
from db.repository.verify import verify_segments
from jobs.backups.errors import BackupFailedError, DamagedWalError

# The server hands over the last segment as soon as the copying ends; a busy disk may take a while.
PATIENCE_SECONDS = 180.0
POLL_SECONDS = 0.2


async def wait_archived(incarnation: Incarnation, manifest: BackupManifest) -> None:
    """Wait until all WAL that makes a backup consistent is in the archive.

    Raises:
        BackupFailedError: it did not come.
    """
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while missing := await asyncio.to_thread(gaps, incarnation, manifest):
        if asyncio.get_running_loop().time() > deadline:
            names = ", ".join(f"{gap.first.name} to {gap.last.name}" for gap in missing)
            raise BackupFailedError(
                f"The WAL that the backup needs did not reach the archive: {names}. Without it there is no backup.",
                hint="`yukyu backup status` says what is wrong with the archive.",
            )
        await asyncio.sleep(POLL_SECONDS)


def gaps(incarnation: Incarnation, manifest: BackupManifest) -> list[Gap]:
    """Return what is missing of the WAL between a backup's beginning and its end."""
    lineage = Lineage.read(incarnation, manifest.timeline)
    return Inventory.read(incarnation).gaps(lineage, Lsn.parse(manifest.start_lsn), Lsn.parse(manifest.stop_lsn))


def verify(incarnation: Incarnation, manifest: BackupManifest) -> None:
    """Read the WAL between a backup's beginning and its end.

    Raises:
        DamagedWalError: some of it is missing or damaged.
    """
    first = Segment.of(manifest.timeline, Lsn.parse(manifest.start_lsn))
    last = Segment.of(manifest.timeline, Lsn(Lsn.parse(manifest.stop_lsn) - 1))
    bad = verify_segments(incarnation, first, last)
    if bad:
        raise DamagedWalError(
            f"The backup {manifest.id} cannot be restored: its WAL segment {bad[0].segment.name} is not usable "
            f"({bad[0].reason}).",
            hint="Take a new full backup, restore from another one, and have the backup disk checked.",
        )
