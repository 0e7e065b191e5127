"""What private servers end of."""

from db.errors import AppError


class EndedError(AppError):
    """A private server ended by itself."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The server that recovers ended: {why}",
            hint="Choose another backup or another target; damage is in what it names, or on the disk it is on.",
        )
