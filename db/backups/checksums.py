"""Checksums of stored files."""

import hashlib
from pathlib import Path

from db.repository import StoredFile


def of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored(path: Path) -> StoredFile:
    return StoredFile(name=path.name, size_bytes=path.stat().st_size, sha256=of(path))
