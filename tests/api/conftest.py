"""The whole application over a real primary and replica."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.version import VERSION
from db.engines import Engines
from jobs import health
from tests.api.application import ORIGIN, TOKENS, Api


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
