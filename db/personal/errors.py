from db.errors import AppError


class UnreadableCellError(AppError):
    """An encrypted value cannot be opened; the sentence says where it is, and never what."""

    code = "DATABASE_UNAVAILABLE"

    def __init__(self, table: str, column: str, row: str, why: str, *, hint: str | None = None) -> None:
        super().__init__(f"The {column} of {table} {row} cannot be read: {why}.", hint=hint)


class UnstorableError(AppError):
    """A value is none that its column may have; the sentence says where it should go, and never what it is."""

    code = "BAD_USER_INPUT"

    def __init__(self, table: str, column: str, row: object, why: str) -> None:
        super().__init__(f"The {column} of {table} {row} cannot be stored: {why}.")
