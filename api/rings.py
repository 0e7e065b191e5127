"""The key ring that the settings name."""

from api.settings import Settings
from db.keys import KeyFile, KeyRing, KeyRingError


def file_of(settings: Settings) -> KeyFile | None:
    return None if settings.keys_file is None else KeyFile(settings.keys_file)


def ring_of(settings: Settings) -> KeyRing | None:
    """Return the keys; None where none are used.

    Raises:
        KeyRingError: the settings name a file that cannot be used.
    """
    found = file_of(settings)
    return None if found is None else found.ring()


def required(settings: Settings) -> KeyFile:
    """Return the key ring's file, whether it is there or not.

    Raises:
        KeyRingError: the settings name none.
    """
    found = file_of(settings)
    if found is None:
        raise KeyRingError(
            "YUKYU_KEYS_FILE is not set: nothing is encrypted here.",
            hint="Let it name where the key ring is, or is to be: a file of its own, outside the data directory and "
            "the backups.",
        )
    return found
