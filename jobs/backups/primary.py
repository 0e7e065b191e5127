"""The server that is backed up."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from db.cluster import urls
from db.cluster.connection import AWAY, connected
from db.cluster.desired import Role, ServerSpec
from db.cluster.errors import NotInstalledError
from db.errors import DatabaseUnavailableError
from jobs.site import Site


def primary(site: Site) -> ServerSpec:
    servers = site.installation.states.desired().servers.values()
    found = next((spec for spec in servers if spec.role is Role.PRIMARY), None)
    if found is None:
        raise NotInstalledError(site.installation.layout.root)
    return found


@asynccontextmanager
async def asked(site: Site) -> AsyncGenerator[asyncpg.Connection]:
    """Connect to the primary as its superuser.

    Raises:
        DatabaseUnavailableError: it does not answer, or stopped answering.
    """
    spec = primary(site)
    try:
        async with connected(urls.admin(spec, site.installation.passwords, urls.MAINTENANCE_DATABASE)) as connection:
            yield connection
    except AWAY as failure:
        reason = str(failure) or type(failure).__name__
        raise DatabaseUnavailableError(
            f"The primary on port {spec.port} does not answer: {reason}",
            hint="Start it with `yukyu up`; while that runs, it is brought back by itself.",
        ) from failure
