"""Receives the primary's WAL as it is written, so that the unfinished segment is in the repository too.

PostgreSQL's own pg_receivewal does it, on a replication slot, and acknowledges only what is on disk.
"""

import asyncio
from pathlib import Path

import asyncpg
import psutil
import structlog

from db.cancelling import pause
from db.cluster import programs, remains, urls
from db.cluster.archive import RECEIVER
from db.cluster.connection import AWAY, connected
from db.cluster.errors import ClusterError, DataDirectoryError, ProgramError
from db.cluster.installation import Installation
from db.cluster.settings import conninfo
from db.cluster.slots import CREATE
from db.repository import primary
from db.repository.collect import collect
from db.repository.inventory import PARTIAL
from db.repository.place import Incarnation
from db.repository.segments import SEGMENT_BYTES, Segment

log = structlog.get_logger(__name__)

PROGRAM = "pg_receivewal"
BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
# A receiver that ran this long was well.
STEADY_SECONDS = 10.0

SERVER = """
    SELECT (SELECT system_identifier::text FROM pg_control_system())                      AS system_identifier,
           substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8)                      AS timeline,
           (SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1)             AS slot,
           ARRAY(SELECT name FROM pg_ls_waldir() WHERE name = ANY ($2::text[]))           AS present
"""

DROP = """
    SELECT pg_drop_replication_slot(slot_name)
    FROM   pg_replication_slots
    WHERE  slot_name = $1 AND NOT active
"""

# What pg_receivewal says when the server no longer has what it asks for.
REMOVED = "has already been removed"


class Receiver:
    """Keeps one pg_receivewal running; only one process may do so at a time."""

    def __init__(self, installation: Installation, incarnation: Incarnation) -> None:
        self._installation = installation
        self._incarnation = incarnation
        self._failure: str | None = None
        # Begin where the server is, whatever was received before.
        self._anew = False

    async def keep(self) -> None:
        """Receive until cancelled; go on after every failure, and after the primary has become another."""
        failures = 0
        await end_leftovers(self._incarnation.stream)
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._prepare()
                await self._receive()
            except (*AWAY, ClusterError) as failure:
                self._note(failure)
            except Exception:
                log.exception("receiving failed")
            steady = asyncio.get_running_loop().time() - began > STEADY_SECONDS
            failures = 0 if steady else failures + 1
            await pause(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])

    async def _prepare(self) -> None:
        """See to it that what is there can be gone on with, and that the slot is there."""
        await asyncio.to_thread(self._clear_begun)
        spec = primary.spec(self._installation)
        async with connected(urls.replication(spec, self._installation.passwords)) as connection:
            unfinished = sorted(path.name for path in self._incarnation.stream.glob(f"*{PARTIAL}"))
            names = [name.removesuffix(PARTIAL) for name in unfinished]
            server = await connection.fetchrow(SERVER, RECEIVER, names)
            assert server is not None  # noqa: S101 - a SELECT without FROM has one row
            if server["system_identifier"] != self._incarnation.system_identifier:
                raise DataDirectoryError(
                    f"The primary on port {spec.port} is the database cluster {server['system_identifier']}, and this "
                    f"is the archive of {self._incarnation.system_identifier}."
                )
            continues = bool(names) and _continues(names, server["timeline"], server["present"])
            await asyncio.to_thread(
                collect, self._incarnation, self._installation.user, leftovers=self._anew or not continues
            )
            await self._provide_slot(connection, server["slot"])

    async def _provide_slot(self, connection: asyncpg.Connection, status: str | None) -> None:
        if status is not None and (status == "lost" or self._anew):
            log.warning("the receiver's replication slot is lost", slot=RECEIVER, status=status)
            await connection.fetch(DROP, RECEIVER)
        await connection.fetch(CREATE, RECEIVER)
        self._anew = False

    async def _receive(self) -> None:
        spec = primary.spec(self._installation)
        source = {
            "host": spec.host,
            "port": spec.port,
            "user": urls.REPLICATION,
            "application_name": RECEIVER,
            "connect_timeout": 10,
        }
        command = [
            self._installation.binaries.program(PROGRAM),
            *("--directory", self._incarnation.stream, "--dbname", conninfo(source), "--no-password"),
            *("--slot", RECEIVER, "--synchronous", "--status-interval", "1", "--no-loop"),
        ]
        secrets = {"PGPASSWORD": self._installation.passwords.replication}
        self._failure = None
        try:
            await programs.run(command, self._installation.user, secrets=secrets)
        except ProgramError as failure:
            self._anew = REMOVED in failure.message
            raise

    def _clear_begun(self) -> None:
        """Remove a segment that was killed while it was being filled with zeros: it would never be gone on with."""
        for path in self._incarnation.stream.glob(f"*{PARTIAL}"):
            if path.stat().st_size not in {0, SEGMENT_BYTES} and not path.read_bytes().rstrip(b"\0"):
                path.unlink()

    def _note(self, failure: BaseException) -> None:
        reason = str(failure) or type(failure).__name__
        if reason != self._failure:
            log.warning("nothing is received", reason=reason)
        self._failure = reason


def _continues(names: list[str], timeline: str, present: list[str]) -> bool:
    """Return whether the newest unfinished segment can be gone on with: the server has it, on the timeline it is on."""
    newest = Segment.parse(names[-1])
    return newest is not None and f"{newest.timeline:08X}" == timeline and names[-1] in present


async def end_leftovers(stream: Path) -> None:
    """End receivers that a killed process has left behind: two would write to the same files."""

    def receiving() -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if _receives(process, stream)]

    await remains.end(receiving)


def _receives(process: psutil.Process, stream: Path) -> bool:
    try:
        return process.name() == PROGRAM and str(stream) in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
