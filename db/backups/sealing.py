"""Encrypts the files of a backup into the repository, and gives them back."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from db.backups.errors import DamagedBackupError
from db.cluster.identity import Identity
from db.cluster.layout import PRIVATE, make_directory
from db.keys.ring import Key
from db.repository import BackupManifest, Incarnation, StoredFile, stored
from db.repository.sealed import SealBrokenError


async def seal(  # noqa: PLR0913 - the keywords say which is which
    copied: Path,
    *,
    into: Path,
    incarnation: Incarnation,
    backup_id: str,
    key: Key,
    owner: Identity,
    on_bytes: Callable[[int], None],
) -> None:
    """Encrypt all files of a directory into a new one, for their place in the repository, and onto the disk.

    `on_bytes` is called, in another thread, with the size of each piece. Cancelling leaves what is there so far.

    Raises:
        OSError: one cannot be read or written.
    """
    stopped = threading.Event()

    def count(size: int) -> None:
        if stopped.is_set():
            raise InterruptedError
        on_bytes(size)

    def work() -> None:
        make_directory(into, PRIVATE)
        owner.own(into)
        for path in sorted(copied.iterdir()):
            place = incarnation.place_of(incarnation.backup(backup_id) / path.name)
            stored.seal_into(path, into / path.name, key, place, count)
            owner.own(into / path.name)

    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        stopped.set()
        with suppress(Exception):
            await working
        raise


def open_file(incarnation: Incarnation, manifest: BackupManifest, file: StoredFile, copy: Path) -> None:
    """Write one file of an encrypted backup to a new one, decrypted.

    Raises:
        DamagedBackupError: it is not what was stored.
        KeyMissingError, KeyRingError: its key is not to be had.
    """
    path = incarnation.backup(manifest.id) / file.name
    try:
        stored.open_into(incarnation, path, copy)
    except FileNotFoundError:
        raise DamagedBackupError(manifest.id, file.name, "is missing") from None
    except SealBrokenError as broken:
        raise does_not_open(manifest.id, file.name) from broken


def does_not_open(backup_id: str, file: str) -> DamagedBackupError:
    return DamagedBackupError(backup_id, file, "does not open: it was damaged, changed, or moved there")
