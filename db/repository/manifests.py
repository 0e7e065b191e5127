"""What a base backup says of itself: a JSON file beside it, written last, which is the truth about it."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from db.cluster import durable
from db.repository.place import Incarnation


class BackupKind(StrEnum):
    FULL = "FULL"
    INCREMENTAL = "INCREMENTAL"


class StoredFile(BaseModel):
    """One file of a backup as it is stored: what it has to be when it is read again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    size_bytes: int
    sha256: str


class BackupManifest(BaseModel):
    """A finished base backup whose WAL is in the archive. Positions as PostgreSQL writes them, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: BackupKind
    # The backup that an incremental one builds on.
    parent: str | None = None
    system_identifier: str
    # PostgreSQL's major version.
    major: int
    timeline: int
    start_lsn: str
    stop_lsn: str
    started_at: datetime
    finished_at: datetime
    verified_at: datetime | None = None
    # Why the last verification failed.
    error: str | None = None
    compression: str
    # The key that all its files are encrypted with; None where they are plain.
    key: str | None = None
    size_bytes: int
    database_size_bytes: int
    requested_by: str
    files: tuple[StoredFile, ...]
    # Of a database file: how many rows each table had.
    rows: dict[str, int] | None = None

    def write(self, incarnation: Incarnation) -> None:
        # What is not encrypted is written as it always was, so that older versions of this can read it.
        left_out = {"key"} if self.key is None else None
        durable.write(incarnation.manifest(self.id), self.model_dump_json(indent=2, exclude=left_out) + "\n")

    @classmethod
    def read(cls, incarnation: Incarnation, backup_id: str) -> Self | None:
        """Read one; None where there is none, or one that nobody can make sense of."""
        try:
            return cls.model_validate_json(incarnation.manifest(backup_id).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValidationError):
            return None

    @classmethod
    def all(cls, incarnation: Incarnation) -> list[Self]:
        """Read all, oldest first."""
        found = (cls.read(incarnation, path.stem) for path in incarnation.backups.glob("*.json"))
        return sorted((manifest for manifest in found if manifest), key=lambda manifest: manifest.finished_at)
