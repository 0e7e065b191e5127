"""Which backup an incremental one builds on."""

from collections.abc import Sequence
from datetime import datetime

from db.keys import KeyRingError
from db.repository import BackupManifest, Incarnation, marks
from jobs.backups.chains import chain_of


def usable(manifests: Sequence[BackupManifest]) -> list[BackupManifest]:
    """Return the backups that could be restored: none of their chain is missing or known to be damaged."""
    known = {manifest.id: manifest for manifest in manifests}
    return [
        manifest
        for manifest in manifests
        if (found := chain_of(manifest, known)) and not any(each.error for each in found)
    ]


def lacks_key(incarnation: Incarnation, newest: BackupManifest, manifests: Sequence[BackupManifest]) -> bool:
    """Return whether a backup cannot be restored because of a key that is not in the ring; not while that is away."""
    needed = {each.key for each in chain_of(newest, {each.id: each for each in manifests}) or () if each.key}
    try:
        ring = incarnation.ring()
    except KeyRingError:
        return False
    return any(ring is None or key not in ring for key in needed)


def parent_of(incarnation: Incarnation, now: datetime) -> BackupManifest | None:
    """Return the newest backup that could be restored, where it is of the history that is live."""
    newest = next(reversed(usable(BackupManifest.all(incarnation))), None)
    if newest is None or newest.timeline != marks.live_timeline_at(incarnation, now):
        return None
    return newest
