"""How the WAL archive is: from its own files, and from the primary where that answers."""

import asyncio
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from db.cluster.connection import AWAY
from db.cluster.errors import ClusterError
from db.keys import KeyRingError
from db.lsn import Lsn
from db.repository import BackupManifest, Incarnation, Segment, compression, marks, primary, stored
from db.repository.errors import RepositoryError
from db.repository.history import Lineage
from db.repository.inventory import Gap, Grade, Inventory
from db.repository.primary import Standing
from db.repository.window import complete
from jobs.site import Site

# What is not collected for so long, nobody collects.
FORGOTTEN_SECONDS = 60
LITTLE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class ArchiveStatus:
    """The contract's, with sentences that say what to do.

    `receiving`, and since when archiving `fails_since`, are unknown while the primary is away; `receiving` is None
    then, and only then.
    """

    last_archived_wal: str | None = None
    last_archived_at: datetime | None = None
    failed_count: int = 0
    pending_segments: int = 0
    gaps: list[Gap] = field(default_factory=list[Gap])
    receiving: bool | None = None
    fails_since: datetime | None = None
    problems: list[str] = field(default_factory=list[str])


async def archive_status(site: Site) -> ArchiveStatus:
    """Tell how the archive is; with the primary away, what the repository alone tells."""
    return (await look(site))[0]


async def look(site: Site) -> tuple[ArchiveStatus, Inventory | None]:
    """Return the same with the inventory that it was told from, for whoever asks more of that moment."""
    incarnation = site.incarnation()
    if incarnation is None:
        return ArchiveStatus(), None
    try:
        standing = await primary.standing(site.installation)
    except (*AWAY, ClusterError):
        standing = None
    return await asyncio.to_thread(_look, site, incarnation, standing)


def _look(site: Site, incarnation: Incarnation, standing: Standing | None) -> tuple[ArchiveStatus, Inventory | None]:
    ready = standing.ready if standing else _ready(site)
    unreadable = f"The archive in {incarnation.root} cannot be read"
    try:
        inventory = Inventory.read(incarnation)
        refused = _names(incarnation.refused)
        pending = {segment for segment in map(Segment.parse, ready) if segment and not inventory.holds(segment)}
        last = _last_archived(incarnation)
        gaps, unknown = _gaps(incarnation, inventory, pending)
    except OSError as failure:
        return _unread(standing, ready, f"{unreadable}: {failure.strerror}. Bring its disk back."), None
    except stored.NO_KEY as failure:
        return _unread(standing, ready, f"{unreadable}: {failure.message} {failure.hint or ''}".rstrip()), None
    return ArchiveStatus(
        last_archived_wal=last[0] if last else None,
        last_archived_at=last[1] if last else None,
        failed_count=(standing.failed_count if standing else 0) + len(refused),
        pending_segments=len(pending),
        gaps=gaps,
        receiving=standing.receives if standing else None,
        fails_since=standing.fails_since if standing else None,
        problems=[
            *_of_directory(site, incarnation, standing, len(pending)),
            *_of_receiving(standing),
            *_of_keys(incarnation),
            *_of_collecting(incarnation),
            *_of_contents(incarnation, gaps, refused),
            *unknown,
        ],
    ), inventory


def _unread(standing: Standing | None, ready: Sequence[str], problem: str) -> ArchiveStatus:
    return ArchiveStatus(
        failed_count=standing.failed_count if standing else 0,
        pending_segments=len(ready),
        receiving=standing.receives if standing else None,
        fails_since=standing.fails_since if standing else None,
        problems=[problem],
    )


def _ready(site: Site) -> tuple[str, ...]:
    """Return what a server that is down has not handed over, from its files."""
    try:
        spec = primary.spec(site.installation)
        status = site.installation.data_directory(spec) / "pg_wal" / "archive_status"
        return tuple(path.stem for path in status.iterdir() if path.suffix == ".ready")
    except (OSError, ClusterError):
        return ()


def _last_archived(incarnation: Incarnation) -> tuple[str, datetime] | None:
    """Return the newest segment in the archive itself, and since when it is there."""
    for directory in sorted(incarnation.wal.iterdir(), reverse=True):
        names = _names(directory) if directory.is_dir() else []
        whole = [name for name in names if Segment.parse(name.removesuffix(compression.SUFFIX))]
        if whole:
            path = directory / max(whole)
            return path.name.removesuffix(compression.SUFFIX), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return None


