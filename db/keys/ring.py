"""Keys by their ids, as the key ring's file has them."""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from db.keys.errors import KeyRingError, UnknownKeyError

# Stands in every encrypted value and file: no colon, which separates there, and nothing that a path or a shell minds.
ID = re.compile("[A-Za-z0-9_-]{1,40}")
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """A secret of 32 bytes, from which the keys that encrypt are derived, and what it is called."""

    id: str
    secret: bytes = field(repr=False)
    created: str = ""

    def derived(self, purpose: str, *, salt: bytes | None = None) -> bytes:
        """Return a key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869)."""
        return HKDF(SHA256(), KEY_BYTES, salt, purpose.encode()).derive(self.secret)


class KeyRing:
    """Several keys, one of them current: it encrypts what is written; the others open what they have encrypted."""

    def __init__(self, keys: dict[str, Key], current: str) -> None:
        self._keys = keys
        self.current = keys[current]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __contains__(self, key_id: object) -> bool:
        return key_id in self._keys

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)}; current {self.current.id})"

    def find(self, key_id: str) -> Key | None:
        return self._keys.get(key_id)

    def of(self, key_id: str, what: str) -> Key:
        """Return a key by its id.

        Raises:
            UnknownKeyError: there is none; the sentence begins with `what` is encrypted with it.
        """
        if key_id not in self._keys:
            raise UnknownKeyError(key_id, what)
        return self._keys[key_id]

    def with_current(self, key: Key) -> "KeyRing":
        return KeyRing({**self._keys, key.id: key}, key.id)

    def without(self, key_id: str) -> "KeyRing":
        return KeyRing({each: key for each, key in self._keys.items() if each != key_id}, self.current.id)

    def as_text(self) -> str:
        """Return what the file has: the keys themselves too."""
        keys = {
            key.id: {"created": key.created, "secret": base64.b64encode(key.secret).decode()}
            for key in self._keys.values()
        }
        return json.dumps({"current": self.current.id, "keys": keys}, indent=2) + "\n"

    @classmethod
    def parse(cls, text: str, *, name: str) -> "KeyRing":
        """Read what `as_text` has written.

        Raises:
            KeyRingError: it is something else.
        """
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise _unlike(name, "it is not JSON") from None
        if not isinstance(found, dict):
            raise _unlike(name, "it is not an object")
        keys = cast("dict[str, Any]", found).get("keys")
        current = cast("dict[str, Any]", found).get("current")
        if not isinstance(keys, dict) or not keys:
            raise _unlike(name, "it has no keys")
        read = {each: _read(each, value, name) for each, value in cast("dict[str, Any]", keys).items()}
        if not isinstance(current, str) or current not in read:
            raise _unlike(name, "its `current` names none of its keys")
        if len({key.secret for key in read.values()}) < len(read):
            raise _unlike(name, "two of its keys are the same")
        return cls(read, current)


def new_key(key_id: str | None, *, now: datetime) -> Key:
    """Return a new random key; without an id it gets one of the day and four random digits.

    Raises:
        KeyRingError: the id cannot stand in an encrypted value.
    """
    chosen = key_id or f"{now:%Y%m%d}-{secrets.token_hex(2)}"
    if not ID.fullmatch(chosen):
        raise KeyRingError(f"A key's id has 1 to 40 letters, digits, - or _; {chosen!r} is none.")
    return Key(chosen, secrets.token_bytes(KEY_BYTES), f"{now:%Y-%m-%dT%H:%M:%SZ}")


def _read(key_id: str, value: object, name: str) -> Key:
    if not ID.fullmatch(key_id):
        raise _unlike(name, "a key's id has 1 to 40 letters, digits, - or _, and one has not")
    members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    try:
        secret = base64.b64decode(str(members.get("secret", "")), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise _unlike(name, f"the key {key_id} is not 32 bytes in base64")
    return Key(key_id, secret, str(members.get("created", "")))


def _unlike(name: str, why: str) -> KeyRingError:
    return KeyRingError(f"The key ring {name} cannot be used: {why}.", hint="`yukyu keys new` makes a key ring.")
