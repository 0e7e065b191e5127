"""Leads a replica over to a primary with another history: by pg_rewind where that can be done.

Which data directory of the primary a replica is a copy of is noted beside its own. The note is empty while pg_rewind
works, for what it leaves unfinished is of no use.
"""

from pathlib import Path

import structlog

from db.cluster import archive, control, durable, forks, programs, target_wal, urls
from db.cluster.connection import AWAY, connected
from db.cluster.desired import ServerSpec
from db.cluster.errors import PrimaryAwayError, ProgramError
from db.cluster.installation import Installation, slot_of
from db.cluster.settings import conninfo, quoted
from db.cluster.slots import CREATE
from db.repository.history import NAME as HISTORY_NAME
from db.repository.history import History, Lineage, name_of
from db.repository.restoring import restore_command
from db.repository.segments import Segment

log = structlog.get_logger(__name__)

UNFINISHED = ""

TIMELINE = "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int"
# Without an offset and a length, a file that may be missing can be asked for only from PostgreSQL 16 on.
HISTORY = "SELECT pg_read_file('pg_wal/' || $1, 0, 1048576, true)"
KEPT = """
    SELECT pg_walfile_name(restart_lsn)
    FROM   pg_replication_slots
    WHERE  slot_name = $1 AND wal_status IN ('reserved', 'extended')
"""


def note(installation: Installation, name: str, directory: str) -> None:
    durable.write(installation.layout.follows(name), directory)


async def follow(installation: Installation, name: str, spec: ServerSpec, primary: ServerSpec) -> str | None:
    """Make a stopped replica one of this primary, if it is another's; return why it has to be cloned instead.

    Raises:
        PrimaryAwayError: nothing can be said until the primary answers.
    """
    noted = _noted(installation, name)
    if noted is None:
        note(installation, name, primary.directory)
    if noted in {None, primary.directory}:
        return None
    if noted == UNFINISHED:
        await archive.forget_opened(installation, name)
        return "it was left half rewound"
    if not await control.shut_down(installation, installation.data_directory(spec)):
        return "its primary has another history, and it was not shut down in order"
    lineage = await _prepare(installation, name, primary)
    note(installation, name, UNFINISHED)
    try:
        await _rewind(installation, name, spec, primary, lineage)
    except ProgramError as failure:
        log.info("the replica cannot be rewound", server=name, reason=failure.message)
        return "its primary has another history, and pg_rewind cannot lead it there"
    kept = await _kept(installation, name, primary)
    if missing := await forks.provide(installation, name, installation.data_directory(spec), kept):
        return f"its primary has another history, and nobody has its segment {missing.name} any more"
    _remove_foreign(installation.data_directory(spec) / "pg_wal", lineage)
    log.info("rewound the replica", server=name)
    note(installation, name, primary.directory)
    return None


def _noted(installation: Installation, name: str) -> str | None:
    try:
        return installation.layout.follows(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


async def _prepare(installation: Installation, name: str, primary: ServerSpec) -> Lineage:
    """Keep the WAL that the replica will need, and make the primary's newest timeline known to pg_rewind."""
    url = urls.admin(primary, installation.passwords, urls.MAINTENANCE_DATABASE)
    try:
        async with connected(url, timeout_seconds=60) as connection:
            await connection.fetch(CREATE, slot_of(name))
            await connection.execute("CHECKPOINT")
            timeline = int(await connection.fetchval(TIMELINE) or 1)
            text = await connection.fetchval(HISTORY, name_of(timeline)) or ""
    except AWAY as failure:
        raise PrimaryAwayError(f"The primary on port {primary.port} does not answer: {failure}") from failure
    return Lineage.of(History.parse(timeline, text))


async def _kept(installation: Installation, name: str, primary: ServerSpec) -> Segment | None:
    """Return the first segment that the primary keeps for the replica; None where it keeps none or does not answer."""
    url = urls.admin(primary, installation.passwords, urls.MAINTENANCE_DATABASE)
    try:
        async with connected(url) as connection:
            return Segment.parse(await connection.fetchval(KEPT, slot_of(name)) or "")
    except AWAY:
        return None


def _remove_foreign(wal: Path, lineage: Lineage) -> None:
    """Remove WAL of histories that are not the primary's.

    pg_rewind leaves what it got from the archive. A standby that finds no segment of its own timeline takes its
    parent's, even from behind the branch, and is stuck there; a history file would lead it astray.
    """
    ends = {span.timeline: span.end for span in lineage.spans}
    for path in wal.iterdir():
        segment, history = Segment.parse(path.name), HISTORY_NAME.fullmatch(path.name)
        timeline = segment.timeline if segment else int(history[1], 16) if history else None
        if timeline is None:
            continue
        end = ends.get(timeline)
        behind = segment is not None and end is not None and segment.start >= end
        if timeline not in ends or behind:
            path.unlink()


async def _rewind(
    installation: Installation, name: str, spec: ServerSpec, primary: ServerSpec, lineage: Lineage
) -> None:
    source = conninfo(
        {"host": primary.host, "port": primary.port, "user": urls.SUPERUSER, "dbname": urls.MAINTENANCE_DATABASE}
    )
    command = [
        installation.binaries.program("pg_rewind"),
        *("--target-pgdata", installation.data_directory(spec), "--source-server", source),
        *await _from_archive(installation, name, installation.data_directory(spec), lineage),
        *(() if spec.durable else ("--no-sync",)),
    ]
    try:
        await programs.run(command, installation.user, secrets={"PGPASSWORD": installation.passwords.superuser})
    finally:
        await archive.forget_opened(installation, name)


async def _from_archive(installation: Installation, name: str, target: Path, lineage: Lineage) -> list[str | Path]:
    """Let pg_rewind get WAL that the replica has removed since both histories were one."""
    place = archive.incarnation(installation, installation.states.desired())
    if place is None:
        return []
    directory = installation.layout.create_server_log(name, installation.user)
    settings = directory / "rewind.conf"
    needed = await target_wal.segments(installation, target, lineage) if place.keys else []
    opened = await archive.opened(installation, name, place, needed)
    command = restore_command(place, installation.user, directory, segments=opened)
    durable.write(settings, f"restore_command = {quoted(command)}\n")
    installation.user.own(settings)
    return ["--restore-target-wal", "--config-file", settings]
