"""The data directories of restores, and which of them may be removed."""

import asyncio
import shutil
from pathlib import Path

from db.cluster import durable
from db.cluster.desired import Role
from db.cluster.postmaster import Postmaster
from db.control import RestoreRun
from db.restores import server
from jobs.backups import discard
from jobs.restores.errors import RestoreError
from jobs.site import Site

PREFIX = "restore-"
NOTE = "yukyu.restore"


def name_of(run_id: str) -> str:
    return PREFIX + run_id


def directory_of(site: Site, run: RestoreRun) -> Path:
    return site.installation.layout.data_directory(run.directory or name_of(run.id))


def unfinished_of(site: Site, run: RestoreRun) -> Path:
    """Return where a backup is unpacked: it gets its name once it is whole."""
    place = directory_of(site, run)
    return place.with_name(place.name + ".new")


def take(unfinished: Path, place: Path, run: RestoreRun) -> None:
    """Give an unpacked backup its name, with a note in it of whose it is."""
    durable.write(unfinished / NOTE, run.id)
    unfinished.rename(place)
    durable.sync_directory(place.parent)


def is_unpacked(site: Site, run: RestoreRun) -> bool:
    """Return whether an earlier attempt got as far as `take`."""
    place = directory_of(site, run)
    try:
        return not place.is_symlink() and (place / NOTE).read_text(encoding="ascii") == run.id
    except (FileNotFoundError, NotADirectoryError):
        return False


def live_directory(site: Site) -> str | None:
    """Return the name of the live primary's data directory; None where there is no installation yet."""
    servers = site.installation.states.desired().servers
    return next((spec.directory for spec in servers.values() if spec.role is Role.PRIMARY), None)


def require_new(place: Path) -> None:
    """Raise unless nothing at all is at a place, not even a link that leads nowhere."""
    if place.is_symlink() or place.exists():
        raise RestoreError(
            f"{place} is there already, and a restore only ever goes into a new directory.",
            hint="Move it away if it is not needed.",
        )


async def remove(site: Site, name: str) -> None:
    """Remove a data directory that is not live, and end its private server first.

    Raises:
        RestoreError: it is the live one.
    """
    if name in {spec.directory for spec in site.installation.states.desired().servers.values()}:
        raise RestoreError(f"{name} is the data directory of a live server, and is not removed.")
    place = site.installation.layout.data_directory(name)
    await server.stop(site.installation, place)
    if Postmaster.find(place) is not None:
        raise RestoreError(f"A server works in {place}, and does not stop.")
    await discard(place.with_name(place.name + ".new"))
    await discard(place)
    await server.remove_segments(place)
    if name.startswith(PREFIX):
        await asyncio.to_thread(shutil.rmtree, site.installation.layout.server_log(name), ignore_errors=True)
