"""What can be wrong with a backup repository; every sentence says what to do next."""

from db.errors import AppError


class RepositoryError(AppError):
    """The repository cannot be used, or something in it is not what it should be."""


class MissingHistoryError(RepositoryError):
    def __init__(self, timeline: int) -> None:
        super().__init__(
            f"The archive does not say where timeline {timeline} branched off: {timeline:08X}.history is missing.",
            hint="Take a full backup; what came before the branch can still be restored on the older timeline.",
        )
