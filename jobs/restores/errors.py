"""What can go wrong in a restore; every sentence says how things stand afterwards."""

from db.errors import AppError


class RestoreError(AppError):
    """A restore cannot go on. The live database is as it was."""


class RefusedError(RestoreError):
    """What was asked for could be done then, and cannot any more."""


class ShortError(RestoreError):
    """Recovery ended before its target."""


class DamagedError(RestoreError):
    """What was recovered is not sound."""


class CutOverError(RestoreError):
    """The live database could not be exchanged, and goes on as it was."""
