"""What is under which key."""

import asyncio
from dataclasses import dataclass

from db import transfer
from db.errors import AppError, BadInputError
from db.keys import KeyRing
from db.personal import rotation
from db.repository import Repository, keys_in_use
from db.repository.keys_in_use import KeysInUse


@dataclass(frozen=True, slots=True)
class Standing:
    """Values by column and key ('' is plain), keys that are needed and missing, and how much `rotate` has to do.

    `journaled` are values by key that a rollback of an import would put back; `backups` and `wal` are backups, and
    files of archived WAL, by the key that they are encrypted with.
    """

    current: str | None
    columns: dict[str, dict[str, int]]
    missing: list[str]
    to_rotate: int
    journaled: dict[str, int]
    backups: dict[str, int]
    wal: dict[str, int]


async def of(url: str, ring: KeyRing | None, repository: Repository) -> Standing:
    """Look at the whole database, and at all backups and WAL.

    Raises:
        DatabaseUnavailableError: the database cannot be reached.
        AppError: the backups cannot be read.
    """
    stored = await asyncio.to_thread(_stored, repository)
    async with rotation.looking(url) as connection:
        found, journaled = await rotation.counts(connection), await rotation.journaled(connection)
    columns = {f"{table}.{column}": keys for (table, column), keys in found.items() if keys}
    used = {key_id for keys in columns.values() for key_id in keys if key_id} | journaled.keys()
    used |= stored.backups.keys() | stored.wal.keys()
    current = ring.current.id if ring else None
    to_rotate = sum(cells for keys in columns.values() for key_id, cells in keys.items() if key_id != current)
    missing = sorted(key for key in used if ring is None or key not in ring)
    return Standing(current, columns, missing, to_rotate if ring else 0, journaled, stored.backups, stored.wal)


def _stored(repository: Repository) -> KeysInUse:
    try:
        return keys_in_use.look(repository)
    except OSError as failure:
        raise AppError(
            f"The backups in {repository.root} cannot be read, so that nobody knows which keys they need: "
            f"{failure.strerror}.",
            hint="Run it as the user who takes the backups.",
        ) from failure


def require_unneeded(found: Standing, ring: KeyRing, key_id: str) -> None:
    """Refuse to part with a key that something needs.

    Raises:
        BadInputError: it is the current one, or there is none, or values, backups or WAL are encrypted with it, or a
            rollback of an import would bring some back.
    """
    if key_id not in ring:
        raise BadInputError(f"The key ring has no key {key_id}.", hint="`yukyu keys list` shows those it has.")
    if key_id == ring.current.id:
        raise BadInputError(f"{key_id} is the current key.", hint="`yukyu keys new` makes another one current.")
    cells = sum(keys.get(key_id, 0) for keys in found.columns.values())
    if cells:
        raise BadInputError(
            f"{cells:,} values are encrypted with {key_id}; nothing was changed.", hint="Run `yukyu keys rotate` first."
        )
    if kept := found.journaled.get(key_id, 0):
        raise BadInputError(
            f"{kept:,} values that imports have changed are kept under {key_id}, so that those can be rolled back; "
            "nothing was changed.",
            hint=f"They are given up with the newest {transfer.KEPT_IMPORTS} imports, or after "
            f"{transfer.KEPT_DAYS} days; remove the key then.",
        )
    if (backups := found.backups.get(key_id, 0)) or found.wal.get(key_id, 0):
        raise BadInputError(
            f"{backups:,} backups and {found.wal.get(key_id, 0):,} files of WAL are encrypted with {key_id}, and "
            "cannot be restored without it; nothing was changed.",
            hint="They expire by themselves, with the window of YUKYU_WINDOW_DAYS; remove the key then.",
        )
