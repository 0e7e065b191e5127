"""From when to when a restore is possible, from what the archive and the backups prove."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from db.lsn import Lsn
from db.repository import marks, stored
from db.repository.errors import MissingHistoryError
from db.repository.history import Lineage
from db.repository.inventory import Inventory
from db.repository.manifests import BackupManifest
from db.repository.marks import Mark
from db.repository.place import Incarnation


@dataclass(frozen=True)
class Edge:
    """A moment, and the position that belongs to it."""

    at: datetime
    timeline: int
    lsn: Lsn


@dataclass(frozen=True)
class Window:
    """Every moment from `earliest` to `latest` can be restored."""

    earliest: Edge
    latest: Edge


@dataclass(frozen=True)
class Start:
    """Where recovery from a backup may end at the earliest, and how far the WAL behind it reaches."""

    backup: BackupManifest
    end: Edge
    reach: Lsn


def window(
    incarnation: Incarnation, manifests: Iterable[BackupManifest], inventory: Inventory | None = None
) -> Window | None:
    """Return the window; None while nothing can be restored, or a key that it takes to tell is missing.

    `latest` is the newest commit that the archive holds without a gap from a
    backup on. From there it goes back, through the timelines that were live
    one after the other, as far as each can be restored without a gap.
    """
    with suppress(*stored.NO_KEY):
        return _window(incarnation, manifests, inventory or Inventory.read(incarnation))
    return None


def _window(incarnation: Incarnation, manifests: Iterable[BackupManifest], held: Inventory) -> Window | None:
    usable = complete(manifests)
    newest = marks.newest(incarnation)
    if newest is None or not usable:
        return None
    starts = _starts(incarnation, held, usable, newest.timeline)
    reach = max((start.reach for start in starts), default=Lsn(0))
    latest = next((mark for mark in marks.commits(incarnation) if _within(mark, newest.timeline, reach)), None)
    if latest is None:
        return None
    earliest = _earliest(incarnation, held, usable, latest)
    return Window(earliest, Edge(latest.at, latest.timeline, latest.lsn)) if earliest else None


def complete(manifests: Iterable[BackupManifest]) -> list[BackupManifest]:
    """Return the backups all of whose parents are there, oldest first."""
    known = {manifest.id: manifest for manifest in manifests}

    def whole(manifest: BackupManifest) -> bool:
        return manifest.parent is None or (manifest.parent in known and whole(known[manifest.parent]))

    return sorted((each for each in known.values() if whole(each)), key=lambda each: each.finished_at)


def _within(mark: Mark, timeline: int, reach: Lsn) -> bool:
    return mark.timeline == timeline and mark.lsn <= reach


def _starts(incarnation: Incarnation, held: Inventory, backups: Sequence[BackupManifest], timeline: int) -> list[Start]:
    """Return where recovery to a timeline can begin, oldest first."""
    try:
        lineage = Lineage.read(incarnation, timeline)
    except MissingHistoryError:
        return []
    found: list[Start] = []
    begin, reach = Lsn(0), Lsn(0)
    for backup in backups:
        start, stop = Lsn.parse(backup.start_lsn), Lsn.parse(backup.stop_lsn)
        if lineage.includes(backup.timeline, stop):
            # Within what an earlier one reaches without a gap it reaches as far: a week of WAL is walked once.
            if not begin <= start < reach:
                begin, reach = start, held.reach(lineage, start)
            if reach >= stop:
                found.append(Start(backup, Edge(backup.finished_at, backup.timeline, stop), reach))
    return found


def _earliest(
    incarnation: Incarnation, held: Inventory, backups: Sequence[BackupManifest], latest: Mark
) -> Edge | None:
    """Walk back through what was live, from the newest; each part has to reach where the next one begins."""
    lives = [mark for mark in marks.lives(incarnation) if mark.at <= latest.at]
    earliest: Edge | None = None
    last: Mark | None = latest
    while last:
        live = lives.pop() if lives else None
        starts = [start for start in _starts(incarnation, held, backups, last.timeline) if start.reach >= last.lsn]
        if not starts or starts[0].end.at > last.at:
            break
        earliest = starts[0].end
        if live is None or earliest.at >= live.at:
            break
        earliest = Edge(live.at, live.timeline, live.lsn)
        last = marks.newest(incarnation, before=live.at)
        while lives and last and lives[-1].at > last.at:
            lives.pop()
    return earliest
