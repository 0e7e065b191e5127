"""The site of a database file with a few people in it, and a clock that a test sets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from db import migrations
from db.cluster.installation import Installation
from db.cluster.layout import Layout
from db.control import Control
from db.fallback import path_of
from db.repository import Repository
from jobs.data import sample
from jobs.fallback.site import FileSite, FileStates, NoServers


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """The address of a migrated file."""
    made = f"sqlite+aiosqlite:///{tmp_path / 'yukyu.db'}"
    await migrations.upgrade(made)
    return made


@pytest.fixture
async def site(tmp_path: Path, url: str, clock: Clock) -> AsyncIterator[FileSite]:
    await sample.load(url, 20)
    layout = Layout.of(tmp_path / "data")
    layout.state.mkdir(parents=True)
    nobody = cast("Installation", NoServers(layout, FileStates(layout.state, path_of(url))))
    async with Control.open(layout.state) as control:
        yield FileSite(control, Repository.at(tmp_path / "backups"), nobody, clock=clock, file=path_of(url))
