"""Personal fields that the old application kept encrypted: AES-256-GCM, base64 of nonce and ciphertext."""

import base64
import binascii
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db.errors import BadInputError
from jobs.data.values import UnreadableError

COLUMNS = frozenset({"birth_date", "hourly_wage", "visa_type", "postal_code", "address"})

_NONCE_BYTES = 12
_KEY_BYTES = 32
# Nonce, tag and one byte of text make 29 bytes: 40 characters. Nothing that people write looks like this.
_SEALED = re.compile(r"[A-Za-z0-9+/]{38,}={0,2}", re.ASCII)


class Unsealer:
    """Reads such fields with the key the old application had; without one, says which they are."""

    def __init__(self, key: str | None) -> None:
        self._cipher = AESGCM(_bytes(key)) if key else None

    def open(self, value: object) -> object:
        """Return what was encrypted; whatever was not, as it is."""
        if not isinstance(value, str) or len(value) % 4 or not _SEALED.fullmatch(value):
            return value
        if self._cipher is None:
            raise UnreadableError("is encrypted; give the key of the old application (its DATABASE_ENCRYPTION_KEY)")
        try:
            sealed = base64.b64decode(value, validate=True)
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
        except (InvalidTag, binascii.Error, UnicodeDecodeError) as error:
            raise UnreadableError("is encrypted with another key than the one given") from error


def _bytes(key: str) -> bytes:
    try:
        raw = bytes.fromhex(key.strip())
    except ValueError:
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise BadInputError(
            "The old application's key is 64 hexadecimal digits; this one is not. Nothing was imported."
        )
    return raw
