"""The keys that personal columns are encrypted with: a ring of several, of which one is current."""

from db.keys.errors import KeyRingError, UnknownKeyError
from db.keys.file import KeyFile
from db.keys.ring import Key, KeyRing, new_key

__all__ = ["Key", "KeyFile", "KeyRing", "KeyRingError", "UnknownKeyError", "new_key"]