def _gaps(incarnation: Incarnation, inventory: Inventory, pending: set[Segment]) -> tuple[list[Gap], list[str]]:
    """Return what is lost between the oldest kept backup and now, and why that cannot be told."""
    newest = marks.newest(incarnation)
    backups = complete(BackupManifest.all(incarnation))
    if newest is None or not backups:
        return [], []
    try:
        lineage = Lineage.read(incarnation, newest.timeline)
    except RepositoryError as failure:
        return [], [f"{failure.message} {failure.hint}"]
    starts = [
        Lsn.parse(each.start_lsn) for each in backups if lineage.includes(each.timeline, Lsn.parse(each.stop_lsn))
    ]
    if not starts:
        return [], []
    found = inventory.gaps(lineage, min(starts), awaited=pending)
    return [gap for gap in found if gap.grade is Grade.LOST], []


def _of_directory(site: Site, incarnation: Incarnation, standing: Standing | None, pending: int) -> Iterable[str]:
    user, incoming = site.installation.user, incarnation.incoming
    meanwhile = f"The server keeps its WAL meanwhile ({pending} segments so far); it goes on by itself afterwards."
    if not incoming.is_dir():
        yield f"{incoming} is not there: bring the backup disk back. {meanwhile}"
    elif os.statvfs(incoming).f_flag & os.ST_RDONLY:
        yield f"The disk of {incoming} is read-only: find out why, and mount it writable. {meanwhile}"
    elif not user.can_write(incoming):
        yield f"{incoming} cannot be written to: make it writable for the user {user.name}. {meanwhile}"
    elif shutil.disk_usage(incoming).free < LITTLE_BYTES:
        yield f"The disk of {incoming} is full: make room, or remove backups you can do without. {meanwhile}"
    elif standing and standing.fails_since:
        yield (
            f"The server cannot hand its WAL over to {incoming} since {standing.fails_since:%Y-%m-%d %H:%M} UTC: its "
            f"log in {site.installation.layout.logs} says why. {meanwhile}"
        )


def _of_receiving(standing: Standing | None) -> Iterable[str]:
    if standing is None:
        return
    if standing.slot == "lost":
        yield (
            "The receiver was away for so long that the server let go of WAL it had not received. It begins anew by "
            "itself as soon as it runs: see that `yukyu work` does."
        )
    elif not standing.receives:
        yield (
            "Nobody receives WAL as it is written, so that a commit is safe only after a minute: see that `yukyu work` "
            "runs, and what its log says."
        )


def _of_collecting(incarnation: Incarnation) -> Iterable[str]:
    forgotten = 0
    for directory in (incarnation.incoming, incarnation.stream):
        for path in directory.iterdir():
            with suppress(FileNotFoundError):  # it has just been collected
                old = time.time() - path.stat().st_mtime > FORGOTTEN_SECONDS
                forgotten += old and Segment.parse(path.name) is not None
    if forgotten:
        yield (
            f"{forgotten} segments wait in {incarnation.root} to be archived: see that `yukyu work` runs, that the "
            "disk is not full, and what its log says."
        )


def _of_keys(incarnation: Incarnation) -> Iterable[str]:
    try:
        incarnation.ring()
    except KeyRingError as failure:
        waits = "Until then WAL waits to be archived, and no backup is taken; nothing is lost."
        yield " ".join(filter(None, (failure.message, failure.hint, waits)))


def _of_contents(incarnation: Incarnation, gaps: list[Gap], refused: list[str]) -> Iterable[str]:
    manifests = BackupManifest.all(incarnation) if gaps else []
    for gap in gaps:
        later = next((each for each in manifests if Lsn.parse(each.start_lsn) >= gap.last.end), None)
        yield (
            f"WAL is missing from the archive: timeline {gap.timeline}, {gap.first.name} to {gap.last.name}. "
            + (
                f"What was committed between it and the backup {later.id} cannot be restored; there is nothing left to "
                "do, and this goes away when the older backups expire."
                if later
                else "Nothing after it can be restored from the backups before it: take one with `yukyu backup create`."
            )
        )
    if refused:
        yield (
            f"{len(refused)} files differ from what the archive holds under their names, such as {refused[0]}: another "
            f"server may write to this archive. Look at them in {incarnation.refused}, and remove them once you know."
        )


def _names(directory: Path) -> list[str]:
    try:
        return sorted(path.name for path in directory.iterdir())
    except FileNotFoundError:
        return []
