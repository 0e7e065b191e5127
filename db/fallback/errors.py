"""What a database file cannot do, in sentences that name what can."""

from typing import Final

from db.errors import AppError, BadInputError, DatabaseUnavailableError

NEEDED: Final = "Use PostgreSQL: YUKYU_DATABASE_URL=postgresql://…, or `yukyu up`, which brings one along."


class NeedsPostgresError(AppError):
    """A database file has no such thing."""

    code = BadInputError.code

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} PostgreSQL, and the database here is an SQLite file.", hint=NEEDED)


class OldLibraryError(AppError):
    """The SQLite of this Python cannot do what is needed of it."""


class FileUnusableError(DatabaseUnavailableError):
    """The file is not there, or is not what it should be."""
