from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.backups.errors import DamagedBackupError, UnsuitableBackupError
from db.backups.verification import verify
from db.errors import BadInputError, NotFoundError
from db.repository import BackupKind, BackupManifest
from jobs.backups import Backup, chain, discard, unpack
from jobs.backups.requests import INCREMENTAL_SINCE
from jobs.site import Site
from tests.jobs.backups.damage import flipped
from tests.jobs.backups.doing import back_up, connected, incarnation


@pytest.fixture(scope="module")
async def newest(site: Site) -> Backup:
    """The last backup of a chain, as long as this version allows."""
    found = await back_up(site)
    if site.installation.binaries.major >= INCREMENTAL_SINCE:
        for number in range(2):
            async with connected(site) as connection:
                await connection.execute(f"DROP TABLE IF EXISTS part_{number}")
                await connection.execute(f"CREATE TABLE part_{number} AS SELECT generate_series(1, 5000) AS number")
            found = await back_up(site, BackupKind.INCREMENTAL)
    return found


@pytest.fixture
async def place(site: Site) -> AsyncIterator[Path]:
    directory = site.installation.layout.data_directory("unpacked")
    yield directory
    await discard(directory)


@pytest.mark.every_version(others="long")
async def test_a_chain_becomes_a_data_directory_of_the_servers_user(site: Site, newest: Backup, place: Path) -> None:
    told: list[float] = []

    async def tell(progress: float, _: str) -> None:
        told.append(progress)

    await unpack(site, chain(incarnation(site), newest.id), place, tell)

    assert await verify(site.installation, place) is None
    assert (place / "PG_VERSION").read_text().strip() == str(site.installation.binaries.major)
    assert place.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_uid for path in place.rglob("*")} == {site.installation.user.uid}
    assert not list(place.rglob("INCREMENTAL.*"))
    assert told == sorted(told)
    assert told[-1] == 1
    assert [each.name for each in place.parent.glob("unpacked*")] == ["unpacked"]


async def test_an_existing_directory_is_left_alone(site: Site, newest: Backup, place: Path) -> None:
    place.mkdir()
    (place / "kept").touch()

    with pytest.raises(BadInputError, match="exists already"):
        await unpack(site, chain(incarnation(site), newest.id), place)

    assert [path.name for path in place.iterdir()] == ["kept"]


async def test_a_link_is_not_followed(site: Site, newest: Backup, place: Path, tmp_path: Path) -> None:
    place.symlink_to(tmp_path)

    with pytest.raises(BadInputError, match="exists already"):
        await unpack(site, chain(incarnation(site), newest.id), place)

    place.unlink()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.every_version(others="long")
@pytest.mark.parametrize("at", [0.0, 0.5, 0.999])
async def test_a_flipped_bit_is_found_and_named(site: Site, newest: Backup, place: Path, at: float) -> None:
    full = chain(incarnation(site), newest.id)[0]
    file = next(incarnation(site).backup(full.id).glob("base.tar*"))
    with flipped(file, at), pytest.raises(DamagedBackupError, match=f"{full.id} is damaged: its file {file.name}"):
        await unpack(site, chain(incarnation(site), newest.id), place)


async def test_a_file_that_is_cut_short_is_found(site: Site, newest: Backup, place: Path) -> None:
    manifest = chain(incarnation(site), newest.id)[-1]
    file = next(incarnation(site).backup(manifest.id).glob("base.tar*"))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedBackupError, match=manifest.id):
        await unpack(site, chain(incarnation(site), newest.id), place)
    file.write_bytes(whole)


@pytest.mark.parametrize("name", ["base.tar*", "backup_manifest"])
async def test_a_file_that_is_gone_is_named(site: Site, newest: Backup, place: Path, name: str) -> None:
    manifest = chain(incarnation(site), newest.id)[0]
    file = next(incarnation(site).backup(manifest.id).glob(name))
    file.rename(file.with_name("away"))
    with pytest.raises(DamagedBackupError, match=f"{file.name} is missing"):
        await unpack(site, chain(incarnation(site), newest.id), place)
    file.with_name("away").rename(file)


async def test_a_chain_with_a_missing_part_is_refused(site: Site, newest: Backup) -> None:
    full = chain(incarnation(site), newest.id)[0]
    path = incarnation(site).manifest(full.id)
    path.rename(path.with_suffix(".away"))
    with pytest.raises(UnsuitableBackupError, match="builds on another one"):
        chain(incarnation(site), newest.id)
    path.with_suffix(".away").rename(path)


async def test_an_unknown_backup_is_not_found(site: Site) -> None:
    with pytest.raises(NotFoundError):
        chain(incarnation(site), "20200101T000000Z-full-0000")


async def test_a_backup_of_another_version_says_which_programs_it_needs(
    site: Site, newest: Backup, place: Path
) -> None:
    manifest = chain(incarnation(site), newest.id)[0].model_copy(update={"major": 16})

    with pytest.raises(UnsuitableBackupError) as refused:
        await unpack(site, [manifest], place)

    assert "YUKYU_PG_BIN" in str(refused.value.hint)
    assert not place.exists()
    assert BackupManifest.read(incarnation(site), manifest.id) is not None
