"""What a snapshot says of backups."""

import asyncio
from datetime import datetime

from db.backups import restored
from db.monitoring.snapshot import Backups
from db.repository.inventory import Gap, Inventory
from db.repository.window import window
from jobs import archive
from jobs.backups.listing import Backup, BackupState, listing, manifests_of
from jobs.backups.objectives import Objectives, compare
from jobs.backups.parents import usable
from jobs.site import Site

ENDED = (BackupState.COMPLETED, BackupState.VERIFIED, BackupState.FAILED)


async def look(site: Site, *, first_seen_at: datetime) -> Backups | None:
    """Return how backups are, with the primary away too; None where none are taken."""
    if site.installation.archive is None:
        return None
    wal, inventory = await archive.look(site)
    known = await listing(site)
    objectives = await asyncio.to_thread(_objectives, site, inventory)
    async with site.control.reading() as session:
        drill = await restored.last(session)
    failed = _failed(known)
    return Backups(
        seen_at=site.clock(),
        first_seen_at=first_seen_at,
        last_backup_at=next((each.finished_at for each in known if each.state in ENDED[:2]), None),
        failed_backup=failed and failed.id,
        failed_reason=failed and failed.error,
        rpo_seconds_now=objectives.rpo_seconds_now,
        rpo_seconds=objectives.rpo_seconds,
        archive_failures=wal.failed_count,
        archive_failing_since=wal.fails_since,
        archiving_known=wal.receiving is not None,
        pending_segments=wal.pending_segments,
        gaps=tuple(map(_in_words, wal.gaps)),
        last_drill_at=drill[0] if drill else None,
    )


def _objectives(site: Site, inventory: Inventory | None) -> Objectives:
    incarnation, manifests = site.incarnation(), manifests_of(site)
    reachable = window(incarnation, usable(manifests), inventory) if incarnation else None
    return compare(site.policy, site.clock(), manifests, reachable, last_restore=None)


def _failed(known: list[Backup]) -> Backup | None:
    """Return the last attempt, when it failed."""
    last = next((each for each in known if each.state in ENDED), None)
    return last if last is not None and last.state is BackupState.FAILED else None


def _in_words(gap: Gap) -> str:
    return f"timeline {gap.timeline}, {gap.first.name} to {gap.last.name}"
