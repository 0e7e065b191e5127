"""What a directory of JSON Lines says of itself, in a file that is written last."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from db.cluster import durable
from jobs.data.sources import NotReadableError

NAME = "manifest.json"
MOST_BYTES = 1024 * 1024

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]


class Kind(StrEnum):
    # Whole, and as it was written: its files are checked against the manifest.
    EXPORT = "export"
    # To be mended: its files may be changed.
    REJECTS = "rejects"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Shape):
    """A table's file: `{table}.jsonl`."""

    columns: list[str]
    rows: Annotated[int, Field(ge=0)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Manifest(_Shape):
    format: Literal["yukyudata"] = "yukyudata"
    version: Literal[1] = 1
    kind: Kind
    made_at: datetime
    # The schema that an export was made at, or the file that rejects came from.
    revision: str | None = None
    source: str | None = None
    tables: dict[Name, Part]

    def write(self, directory: Path) -> None:
        """Put the manifest beside the files, whole or not at all."""
        durable.write(directory / NAME, self.model_dump_json(indent=2, exclude_none=True) + "\n")

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Return a directory's manifest.

        Raises:
            NotReadableError: there is none, or it says nothing that can be meant.
        """
        file = directory / NAME
        try:
            if file.stat().st_size > MOST_BYTES:
                raise NotReadableError(file, f"is larger than {MOST_BYTES // 1024} KiB")
            return cls.model_validate_json(file.read_bytes())
        except FileNotFoundError as error:
            raise NotReadableError(
                directory,
                f"has no {NAME}: it is no export, or one that did not come to its end",
                hint="Export again: yukyu data export DIR",
            ) from error
        except OSError as error:
            raise NotReadableError(file, f"cannot be read: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise NotReadableError(file, f"is not a manifest: {where or 'JSON'}: {first['msg']}") from error


def file_of(directory: Path, table: str) -> Path:
    return directory / f"{table}.jsonl"
