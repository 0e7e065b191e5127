"""One encrypted value: `enc:1:<key id>:<nonce, ciphertext and tag in base64>`, AES-256-GCM.

What is authenticated beside the value is where it stands, so that it cannot be moved to another cell. The nonce
is derived from key, cell and value (HMAC-SHA256, 96 bits): the same value in the same cell is always the
same text, so that an import sees that nothing has changed, and no two different values share a nonce
but by a chance of 2^-96 a pair. Values are padded to 16 bytes, or the length would tell a wage of three digits from
one of four.
"""

import base64
import binascii
import hmac
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db.keys import Key, KeyRing
from db.personal.errors import UnreadableCellError
from db.tables.personal import SEALED

VERSION = "1"
PREFIX = f"{SEALED}{VERSION}:"
NONCE_BYTES, BLOCK = 12, 16


class Place(NamedTuple):
    """Where a value stands."""

    table: str
    column: str
    row: str

    def as_bytes(self) -> bytes:
        """Return what is authenticated; no two places have the same."""
        parts = [part.encode("utf-8", "surrogatepass") for part in self]
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def seal(plain: str, place: Place, key: Key) -> str:
    cipher, nonces = _derived(key)
    where, text = place.as_bytes(), plain.encode("utf-8")
    nonce = hmac.digest(nonces, where + text, "sha256")[:NONCE_BYTES]
    sealed = cipher.encrypt(nonce, _padded(text), where)
    return f"{PREFIX}{key.id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def key_of(text: str) -> str | None:
    """Return the id of the key that a value is encrypted with; None of a plain one."""
    return text.split(":", 3)[2] if text.startswith(PREFIX) and text.count(":") == 3 else None  # noqa: PLR2004 - as above


def unseal(text: str, place: Place, ring: KeyRing | None) -> str:
    """Return the plain text of a value, which may be plain already.

    Raises:
        UnreadableCellError: its key is not in the ring, or the value is not what was encrypted for this place.
    """
    if not text.startswith(SEALED):
        return text
    key_id = key_of(text)
    if key_id is None:
        raise UnreadableCellError(place.table, place.column, place.row, "it is in no form that is known here")
    if ring is None:
        raise UnreadableCellError(
            place.table,
            place.column,
            place.row,
            f"it is encrypted with the key {key_id}, and no key ring is given",
            hint="Let YUKYU_KEYS_FILE name the key ring.",
        )
    key = ring.find(key_id)
    if key is None:
        raise UnreadableCellError(
            place.table,
            place.column,
            place.row,
            f"it is encrypted with the key {key_id}, which is not in the key ring",
            hint=f"Put the key {key_id} back into the file that YUKYU_KEYS_FILE names.",
        )
    try:
        sealed = _decoded(text.rpartition(":")[2])
        plain = _derived(key)[0].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.as_bytes())
        return _unpadded(plain).decode("utf-8")
    except (InvalidTag, binascii.Error, ValueError):
        raise UnreadableCellError(
            place.table,
            place.column,
            place.row,
            f"it is not what was encrypted with the key {key_id} for this place; it was changed, moved or damaged",
            hint="A restore to a moment before that has what it was: docs/runbooks.md.",
        ) from None


@lru_cache(maxsize=64)
def _derived(key: Key) -> tuple[AESGCM, bytes]:
    return AESGCM(key.derived("yukyu personal value 1")), key.derived("yukyu personal nonce 1")


def _decoded(text: str) -> bytes:
    sealed = base64.b64decode(text, altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(sealed).decode() != text:  # bits that base64 does not use
        raise ValueError
    return sealed


def _padded(text: bytes) -> bytes:
    return text + b"\x80" + bytes(-(len(text) + 1) % BLOCK)


def _unpadded(padded: bytes) -> bytes:
    text, mark, rest = padded.rpartition(b"\x80")
    if not mark or rest.strip(b"\0"):
        raise ValueError
    return text
