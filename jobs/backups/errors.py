"""What can go wrong with a backup; every sentence says what to do next."""

from db.errors import AppError


class BackupFailedError(AppError):
    """A backup could not be taken; the database itself is as it was."""


class DamagedWalError(AppError):
    """WAL that a backup needs is missing or damaged."""
