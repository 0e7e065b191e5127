"""Finds what to restore when nothing is left but the backup repository."""

from db.cluster.installation import Installation
from db.errors import AppError
from db.repository import BackupManifest, Incarnation, Repository


class WhichError(AppError):
    """The repository has the backups of several clusters, or of none."""


def choose(installation: Installation, repository: Repository, wanted: str | None) -> Incarnation:
    """Return the cluster to restore: the one named, the installation's own, or the only one.

    Raises:
        WhichError: that does not say which.
    """
    known = {each.system_identifier: each for each in repository.incarnations() if BackupManifest.all(each)}
    identifier = wanted or installation.states.desired().system_identifier
    if identifier in known:
        return known[identifier]
    if not known:
        raise WhichError(
            f"There is no backup in {repository.root}.", hint="Name the backup directory with YUKYU_BACKUP_DIR."
        )
    if len(known) == 1 and wanted is None:
        return next(iter(known.values()))
    newest = {name: BackupManifest.all(each)[-1].finished_at for name, each in known.items()}
    listed = ", ".join(f"{name} (last backup {moment:%Y-%m-%d %H:%M} UTC)" for name, moment in sorted(newest.items()))
    raise WhichError(
        f"{repository.root} has the backups of these database clusters: {listed}.",
        hint="Name one with --system-identifier.",
    )
