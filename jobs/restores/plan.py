"""Works out a restore without doing any of it: from which backup, over which WAL, at what price."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from db.lsn import Lsn
from db.repository import SEGMENT_BYTES, BackupManifest, Incarnation, Segment, marks, opening, stored
from db.repository.errors import MissingHistoryError
from db.repository.history import Lineage
from db.repository.inventory import Gap, Inventory
from db.repository.sealed import KeyMissingError
from db.restores.goal import Goal
from jobs.backups.chains import chain_of
from jobs.refusal import Refusal
from jobs.restores import destination
from jobs.restores.destination import Destination
from jobs.restores.target import Target, TargetKind
from jobs.site import Site

# Measured on two cores and a solid-state disk (docs/performance.md); an estimate to wait by, no more.
BYTES_A_SECOND, SECONDS_A_SEGMENT, SECONDS_ALWAYS = 60_000_000, 0.4, 8.0
# WAL that recovery keeps at one time: max_wal_size, and what a checkpoint under way needs.
WAL_KEPT_BYTES = 2 * 1024**3
MARGIN = 1.1
# How much an incremental backup grows by unpacking.
UNPACKED = 5
SHOWN = 3
BESIDE = "A restore beside the live database needs"


@dataclass(frozen=True)
class Plan:
    """What a restore would do. Sizes in bytes."""

    target: Target
    backup: BackupManifest
    # The backup and what it builds on, the full one first.
    chain: Sequence[BackupManifest]
    destination: Destination
    wal_segments: int
    # What its WAL takes when it is decrypted beside; 0 without keys.
    decrypted_bytes: int
    bytes_to_restore: int
    bytes_free: int
    estimated_seconds: float
    # Live history after the target that promoting would set aside.
    discards_seconds: float

    @property
    def timeline(self) -> int:
        return self.destination.goal.timeline


@dataclass(frozen=True)
class Course:
    """What of a plan has to be remembered until recovery has followed it."""

    system_identifier: str
    goal: Goal
    start: Lsn
    end: Lsn
    proof: Lsn
    discards_seconds: float

    @classmethod
    def of(cls, plan: Plan) -> Self:
        there = plan.destination
        return cls(
            plan.backup.system_identifier,
            there.goal,
            Lsn.parse(plan.backup.start_lsn),
            there.end,
            max(there.proof, Lsn.parse(plan.backup.stop_lsn)),
            plan.discards_seconds,
        )

    def kept(self) -> dict[str, Any]:
        return {
            "systemIdentifier": self.system_identifier,
            "timeline": self.goal.timeline,
            "time": self.goal.time.isoformat() if self.goal.time else None,
            "lsn": str(self.goal.lsn) if self.goal.lsn is not None else None,
            "start": str(self.start),
            "end": str(self.end),
            "proof": str(self.proof),
            "discardsSeconds": self.discards_seconds,
        }

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Self:
        time, lsn = kept["time"], kept["lsn"]
        goal = Goal(kept["timeline"], datetime.fromisoformat(time) if time else None, Lsn.parse(lsn) if lsn else None)
        return cls(
            kept["systemIdentifier"],
            goal,
            Lsn.parse(kept["start"]),
            Lsn.parse(kept["end"]),
            Lsn.parse(kept["proof"]),
            kept["discardsSeconds"],
        )


async def plan(site: Site, target: Target, *, system_identifier: str | None = None) -> Plan | Refusal:
    """Say what a restore would do, or why it cannot be done; nothing is changed.

    `system_identifier` names one of several clusters in the repository; the live one otherwise.
    """
    if refusal := site.refusal(BESIDE):
        return refusal
    incarnation = site.repository.incarnation(system_identifier) if system_identifier else site.incarnation()
    if incarnation is None:
        return _no_backup()
    try:
        return await asyncio.to_thread(_plan, site, incarnation, target)
    except MissingHistoryError as missing:
        return Refusal("GAP", missing.message, hint=missing.hint)
    except stored.NO_KEY as missing:
        return Refusal("KEY_MISSING", missing.message, hint=missing.hint)


def _plan(site: Site, incarnation: Incarnation, target: Target) -> Plan | Refusal:
    manifests = [manifest for manifest in BackupManifest.all(incarnation) if manifest.error is None]
    if not manifests:
        return _no_backup()
    inventory = Inventory.read(incarnation)
    there = destination.find(incarnation, inventory, target, site.clock())
    if isinstance(there, Refusal):
        return there
    lineage = Lineage.read(incarnation, there.goal.timeline)
    chain = _choose(manifests, lineage, there, target)
    if chain is None:
        return _too_early(manifests, there, target)
    start = Lsn.parse(chain[-1].start_lsn)
    if gaps := inventory.gaps(lineage, start, there.end):
        return _gap(gaps)
    segments = list(lineage.segments(start, there.end))
    _require_keys(incarnation, chain, segments)
    made = _made(site, incarnation, target, chain, there, segments)
    return _no_room(made) or _wrong_version(site, made) or made


def _require_keys(incarnation: Incarnation, chain: Sequence[BackupManifest], segments: Sequence[Segment]) -> None:
    """Raise KeyMissingError, or KeyRingError, where something is encrypted and its key is not to be had."""
    needed = {f"The WAL segment {segment.name}": key for key, segment in opening.keys_of(incarnation, segments).items()}
    needed |= {f"The backup {manifest.id}": manifest.key for manifest in chain if manifest.key}
    ring = incarnation.ring() if needed else None
    for what, key in needed.items():
        if ring is None or key not in ring:
            raise KeyMissingError(what, key)


def _choose(
    manifests: Sequence[BackupManifest], lineage: Lineage, there: Destination, target: Target
) -> list[BackupManifest] | None:
    """Return the newest backup that ended before the target on the way to it, with what it builds on."""
    known = {manifest.id: manifest for manifest in manifests}
    for manifest in reversed(manifests):
        if target.kind is TargetKind.BACKUP and manifest.id != target.value:
            continue
        stop = Lsn.parse(manifest.stop_lsn)
        in_time = there.goal.time is None or manifest.finished_at <= there.goal.time
        if in_time and stop <= there.end and lineage.includes(manifest.timeline, stop):
            chain = chain_of(manifest, known)
            if chain is not None:
                return chain
    return None


def _made(  # noqa: PLR0913, PLR0917 - what a plan is made of
    site: Site,
    incarnation: Incarnation,
    target: Target,
    chain: Sequence[BackupManifest],
    there: Destination,
    segments: Sequence[Segment],
) -> Plan:
    backup = chain[-1]
    newest = marks.newest(incarnation)
    discards = 0.0
    if newest is not None and there.at is not None and target.kind is not TargetKind.LATEST:
        discards = max(0.0, (newest.at - there.at).total_seconds())
    return Plan(
        target,
        backup,
        chain,
        there,
        len(segments),
        opening.size_bytes(incarnation, segments) if incarnation.keys else 0,
        backup.database_size_bytes,
        shutil.disk_usage(site.installation.layout.clusters).free,
        backup.database_size_bytes / BYTES_A_SECOND + len(segments) * SECONDS_A_SEGMENT + SECONDS_ALWAYS,
        discards,
    )


def _no_room(made: Plan) -> Refusal | None:
    grown = sum(part.size_bytes * UNPACKED for part in made.chain[1:])
    wal = min(made.wal_segments * SEGMENT_BYTES, WAL_KEPT_BYTES)
    needed = (
        int(made.bytes_to_restore * (MARGIN if len(made.chain) == 1 else 2 * MARGIN))
        + grown
        + wal
        + made.decrypted_bytes
    )
    if made.bytes_free >= needed:
        return None
    return Refusal(
        "NO_SPACE",
        f"The restore needs {needed:,} bytes beside the live database, and {made.bytes_free:,} are free.",
        hint="Make room on the disk of the data directory, or discard an earlier restore.",
    )


def _wrong_version(site: Site, made: Plan) -> Refusal | None:
    found = site.installation.binaries
    if made.backup.major == found.major:
        return None
    return Refusal(
        "WRONG_VERSION",
        f"The backup {made.backup.id} is of PostgreSQL {made.backup.major}; the programs here are {found.version}.",
        hint=f"Set YUKYU_PG_BIN to the programs of PostgreSQL {made.backup.major}.",
    )


def _too_early(manifests: Sequence[BackupManifest], there: Destination, target: Target) -> Refusal:
    first = manifests[0]
    window = f"What can be restored begins at {first.finished_at.isoformat(timespec='seconds')}, when"
    ended = f"{window} the oldest backup, {first.id}, was finished."
    if target.kind is TargetKind.BACKUP:
        return Refusal("NO_BACKUP", f"The backup {target.value} builds on one that is gone.", hint=ended)
    if any(_is_within(there, each) for each in manifests):
        return Refusal(
            "BEFORE_BACKUP_END",
            "The target is in the middle of the first backup, and only what comes after its end can be restored.",
            hint=ended,
        )
    return Refusal("OUTSIDE_WINDOW", f"No backup is old enough to restore {target.in_words()[3:]}.", hint=ended)


def _is_within(there: Destination, manifest: BackupManifest) -> bool:
    """Return whether a backup was being taken at the target."""
    if there.goal.time is not None:
        return manifest.started_at <= there.goal.time <= manifest.finished_at
    return Lsn.parse(manifest.start_lsn) <= there.end < Lsn.parse(manifest.stop_lsn)


def _gap(gaps: Sequence[Gap]) -> Refusal:
    named = [f"{gap.first.name} to {gap.last.name}" if gap.first != gap.last else gap.first.name for gap in gaps]
    more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return Refusal(
        "GAP",
        f"WAL between the backup and the target is missing from the archive: {', '.join(named[:SHOWN])}{more}.",
        hint="Choose a moment before the gap, or one after the next full backup; docs/runbooks say more.",
    )


def _no_backup() -> Refusal:
    return Refusal(
        "NO_BACKUP",
        "There is no backup that a restore could begin with.",
        hint="`yukyu backup create` takes one; `yukyu backup status` says what is wrong.",
    )
