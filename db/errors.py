"""What can go wrong, each with its GraphQL code, its sentence and, where there is one, a way out."""

from typing import ClassVar


class AppError(Exception):
    """Something a user is told about, in these words."""

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BadInputError(AppError):
    """The request says something that cannot be meant."""

    code = "BAD_USER_INPUT"


class SettingError(AppError):
    """A setting, or a file that a setting names, cannot be meant; nothing is begun."""


class NotFoundError(AppError):
    """There is no such thing."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"There is no {kind} {key}.")


class DatabaseUnavailableError(AppError):
    """No server that could answer is reachable now."""

    code = "DATABASE_UNAVAILABLE"
