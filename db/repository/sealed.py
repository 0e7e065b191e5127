"""Encrypted files: AES-256-GCM in chunks, so that a file of any size is written and read with little memory.

    magic (8) | length of the key's id (1) | id | salt (32) | chunk | chunk | ...

Each file has a key of its own, derived from the ring's key and the file's random salt (HKDF-SHA256), so that nonces may
count from 0. A chunk is 256 KiB of content and a tag of 16 bytes; the last is shorter, or empty. Its nonce is its
number and whether it is the last one (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015), so that
no chunk can be left out, moved or cut off. What is authenticated beside the content is the header and where in the
repository the file belongs.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db.keys.ring import ID, Key, KeyRing
from db.repository.errors import RepositoryError

MAGIC = b"YKSEAL1\n"
SALT_BYTES, TAG_BYTES = 32, 16
CHUNK_BYTES = 256 * 1024
PURPOSE = "yukyu repository file 1"
# The whole header, with the longest id there is.
HEADER_BYTES = len(MAGIC) + 1 + 40 + SALT_BYTES
# What a file that does not say its key is said to be encrypted with; no key is called so.
UNKNOWN = "?"


class SealBrokenError(RepositoryError):
    """An encrypted file is not what was written, or not at its place."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"The encrypted file {name} {what}.",
            hint="Restore from another backup, take a new full one, and have the backup disk checked.",
        )


class KeyMissingError(RepositoryError):
    """A file is encrypted with a key that is not here."""

    code = "BAD_USER_INPUT"

    def __init__(self, what: str, key_id: str) -> None:
        super().__init__(
            f"{what} is encrypted with the key {key_id}, which is not here.",
            hint=f"Let YUKYU_KEYS_FILE name a key ring that has the key {key_id}; without that key there is no way in.",
        )
        self.key_id = key_id


class Source(Protocol):
    """What is read from: at most as much as asked for, less only at its end."""

    def read(self, size: int, /) -> bytes: ...


class Sealer:
    """Encrypts what it is given, piece by piece; without `close`, which writes the last chunk, it never opens."""

    def __init__(self, write: Callable[[bytes], object], key: Key, place: str) -> None:
        salt = os.urandom(SALT_BYTES)
        header = MAGIC + bytes([len(key.id)]) + key.id.encode() + salt
        self._cipher, self._bound = _cipher(key, salt), _bound(header, place)
        self._write, self._number, self._rest = write, 0, b""
        write(header)

    def write(self, data: bytes) -> None:
        whole, at = memoryview(self._rest + data), 0
        # One chunk is kept back: it may be the last.
        while len(whole) - at > CHUNK_BYTES:
            self._put(whole[at : at + CHUNK_BYTES], last=False)
            at += CHUNK_BYTES
        self._rest = bytes(whole[at:])

    def close(self) -> None:
        self._put(self._rest, last=True)

    def _put(self, chunk: bytes | memoryview, *, last: bool) -> None:
        self._write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, self._bound))
        self._number += 1


def seal(content: bytes, key: Key, place: str) -> bytes:
    """Return content that is in memory, encrypted for a place in the repository."""
    out = bytearray()
    sealer = Sealer(out.extend, key, place)
    sealer.write(content)
    sealer.close()
    return bytes(out)


def key_of(start: bytes) -> str | None:
    """Return the id of the key that a file which begins so is encrypted with; None of a plain one.

    It is UNKNOWN where the file is cut off or changed there.
    """
    if not start.startswith(MAGIC):
        return None
    length = start[len(MAGIC)] if len(start) > len(MAGIC) else 0
    found = start[len(MAGIC) + 1 : len(MAGIC) + 1 + length].decode("ascii", "replace")
    return found if len(found) == length and ID.fullmatch(found) else UNKNOWN


def key_of_file(path: Path) -> str | None:
    """Return what `key_of` says of a file; reads no more than its beginning, and follows no link.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return key_of(os.read(descriptor, HEADER_BYTES))
    finally:
        os.close(descriptor)


def opened(source: Source, ring: KeyRing | None, place: str) -> Iterator[bytes]:
    """Yield the content of an encrypted file in pieces; no piece that was tampered with is ever yielded.

    Raises:
        KeyMissingError: the ring has not the key; nothing was yielded.
        SealBrokenError: the file is damaged, cut off, or belongs elsewhere. What was yielded is good, but not all.
    """
    header = source.read(len(MAGIC) + 1)
    if len(header) <= len(MAGIC) or not header.startswith(MAGIC):
        raise SealBrokenError(place, "does not begin as one")
    header += source.read(header[-1] + SALT_BYTES)
    key_id = key_of(header) or UNKNOWN
    if key_id == UNKNOWN:
        raise SealBrokenError(place, "does not say with which key it was encrypted")
    key = ring.find(key_id) if ring else None
    if key is None:
        raise KeyMissingError(place, key_id)
    cipher, bound = _cipher(key, header[-SALT_BYTES:]), _bound(header, place)
    number, chunk = 0, source.read(CHUNK_BYTES + TAG_BYTES)
    while True:
        following = source.read(CHUNK_BYTES + TAG_BYTES) if len(chunk) == CHUNK_BYTES + TAG_BYTES else b""
        try:
            piece = cipher.decrypt(_nonce(number, last=not following), chunk, bound)
        except InvalidTag:
            raise SealBrokenError(place, "was damaged, cut off, changed or moved there") from None
        yield piece
        if not following:
            return
        number, chunk = number + 1, following


def _cipher(key: Key, salt: bytes) -> AESGCM:
    return AESGCM(key.derived(PURPOSE, salt=salt))


def _bound(header: bytes, place: str) -> bytes:
    # The header says its own length, so that no two pairs of header and place are the same bytes.
    return header + place.encode()


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
