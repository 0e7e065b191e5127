"""What can go wrong with the files of a backup."""

from db.errors import AppError


class DamagedBackupError(AppError):
    """A file of a backup is not what was stored."""

    def __init__(self, backup_id: str, file: str, what: str) -> None:
        super().__init__(
            f"The backup {backup_id} is damaged: its file {file} {what}.",
            hint="Take a new full backup, restore from another one, and have the backup disk checked.",
        )


class NoSpaceError(AppError):
    """A disk has no room for what is about to be written to it."""


class UnsuitableBackupError(AppError):
    """A backup cannot be used with what is installed here."""
