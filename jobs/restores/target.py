"""What a restore is to recover to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from db.errors import BadInputError
from db.lsn import Lsn


class TargetKind(StrEnum):
    TIME = "time"
    LSN = "lsn"
    POINT = "point"
    BACKUP = "backup"
    LATEST = "latest"


@dataclass(frozen=True)
class Target:
    """One of the five, as the control store keeps it: a moment in ISO 8601, a position, or a name."""

    kind: TargetKind
    value: str = ""

    @classmethod
    def time(cls, moment: datetime) -> Self:
        """Recover all that was committed at a moment, and nothing later.

        Raises:
            BadInputError: the moment has no offset from UTC, so that nobody knows when it was.
        """
        if moment.tzinfo is None:
            raise BadInputError(
                "The time has no offset from UTC, so it could be meant in any time zone.",
                hint="Write it with one, such as 2026-11-22T19:04:00+09:00 or 2026-11-22T10:04:00Z.",
            )
        return cls(TargetKind.TIME, moment.astimezone(UTC).isoformat())

    @classmethod
    def lsn(cls, position: str) -> Self:
        """Recover all that ends at or before a position; raises BadInputError for what is none."""
        return cls(TargetKind.LSN, str(Lsn.parse(position)))

    @classmethod
    def point(cls, name: str) -> Self:
        return cls(TargetKind.POINT, name)

    @classmethod
    def backup(cls, backup_id: str) -> Self:
        return cls(TargetKind.BACKUP, backup_id)

    @classmethod
    def latest(cls) -> Self:
        return cls(TargetKind.LATEST)

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.value)

    @property
    def position(self) -> Lsn:
        return Lsn.parse(self.value)

    def in_words(self) -> str:
        match self.kind:
            case TargetKind.TIME:
                return f"to {self.value.replace('+00:00', 'Z')}"
            case TargetKind.LSN:
                return f"to the position {self.value}"
            case TargetKind.POINT:
                return f"to the restore point {self.value}"
            case TargetKind.BACKUP:
                return f"to the end of the backup {self.value}"
            case TargetKind.LATEST:
                return "to the latest moment there is"
