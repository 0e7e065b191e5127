"""Key rings for tests."""

from datetime import UTC, datetime
from pathlib import Path

from db.keys import KeyFile, KeyRing, new_key

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def ring_of(*ids: str) -> KeyRing:
    """Return a ring of new keys, the last of which is current."""
    return KeyRing({each: new_key(each, now=NOW) for each in ids}, ids[-1])


def key_file(place: Path, *ids: str) -> KeyFile:
    """Make the file of such a ring."""
    file = KeyFile(place)
    file.write(ring_of(*ids), new=True)
    return file
