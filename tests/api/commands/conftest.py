"""Directories for installations, and processes that end with their test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.commands.installation import PATIENCE_SECONDS, Installation
from tests.forking import Lasting


@pytest.fixture
def installation(scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that has not been started yet, in a directory where there is room for others beside it."""
    directory = scratch / tmp_path_factory.mktemp("installed").name
    directory.mkdir(mode=0o711)
    installation = Installation(directory / "installation")
    yield installation
    installation.end()


@pytest.fixture
def processes() -> Iterator[list[Lasting]]:
    """Processes to end after the test, the last first."""
    started: list[Lasting] = []
    yield started
    for process in reversed(started):
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
