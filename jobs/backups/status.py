"""How well the installation could be restored: what is promised, what is true, and what to do about the difference."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from db.backups import restored
from db.keys import KeyRingError
from db.repository import BackupManifest, Incarnation
from db.repository.inventory import Inventory
from db.repository.window import Window, window
from jobs.archive import ArchiveStatus, look
from jobs.backups import calendar, problems
from jobs.backups.listing import Backup, BackupState, listing, manifests_of
from jobs.backups.objectives import Objectives, compare
from jobs.backups.parents import usable
from jobs.health.outcome import HealthStatus
from jobs.site import Site
from jobs.worker.leader import is_led

FINISHED = (BackupState.COMPLETED, BackupState.VERIFIED)


@dataclass(frozen=True)
class RecoveryWindow:
    """Every moment from earliest to latest can be restored."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, kw_only=True)
class BackupStatus:
    """DOWN when nothing could be restored, DEGRADED when something needs a person. Sizes in bytes."""

    status: HealthStatus
    last_backup: Backup | None
    next_backup_at: datetime | None
    window: RecoveryWindow | None
    archive: ArchiveStatus
    objectives: Objectives
    total_size_bytes: int
    problems: list[str]


async def status(site: Site) -> BackupStatus:
    """Put the status together; with the primary away it is what the repository tells."""
    now, incarnation = site.clock(), site.incarnation()
    archive, inventory = await look(site)
    backups = await listing(site)
    manifests = await asyncio.to_thread(manifests_of, site)
    async with site.control.reading() as session:
        last_restore = await restored.last(session)
    reachable = await asyncio.to_thread(_window, incarnation, manifests, inventory)
    objectives = compare(site.policy, now, manifests, reachable, last_restore[1] if last_restore else None)
    switched_on = site.installation.archive is not None
    found = [
        *problems.of_service(switched_on=switched_on, works=is_led(site.installation.states.directory)),
        *problems.of_backups(backups, manifests, now),
        *problems.of_lost(await asyncio.to_thread(_lost, site, backups, now), site.repository.root),
        *_of_keys(incarnation, manifests),
        *archive.problems,
        *problems.of_window(manifests, reachable=reachable is not None),
        *problems.of_objectives(objectives),
        *problems.of_drills(manifests, last_restore[0] if last_restore else None, now),
    ]
    return BackupStatus(
        status=_health(found, reachable),
        last_backup=next((each for each in backups if each.state in FINISHED), None),
        next_backup_at=calendar.next_run(site.policy, now) if switched_on else None,
        window=RecoveryWindow(reachable.earliest.at, reachable.latest.at) if reachable else None,
        archive=archive,
        objectives=objectives,
        total_size_bytes=await asyncio.to_thread(_size, incarnation.root) if incarnation else 0,
        problems=found,
    )


def _of_keys(incarnation: Incarnation | None, manifests: Sequence[BackupManifest]) -> list[str]:
    with suppress(KeyRingError):  # the archive's status says so
        return list(problems.of_keys(manifests, incarnation.ring() if incarnation else None))
    return []


def _window(
    incarnation: Incarnation | None, manifests: Sequence[BackupManifest], inventory: Inventory | None
) -> Window | None:
    return window(incarnation, usable(manifests), inventory) if incarnation else None


def _lost(site: Site, backups: Sequence[Backup], now: datetime) -> list[Backup]:
    """Return the backups that are gone though they are of the window, of which retention removes none."""
    gone = [
        each for each in backups if each.state is BackupState.EXPIRED and now - each.started_at < site.policy.window
    ]
    places = site.repository.incarnations() if gone else []
    return [each for each in gone if not any(place.manifest(each.id).exists() for place in places)]


def _health(found: Sequence[str], reachable: Window | None) -> HealthStatus:
    if reachable is None:
        return HealthStatus.DOWN
    return HealthStatus.DEGRADED if found else HealthStatus.HEALTHY


def _size(directory: Path) -> int:
    """Return the bytes of all files below a directory; what is removed meanwhile is not counted."""
    total = 0
    for path in directory.rglob("*"):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        total += found.st_size
    return total
