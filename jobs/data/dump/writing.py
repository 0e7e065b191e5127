"""Writes tables as JSON Lines into a directory of its own, readable by its owner alone: rows hold personal data."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from db.cluster import durable
from db.errors import BadInputError
from jobs.data.dump.manifest import Part, file_of
from jobs.data.dump.values import line_of


def make_directory(directory: Path) -> None:
    """Make a directory, or take an empty one.

    Raises:
        BadInputError: there is something in it, or it cannot be made.
    """
    require_free(directory)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"{directory} cannot be written to: {error.strerror}.") from error


def require_free(directory: Path) -> None:
    """Refuse a directory in which there is something.

    Raises:
        BadInputError: there is, or it cannot be seen.
    """
    try:
        taken = directory.exists() and (not directory.is_dir() or any(directory.iterdir()))
    except OSError as error:
        raise BadInputError(f"{directory} cannot be read: {error.strerror}.") from error
    if taken:
        raise BadInputError(f"{directory} is not an empty directory; nothing was done.", hint="Name a new one.")


class TableFile:
    """A table's file while it is written."""

    def __init__(self, directory: Path, table: str, columns: Sequence[str]) -> None:
        self._path = file_of(directory, table)
        self._columns = list(columns)
        self._hash = hashlib.sha256()
        self._rows = self._bytes = 0
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._stream: BinaryIO = os.fdopen(descriptor, "wb", buffering=1024 * 1024)

    def add(self, row: dict[str, Any]) -> None:
        line = line_of(row)
        self._stream.write(line)
        self._hash.update(line)
        self._rows += 1
        self._bytes += len(line)

    def close(self) -> Part:
        """Bring the file to the disk; return what the manifest says of it."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        durable.sync_directory(self._path.parent)
        return Part(columns=self._columns, rows=self._rows, bytes=self._bytes, sha256=self._hash.hexdigest())
