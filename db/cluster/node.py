"""One server of an installation, looked after by a process of its own: a container's, or a machine's."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from db.cluster.binaries import Binaries
from db.cluster.desired import Desired, Observed, Role, ServerSpec, States, Status
from db.cluster.embedded import PRIMARY, REPLICA, bring_up, installation_of
from db.cluster.errors import DataDirectoryError
from db.cluster.layout import Layout
from db.cluster.lock import allowed, server_held
from db.cluster.server import Server
from db.repository.place import Repository

log = structlog.get_logger(__name__)

NAMES = {Role.PRIMARY: PRIMARY, Role.REPLICA: REPLICA}
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Address:
    """Where a server listens, how the others reach it, and from where clients may come."""

    port: int
    host: str = "127.0.0.1"
    listen: str = "127.0.0.1"
    networks: Sequence[str] = ("127.0.0.1/32", "::1/128")


@asynccontextmanager
async def running_node(  # noqa: PLR0913 - the keywords are what an installation is made of
    data_dir: Path,
    role: Role,
    address: Address,
    *,
    binaries: Binaries | None = None,
    archive: Repository | None = None,
    synchronous_archive: bool = False,
) -> AsyncGenerator[ServerSpec]:
    """Start one server, and make it what the desired state says it should be until the end.

    The installation's directory is shared with the node of the other server, and with the worker.

    Raises:
        AlreadyRunningError: another process looks after this server.
        ClusterError: it cannot be started, for the reason the sentence says. A primary whose data is gone or damaged
            is none: its node waits for a restore.
    """
    layout, name = Layout.of(data_dir), NAMES[role]
    with allowed():
        layout.create()
    with server_held(layout, name):
        _forget_what_was_seen(States(layout.state), name)
        if role is Role.REPLICA:
            await _installed(layout)
        with allowed():
            installation = installation_of(
                layout, binaries or Binaries.find(), archive=archive, synchronous_archive=synchronous_archive
            )
        desired = installation.states.change(lambda before: _want(before, name, role, address))
        server = Server(name, installation)
        supervisor: asyncio.Task[None] | None = None
        try:
            await _bring_up(server, role)
            supervisor = asyncio.create_task(server.supervise(), name=f"supervise {name}")
            yield desired.servers[name]
        finally:
            if supervisor is not None:
                supervisor.cancel()
                await asyncio.gather(supervisor, return_exceptions=True)
            await server.stop()


def _forget_what_was_seen(states: States, name: str) -> None:
    """Take back what an earlier node saw: of a server in another container others know no more than that."""
    states.observe(name, Observed(generation=states.desired().generation, status=Status.STARTING, at=datetime.now(UTC)))


async def _bring_up(server: Server, role: Role) -> None:
    try:
        await bring_up(server, needed=role is Role.PRIMARY, wanted=True)
    except DataDirectoryError as failure:
        # A restore puts another directory in its place, which this node then has to start.
        log.warning("waiting", server=server.name, reason=failure.message, hint=failure.hint)


async def _installed(layout: Layout) -> None:
    """Wait until the primary's node has said where it is, and made the passwords."""
    said = False
    while PRIMARY not in States(layout.state).desired().servers or not layout.passwords.exists():
        if not said:
            log.info("waiting", reason="The primary's node has not been started yet.")
            said = True
        await asyncio.sleep(POLL_SECONDS)


def _want(before: Desired, name: str, role: Role, address: Address) -> Desired:
    known = before.servers.get(name) or ServerSpec(role=role, directory=name, port=address.port)
    spec = known.model_copy(
        update={
            "port": address.port,
            "host": address.host,
            "listen": address.listen,
            "networks": tuple(address.networks),
            "follows": PRIMARY if role is Role.REPLICA else None,
            "running": True,
        }
    )
    return before.model_copy(update={"servers": {**before.servers, name: spec}})
