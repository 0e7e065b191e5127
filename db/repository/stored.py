"""Reads and writes what may be encrypted: whether a file is, its first bytes say, never its name."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from db.cluster.identity import Identity
from db.keys.errors import KeyRingError
from db.keys.ring import Key
from db.repository import compression, sealed
from db.repository.place import Incarnation
from db.repository.sealed import KeyMissingError, SealBrokenError

# What reading a damaged file raises, and what reading one raises whose key is not to be had.
DAMAGED = (*compression.DAMAGED, SealBrokenError)
NO_KEY = (KeyMissingError, KeyRingError)


def _silent(_: int) -> None:
    """Tell nobody."""


def read(incarnation: Incarnation, path: Path) -> bytes:
    """Return what is in an archived file: decrypted, and decompressed.

    Raises:
        OSError: it cannot be read; or one of DAMAGED, or of NO_KEY.
    """
    return compression.unpack(path, content(incarnation, path))


def content(incarnation: Incarnation, path: Path) -> bytes:
    """Return the same as it was compressed, decrypted alone."""
    raw = compression.raw(path)
    if sealed.key_of(raw[: sealed.HEADER_BYTES]) is None:
        return raw
    return b"".join(sealed.opened(io.BytesIO(raw), incarnation.ring(), incarnation.place_of(path)))


def write(incarnation: Incarnation, path: Path, data: bytes, owner: Identity, key: Key | None) -> None:
    """Put a file in its place, whole or not at all; encrypted where a key is given."""
    unfinished = path.with_name(path.name + compression.UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(sealed.seal(data, key, incarnation.place_of(path)) if key else data)
            _finish(file)
        unfinished.chmod(0o600)
        owner.own(unfinished)
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def open_into(incarnation: Incarnation, path: Path, copy: Path) -> None:
    """Write a large file's decrypted content to a new one, for its owner alone.

    Raises:
        OSError: it cannot be read or written; or one of DAMAGED, or of NO_KEY.
    """
    with path.open("rb") as file, copy.open("xb") as out:
        copy.chmod(0o600)
        for piece in sealed.opened(file, incarnation.ring(), incarnation.place_of(path)):
            out.write(piece)


def seal_into(source: Path, copy: Path, key: Key, place: str, on_bytes: Callable[[int], None] = _silent) -> None:
    """Write a large file's content to a new one, encrypted, for its owner alone, and bring it to the disk.

    `on_bytes` is called with the size of each piece.
    """
    with source.open("rb") as file, copy.open("xb") as out:
        copy.chmod(0o600)
        sealer = sealed.Sealer(out.write, key, place)
        while piece := file.read(sealed.CHUNK_BYTES):
            sealer.write(piece)
            on_bytes(len(piece))
        sealer.close()
        _finish(out)


def _finish(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
