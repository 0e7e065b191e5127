"""The whole application over a real primary and replica."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.version import VERSION
from db.cluster import EmbeddedCluster
from db.engines import Engines
from jobs import health
from jobs.data import sample
from tests.api.application import ORIGIN, TOKENS, Api
from tests.api.server_process import ServerProcess, serving
from tests.api.streaming import Streaming, served
from tests.conftest import create_database, database_of, drop_database


@pytest.fixture(scope="module")
async def api(module_database: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    database, disk = module_database, tmp_path_factory.mktemp("disk")
    links = SignInLinks()
    async with Engines.open(database.primary_url, [database.replica_url]) as engines:

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[disk])

        app = create_app(engines, Settings(environment="development"), tokens=TOKENS, links=links, examine=examine)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Api(client, links, database.primary_url)


@pytest.fixture(scope="module")
async def streaming(module_database: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Streaming]:
    """An application served over a site without servers, for what is streamed."""
    async with served(module_database.primary_url, tmp_path_factory.mktemp("site")) as streaming:
        yield streaming


@pytest.fixture(scope="session")
async def server(
    cluster: EmbeddedCluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServerProcess]:
    """`yukyu serve` as in production, over a few hundred people; no rate is limited, so that all else must do."""
    name = "test_server_process"
    await create_database(cluster, name, template=template)
    database = database_of(cluster, name)
    await sample.load(database.primary_url, 300)
    async with serving(
        database, tmp_path_factory.mktemp("server"), rate_limit_address="off", rate_limit_user="off"
    ) as process:
        yield process
    await drop_database(cluster, name)
