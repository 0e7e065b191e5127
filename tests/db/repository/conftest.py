"""A repository in memory, of a database cluster that there is none of."""

from pathlib import Path

import pytest

from db.cluster.identity import Identity
from db.repository import Incarnation, Repository
from tests.db.repository.wal import SYSTEM_IDENTIFIER


@pytest.fixture(scope="session")
def user(scratch: Path) -> Identity:
    """Whom a server would run as."""
    return Identity.choose(scratch)


@pytest.fixture
def incarnation(scratch: Path, tmp_path: Path, user: Identity) -> Incarnation:
    home = scratch / f"repository-{tmp_path.name}"
    home.mkdir(mode=0o711)
    found = Repository.at(home / "backups").incarnation(SYSTEM_IDENTIFIER)
    found.create(user)
    return found
