"""Removes what killed backups left behind."""

import asyncio
import shutil
from collections.abc import Collection
from pathlib import Path

from db.cluster import durable, remains
from db.repository import Incarnation
from jobs.backups.unpacking import discard
from jobs.site import Site

# In the directory of a copy: the backup itself, and the list of files of the one that it builds on.
DATA, PARENT = "data", "parent"
SCRATCH, COPY = "check-", "copy-"


def scratch(site: Site, backup_id: str) -> Path:
    """Return where a backup is unpacked to be looked at, and removed again."""
    return site.installation.layout.data_directory(SCRATCH + backup_id)


def copied(site: Site, backup_id: str) -> Path:
    """Return where a backup is copied to that is then encrypted: never onto the backup disk."""
    return site.installation.layout.data_directory(COPY + backup_id)


async def clear(site: Site, incarnation: Incarnation, backup_id: str) -> None:
    """Remove all files of a backup that never came to have a manifest, and end who still writes them."""
    place = incarnation.backup(backup_id)
    await remains.clear_unfinished(durable.unfinished(place))
    await clear_copied(site, backup_id)
    await discard(scratch(site, backup_id))
    await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


async def clear_copied(site: Site, backup_id: str) -> None:
    """Remove what a backup was encrypted from, and end who still writes it."""
    place = copied(site, backup_id)
    await remains.clear_unfinished(place / DATA)
    await discard(place)


async def clear_all(site: Site, incarnation: Incarnation, *, keep: Collection[str]) -> None:
    """Remove the files of all backups without a manifest, except those of the given ids."""
    for backup_id in await asyncio.to_thread(_without_manifest, incarnation):
        if backup_id not in keep:
            await clear(site, incarnation, backup_id)
    for prefix in (SCRATCH, COPY):
        for path in site.installation.layout.clusters.glob(f"{prefix}*"):
            if path.name.removeprefix(prefix).removesuffix(".parts") not in keep:
                await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


def _without_manifest(incarnation: Incarnation) -> set[str]:
    directories = [path for path in incarnation.backups.iterdir() if path.is_dir()]
    ids = {path.name.removesuffix(durable.unfinished(Path("x")).suffix) for path in directories}
    return {each for each in ids if not incarnation.manifest(each).exists()}
