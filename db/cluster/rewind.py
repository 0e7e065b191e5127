"""Leads a replica over to a primary with another history: by pg_rewind where that can be done.

Which data directory of the primary a replica is a copy of is noted beside its own. The note is empty while pg_rewind
works, for what it leaves unfinished is of no use.
"""

import structlog

from db.cluster import control, durable, programs, urls
from db.cluster.connection import AWAY, connected
from db.cluster.desired import ServerSpec
from db.cluster.errors import PrimaryAwayError, ProgramError
from db.cluster.installation import Installation, slot_of
from db.cluster.settings import conninfo
from db.cluster.slots import CREATE

log = structlog.get_logger(__name__)

UNFINISHED = ""


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
        return "it was left half rewound"
    if not await control.shut_down(installation, installation.data_directory(spec)):
        return "its primary has another history, and it was not shut down in order"
    await _prepare(installation, name, primary)
    note(installation, name, UNFINISHED)
    try:
        await _rewind(installation, spec, primary)
    except ProgramError as failure:
        log.info("the replica cannot be rewound", server=name, reason=failure.message)
        return "its primary has another history, and pg_rewind cannot lead it there"
    log.info("rewound the replica", server=name)
    note(installation, name, primary.directory)
    return None


def _noted(installation: Installation, name: str) -> str | None:
    try:
        return installation.layout.follows(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


async def _prepare(installation: Installation, name: str, primary: ServerSpec) -> None:
    """Keep the WAL that the replica will need, and make the primary's newest timeline known to pg_rewind."""
    url = urls.admin(primary, installation.passwords, urls.MAINTENANCE_DATABASE)
    try:
        async with connected(url, timeout_seconds=60) as connection:
            await connection.fetch(CREATE, slot_of(name))
            await connection.execute("CHECKPOINT")
    except AWAY as failure:
        raise PrimaryAwayError(f"The primary on port {primary.port} does not answer: {failure}") from failure


async def _rewind(installation: Installation, spec: ServerSpec, primary: ServerSpec) -> None:
    source = conninfo(
        {"host": primary.host, "port": primary.port, "user": urls.SUPERUSER, "dbname": urls.MAINTENANCE_DATABASE}
    )
    command = [
        installation.binaries.program("pg_rewind"),
        *("--target-pgdata", installation.data_directory(spec), "--source-server", source),
        *(() if spec.durable else ("--no-sync",)),
    ]
    await programs.run(command, installation.user, secrets={"PGPASSWORD": installation.passwords.superuser})
