"""What makes a primary hand over its WAL to the archive, and a replica get what it lacks from there."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import structlog

from db.cluster.desired import Desired, Role, ServerSpec
from db.cluster.errors import UnreachableError
from db.cluster.installation import Installation
from db.repository import opening, stored
from db.repository.place import Incarnation
from db.repository.segments import Segment

log = structlog.get_logger(__name__)

# The replication slot of the archive's receiver, and its name as a synchronous standby.
RECEIVER = "yukyu_archive"

SUMMARIES_SINCE = 17


def incarnation(installation: Installation, desired: Desired) -> Incarnation | None:
    """Return where the WAL goes; None without an archive, or before the cluster has its identifier."""
    if installation.archive is None or desired.system_identifier is None:
        return None
    return installation.archive.incarnation(desired.system_identifier)


def settings(installation: Installation, spec: ServerSpec, desired: Desired) -> dict[str, str]:
    place = incarnation(installation, desired)
    if place is None or spec.role is not Role.PRIMARY:
        return {}
    found = {
        "archive_mode": "on",
        "archive_library": "basic_archive",
        "basic_archive.archive_directory": str(place.incoming),
        "archive_timeout": "60",
    }
    if installation.binaries.major >= SUMMARIES_SINCE:
        found["summarize_wal"] = "on"
    if installation.synchronous_archive:
        found["synchronous_standby_names"] = f"ANY 1 ({RECEIVER})"
    return found


def prepare(installation: Installation, spec: ServerSpec, desired: Desired) -> None:
    """Create the directories that the server writes to. It starts without them too, and keeps its WAL until then."""
    place = incarnation(installation, desired)
    if place is None or spec.role is not Role.PRIMARY:
        return
    try:
        place.create(installation.user)
        installation.user.require_entry(place.incoming)
    except (OSError, UnreachableError) as failure:
        log.warning("the archive cannot be used", directory=str(place.root), reason=str(failure))


async def opened(
    installation: Installation, name: str, incarnation: Incarnation, segments: Sequence[Segment]
) -> Path | None:
    """Decrypt segments for a replica; return where they are, or None where it can read the archive itself.

    What cannot be decrypted is left out, so that the replica is cloned instead.
    """
    if incarnation.keys is None:
        return None
    directory = _opened(installation, name)

    def work() -> None:
        opening.provide(incarnation, installation.user, [], directory)
        for segment in segments:
            try:
                opening.add(incarnation, installation.user, segment, directory)
            except (OSError, *stored.DAMAGED, *stored.NO_KEY) as failure:
                log.warning("a segment cannot be decrypted", server=name, segment=segment.name, reason=str(failure))

    await asyncio.to_thread(work)
    return directory


async def forget_opened(installation: Installation, name: str) -> None:
    await asyncio.to_thread(shutil.rmtree, _opened(installation, name), ignore_errors=True)


def _opened(installation: Installation, name: str) -> Path:
    return installation.layout.clusters / f"{name}.wal"
