"""Removes what no restore into the window can need any more."""

import asyncio
import shutil
from collections.abc import Collection, Sequence
from datetime import datetime

import structlog

from db.backups import in_use
from db.cluster import durable
from db.control import OperationState, operations
from db.lsn import Lsn
from db.repository import BackupManifest, Incarnation, Segment, marks
from db.repository.errors import MissingHistoryError
from db.repository.expire import expire_wal, timelines
from db.repository.history import Lineage
from jobs.backups import leftovers
from jobs.backups.chains import chain_of
from jobs.backups.kinds import BACKUP
from jobs.site import Site

# Behind every segment there will ever be.
LAST = 1 << 48

log = structlog.get_logger(__name__)


async def expire(site: Site) -> list[str]:
    """Remove expired backups, the WAL that only they needed, and what killed backups left; return their ids.

    Only for the lane of backups: none is being taken meanwhile.
    """
    incarnation = site.incarnation()
    if incarnation is None:
        return []
    async with site.control.reading() as session:
        restoring = await in_use.backups(session)
        running = await operations.open_of(session, [BACKUP])
    manifests = await asyncio.to_thread(BackupManifest.all, incarnation)
    expired = superfluous(manifests, since=site.clock() - site.policy.window, needed=restoring)
    for manifest in expired:
        await asyncio.to_thread(remove, incarnation, manifest)
        log.info("backup expired", backup=manifest.id)
    begun = {operation.id for operation in running if operation.state is OperationState.RUNNING}
    await leftovers.clear_all(site, incarnation, keep=begun)
    gone = {manifest.id for manifest in expired}
    await asyncio.to_thread(_expire_wal, site, incarnation, [each for each in manifests if each.id not in gone])
    return sorted(gone)


def superfluous(
    manifests: Sequence[BackupManifest], *, since: datetime, needed: Collection[str] = ()
) -> list[BackupManifest]:
    """Return the backups to remove, so that those that build on others come first.

    Kept are all chains that began in the window, the newest good one before,
    which leads into it, and those that a restore needs. A chain goes as a whole.
    """
    known = {manifest.id: manifest for manifest in manifests}
    root = {each.id: (chain_of(each, known) or [each])[0] for each in manifests}
    before = [each for each in manifests if root[each.id] is each and each.finished_at <= since]
    leading = next((each for each in reversed(before) if each.error is None), None)
    if leading is None:
        return []
    kept = {root[each].id for each in needed if each in root}
    older = {each.id for each in before if each.finished_at < leading.finished_at} - kept
    return [each for each in reversed(manifests) if root[each.id].id in older]


def remove(incarnation: Incarnation, manifest: BackupManifest) -> None:
    """Remove the manifest first: without it the files are no backup, and what a crash leaves of them is cleared."""
    incarnation.manifest(manifest.id).unlink(missing_ok=True)
    durable.sync_directory(incarnation.backups)
    shutil.rmtree(incarnation.backup(manifest.id), ignore_errors=True)


def oldest_needed(incarnation: Incarnation, kept: Sequence[BackupManifest], live: int) -> dict[int, Segment]:
    """Return, for each timeline in the archive, the oldest segment that a kept backup needs.

    A timeline that no kept backup leads to needs none, unless it is the live one.
    """
    found: dict[int, Segment] = {}
    for timeline in timelines(incarnation):
        try:
            lineage = Lineage.read(incarnation, timeline)
        except MissingHistoryError:
            continue  # nobody knows who needs it
        leading = [each for each in kept if lineage.includes(each.timeline, Lsn.parse(each.stop_lsn))]
        starts = [Lsn.parse(each.start_lsn) for each in leading]
        if starts:
            found[timeline] = Segment.of(timeline, min(starts))
        elif timeline != live:
            found[timeline] = Segment(timeline, LAST)
    return found


def _expire_wal(site: Site, incarnation: Incarnation, kept: Sequence[BackupManifest]) -> None:
    if kept:
        live = marks.live_timeline_at(incarnation, site.clock())
        expire_wal(incarnation, oldest_needed(incarnation, kept, live))
