"""Sees to it that a server has a data directory of the right kind before it starts."""

import asyncio
from pathlib import Path

import structlog

from db.cluster import clone, control, durable, initialise, remains, rewind
from db.cluster.desired import Desired, ServerSpec
from db.cluster.errors import DataDirectoryError
from db.cluster.installation import Installation

log = structlog.get_logger(__name__)


async def provide_primary(installation: Installation, name: str, spec: ServerSpec, desired: Desired) -> None:
    """Make a new primary's data directory; never an empty one where there was data.

    Raises:
        DataDirectoryError: only a person can say what to do with what is there, or is not.
    """
    place = installation.data_directory(spec)
    found = await control.system_identifier(installation, place)
    if found is None and desired.system_identifier is not None:
        raise DataDirectoryError(
            f"The data directory of the {name}, {place}, is gone or damaged. It had data in it, so no empty one is "
            "made in its place.",
            hint="Bring it back or restore a backup; to start with nothing, choose another --data-dir.",
        )
    if found is None and place.exists():
        raise DataDirectoryError(
            f"{place} is not a data directory of PostgreSQL that can be used, and it is not ours to remove.",
            hint="Move it away if it is not needed.",
        )
    if found is not None and desired.system_identifier not in {None, found}:
        raise DataDirectoryError(
            f"{place} holds the database cluster {found}, and should hold {desired.system_identifier}.",
            hint="Bring the right one back, or restore a backup.",
        )
    if found is None:
        await initialise.initialise(installation, place, durably=spec.durable)
        found = await control.system_identifier(installation, place)
    control.require_version(installation.binaries, place)
    installation.states.change(lambda before: before.model_copy(update={"system_identifier": found}))


async def reason_to_clone(installation: Installation, spec: ServerSpec, desired: Desired) -> str | None:
    """Return why a replica needs a new copy before it can start, or None."""
    place = installation.data_directory(spec)
    found = await control.system_identifier(installation, place)
    if found is None:
        return "it has no usable data directory"
    if desired.system_identifier not in {None, found}:
        return "its data directory belongs to another database cluster"
    if control.version(place) != installation.binaries.major:
        return "its data directory belongs to another version of PostgreSQL"
    return None


async def provide_clone(installation: Installation, name: str, spec: ServerSpec, primary: ServerSpec) -> None:
    place = installation.data_directory(spec)
    await remains.clear(place)
    await clone.clone(installation, name, place, primary, durably=spec.durable)
    rewind.note(installation, name, primary.directory)


async def clear_leftovers(place: Path) -> None:
    """Remove what a crash left beside a data directory."""
    await remains.clear_unfinished(durable.unfinished(place))
    await asyncio.to_thread(durable.remove_replaced, place)
