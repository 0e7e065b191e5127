"""Which backups a restore of one needs."""

from db.backups.errors import UnsuitableBackupError
from db.errors import NotFoundError
from db.repository import BackupManifest, Incarnation


def chain(incarnation: Incarnation, backup_id: str) -> list[BackupManifest]:
    """Return a backup and all it builds on, the full one first.

    Raises:
        NotFoundError: there is no such backup.
        UnsuitableBackupError: one that it builds on is gone.
    """
    newest = BackupManifest.read(incarnation, backup_id)
    if newest is None:
        raise NotFoundError("backup", backup_id)
    found = chain_of(newest, {manifest.id: manifest for manifest in BackupManifest.all(incarnation)})
    if found is None:
        raise UnsuitableBackupError(
            f"The backup {backup_id} builds on another one that is not in the repository.",
            hint="Restore from another backup, and take a new full one.",
        )
    return found


def chain_of(newest: BackupManifest, known: dict[str, BackupManifest]) -> list[BackupManifest] | None:
    """Return the chain that ends with a backup, the full one first; None where a part is missing."""
    found = [newest]
    while (parent := found[-1].parent) is not None:
        if parent not in known or len(found) > len(known):
            return None
        found.append(known[parent])
    return found[::-1]
