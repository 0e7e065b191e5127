from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.jobs.accounts.doing import Doors, opened


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    async with opened(tmp_path) as doors:
        yield doors
