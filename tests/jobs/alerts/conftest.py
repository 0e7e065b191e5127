"""Sites with no servers, and a world that their rules watch."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.site import Site
from tests.jobs.alerts.world import World
from tests.jobs.worker.sites import open_site


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_site(tmp_path) as site:
        yield World(site)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as site:
        yield site
