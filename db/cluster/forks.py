"""The WAL that a rewound replica must have before it starts.

It replays from where both histories were last one, up to what the primary had when it was rewound. The primary may have
removed part of that, and the replica would wait for it for ever. Worse where it has its old timeline's copy of the
segment in which the new one branches off: PostgreSQL reads on in that, behind the branch, and replays what the primary
never had.
"""

import re
from pathlib import Path

from db.cluster import archive, control, programs
from db.cluster.errors import ProgramError
from db.cluster.installation import Installation
from db.lsn import Lsn
from db.repository import restoring
from db.repository.history import History, Lineage, name_of
from db.repository.segments import Segment

START = re.compile(r"^START WAL LOCATION: ([0-9A-F]+/[0-9A-F]+) ", re.MULTILINE)


async def provide(installation: Installation, name: str, place: Path, kept: Segment | None) -> Segment | None:
    """Get what is missing from the archive; return the first segment that cannot be had, or None.

    From the segment `kept` on the primary keeps them for the replica, which gets them from there later, but for those
    in which timelines begin.
    """
    wal = place / "pg_wal"
    timeline = 0
    for segment in await _needed(installation, place):
        begins, timeline = segment.timeline != timeline, segment.timeline
        if (wal / segment.name).exists() or await _fetch(installation, name, segment, wal):
            continue
        if begins or kept is None or segment.number < kept.number:
            return segment
    return None


async def _needed(installation: Installation, place: Path) -> list[Segment]:
    """Return the segments from the replica's start to where it is consistent, each of the timeline that has it last."""
    start = START.search((place / "backup_label").read_text(encoding="utf-8"))
    found = await control.read(installation, place) or {}
    end = Lsn.parse(found.get("Minimum recovery ending location", "0/0"))
    if start is None or not end:
        return []
    lineage = Lineage.of(_history(place, int(found.get("Min recovery ending loc's timeline", "1"))))
    return list(lineage.segments(Lsn.parse(start[1]), end))


def _history(place: Path, timeline: int) -> History:
    if timeline == 1:
        return History(1)
    return History.parse(timeline, (place / "pg_wal" / name_of(timeline)).read_text(encoding="utf-8"))


async def _fetch(installation: Installation, name: str, segment: Segment, wal: Path) -> bool:
    incarnation = archive.incarnation(installation, installation.states.desired())
    if incarnation is None:
        return False
    directory = installation.layout.create_server_log(name, installation.user)
    opened = await archive.opened(installation, name, incarnation, [segment])
    restoring.restore_command(incarnation, installation.user, directory, segments=opened)
    command = ["/bin/sh", directory / restoring.NAME, segment.name, wal / segment.name]
    try:
        await programs.run(command, installation.user)
    except ProgramError:
        return False
    finally:
        await archive.forget_opened(installation, name)
    return True
