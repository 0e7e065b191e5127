"""The control store on SQLite, and on a PostgreSQL of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.control import Control
from tests.conftest import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'control.sqlite'}"
    database: Database = request.getfixturevalue("empty_database")
    return database.primary_url


@pytest.fixture
async def control(url: str, tmp_path: Path) -> AsyncIterator[Control]:
    async with Control.open(tmp_path, url=url) as control:
        yield control
