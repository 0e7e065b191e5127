"""`yukyu node`: looks after one PostgreSQL server of an installation, in the foreground."""

import asyncio
from typing import Annotated

import structlog
import typer

from api import logs
from api.commands import secret, sites
from api.commands.foreground import Foreground
from api.commands.options import DataDir, settings_with
from api.settings import Settings
from db.cluster import Binaries
from db.cluster.desired import Role
from db.cluster.node import Address, running_node

log = structlog.get_logger(__name__)

LOOPBACK = ["127.0.0.1/32", "::1/128"]

RoleOption = Annotated[Role, typer.Option("--role", help="Which of the two servers.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="The server's port.")]
Listen = Annotated[str, typer.Option("--listen", help="Addresses it listens on, as PostgreSQL writes them; * for all.")]
Advertise = Annotated[str, typer.Option("--advertise", help="Name or address at which the others reach it.")]
Networks = Annotated[
    list[str] | None, typer.Option("--network", help="From where clients may come; may be given more than once.")
]


def node(  # noqa: PLR0913, PLR0917 - Typer's way
    role: RoleOption,
    port: PortOption = 5432,
    listen: Listen = "127.0.0.1",
    advertise: Advertise = "127.0.0.1",
    network: Networks = None,
    data_dir: DataDir = None,
) -> None:
    """Run one server of an installation: make it, start it again when it dies, and follow restores.

    The nodes of a primary and its replica, `yukyu work` and `yukyu serve` share one data directory; `yukyu up` is all
    of them in one process. The replica waits until the primary's node has been started once.

    Example: `yukyu node --role primary --port 5432` and `yukyu node --role replica --port 5433`
    """
    settings = settings_with(data_dir=data_dir)
    logs.configure(settings.log_format)
    address = Address(port, advertise, listen, network or LOOPBACK)
    Foreground().run(lambda _: _node(settings, role, address))


async def _node(settings: Settings, role: Role, address: Address) -> None:
    async with running_node(
        settings.data_dir,
        role,
        address,
        binaries=Binaries.find(settings.pg_bin),
        archive=sites.repository(settings) if settings.backups else None,
        synchronous_archive=settings.synchronous_archive,
    ) as spec:
        if role is Role.PRIMARY:
            secret.ensure(settings)  # for `yukyu serve` and `yukyu token` beside it
        log.info("node is up", role=role.value, port=spec.port)
        await asyncio.Event().wait()
