"""The segments in which timelines branch off, which a rewound replica must have before it starts.

Where a replica has its old timeline's copy of such a segment and not the new one's, PostgreSQL reads on in the old one,
behind the place where the new timeline left it: it would replay what the primary never had. The primary may have
removed its copy, and pg_rewind keeps the replica's.
"""

import re
from pathlib import Path

from db.cluster import archive, control, programs
from db.cluster.errors import ProgramError
from db.cluster.installation import Installation
from db.lsn import Lsn
from db.repository import restoring
from db.repository.history import History, name_of
from db.repository.segments import Segment

START = re.compile(r"^START WAL LOCATION: ([0-9A-F]+/[0-9A-F]+) ", re.MULTILINE)


async def provide(installation: Installation, name: str, place: Path) -> Segment | None:
    """Get what is missing from the archive; return the first segment that cannot be had, or None."""
    wal = place / "pg_wal"
    for segment in await _needed(installation, place):
        if not (wal / segment.name).exists() and not await _fetch(installation, name, segment, wal):
            return segment
    return None


async def _needed(installation: Installation, place: Path) -> list[Segment]:
    """Return the first segment of each timeline that begins behind the replica's start."""
    start = START.search((place / "backup_label").read_text(encoding="utf-8"))
    found = await control.read(installation, place) or {}
    timeline = int(found.get("Min recovery ending loc's timeline", "1"))
    if timeline == 1 or start is None:
        return []
    history = History.parse(timeline, (place / "pg_wal" / name_of(timeline)).read_text(encoding="utf-8"))
    children = [parent for parent, _ in history.ancestors[1:]] + [timeline]
    return [
        Segment.of(child, switch)
        for child, (_, switch) in zip(children, history.ancestors, strict=True)
        if switch > Lsn.parse(start[1])
    ]


async def _fetch(installation: Installation, name: str, segment: Segment, wal: Path) -> bool:
    incarnation = archive.incarnation(installation, installation.states.desired())
    if incarnation is None:
        return False
    directory = installation.layout.create_server_log(name, installation.user)
    restoring.restore_command(incarnation, installation.user, directory)
    command = ["/bin/sh", directory / restoring.NAME, segment.name, wal / segment.name]
    try:
        await programs.run(command, installation.user)
    except ProgramError:
        return False
    return True
