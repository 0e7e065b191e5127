"""Backups that are taken with a key, in a repository that has plain ones too."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from db.backups import checksums
from db.backups.errors import NoSpaceError
from db.backups.verification import verify
from db.control import OperationState
from db.errors import AppError
from db.keys import KeyFile
from db.repository import BackupKind, BackupManifest, Repository, keys_in_use, sealed
from db.repository.sealed import KeyMissingError
from jobs import backups
from jobs.backups import Backup, BackupState, chain, discard, retention, space, unpack
from jobs.backups.calendar import request_out_of_turn
from jobs.backups.unpacking import CONTENTS
from jobs.site import Site
from tests import forking
from tests.jobs.backups.damage import cut_short, flipped
from tests.jobs.backups.doing import ask, back_up, connected, do, files_of, incarnation, verified
from tests.keys import key_file, ring_of

# What no compression changes: 4 MB of it would be found in any page, and in a backup that is not compressed.
MARKER = bytes.fromhex("5f1c9be2c07a4d0f8b3366e1a94dd27c")

# Takes the backup that is asked for, and kills itself in the middle of encrypting it.
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.keys import KeyFile
from db.repository import Repository
from jobs import backups
from jobs.site import Site
from jobs.worker.loop import work

def step(event, arguments):
    if event == "os.chmod" and ".new/base.tar" in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)

async def main(directory, programs, keys):
    archive = Repository.at(directory / "backups", KeyFile(keys))
    cluster = EmbeddedCluster.locate(directory, binaries=Binaries.find(programs), archive=archive)
    async with Control.open(cluster.layout.state) as control:
        await work(Site(control=control, repository=archive, installation=cluster.installation), backups.KINDS)

sys.addaudithook(step)
asyncio.run(main(*map(Path, sys.argv[1:])))
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFile:
    return key_file(tmp_path_factory.mktemp("keys") / "keys.json", "k1")


@pytest.fixture(scope="module")
async def secret(site: Site, keys: KeyFile) -> AsyncIterator[Site]:
    """The site, with a key for these tests; what is encrypted is removed afterwards, for others have no key."""
    yield replace(site, repository=Repository.at(site.repository.root, keys))
    for manifest in BackupManifest.all(incarnation(site)):
        if manifest.key is not None:
            retention.remove(incarnation(site), manifest)
    async with connected(site) as connection:
        await connection.execute("DROP TABLE IF EXISTS secret")


@pytest.fixture(scope="module")
async def full(site: Site, secret: Site) -> Backup:
    async with connected(site) as connection:
        await connection.execute("CREATE TABLE secret (told bytea STORAGE EXTERNAL)")
        await connection.execute("INSERT INTO secret SELECT $1 FROM generate_series(1, 1000)", MARKER)
    return await back_up(secret)


@pytest.fixture
async def place(site: Site) -> AsyncIterator[Path]:
    directory = site.installation.layout.data_directory("unpacked")
    yield directory
    await discard(directory)


def manifest_of(site: Site, backup: Backup) -> BackupManifest:
    found = BackupManifest.read(incarnation(site), backup.id)
    assert found is not None
    return found


async def unpacked(site: Site, backup: Backup, place: Path) -> str | None:
    await unpack(site, chain(incarnation(site), backup.id), place)
    return await verify(site.installation, place)


async def test_every_file_of_it_is_encrypted_and_it_is_restored_as_it_was(
    secret: Site, full: Backup, place: Path
) -> None:
    manifest = manifest_of(secret, full)
    stored = sorted(incarnation(secret).backup(full.id).iterdir())

    assert full.state is BackupState.VERIFIED
    assert manifest.key == "k1"
    assert [path.name for path in stored] == sorted(file.name for file in manifest.files)
    for path in stored:
        content = path.read_bytes()
        assert content.startswith(sealed.MAGIC)
        assert MARKER not in content
        assert (path.stat().st_mode & 0o777, path.stat().st_uid) == (0o600, secret.installation.user.uid)
    assert {path.name for path in files_of(secret, full.id)} == {full.id, f"{full.id}.json"}
    assert await unpacked(secret, full, place) is None
    assert any(MARKER in path.read_bytes() for path in place.rglob("*") if path.is_file())


async def test_an_incremental_backup_builds_on_it_and_one_with_a_newer_key_on_both(
    secret: Site, keys: KeyFile, full: Backup, place: Path
) -> None:
    found = keys_in_use.look(secret.repository).backups
    first = await back_up(secret, BackupKind.INCREMENTAL)
    keys.write(keys.ring().with_current(ring_of("k2").current))
    second = await back_up(secret, BackupKind.INCREMENTAL)

    assert [manifest_of(secret, each).key for each in (full, first, second)] == ["k1", "k1", "k2"]
    assert [each.id for each in chain(incarnation(secret), second.id)][-2:] == [first.id, second.id]
    assert await unpacked(secret, second, place) is None
    assert keys_in_use.look(secret.repository).backups == {"k1": found["k1"] + 1, "k2": 1}


async def test_plain_backups_and_encrypted_ones_build_on_each_other(
    site: Site, secret: Site, keys: KeyFile, place: Path
) -> None:
    current = keys.ring().current.id
    plain = await back_up(site)
    encrypted = await back_up(secret, BackupKind.INCREMENTAL)
    assert [manifest_of(site, each).key for each in (plain, encrypted)] == [None, current]
    assert await unpacked(secret, encrypted, place) is None
    await discard(place)
    assert await unpacked(site, plain, place) is None
    assert '"key"' not in incarnation(site).manifest(plain.id).read_text()

    # Where the keys are not given any more, there is no way to build on what is encrypted.
    refused = await do(site, await ask(site, BackupKind.INCREMENTAL))
    assert refused.state is OperationState.FAILED
    assert f"is encrypted with the key {current}, which is not here" in str(refused.error)
    assert files_of(site, refused.id) == []


@pytest.mark.parametrize("file", ["base.tar*", CONTENTS])
@pytest.mark.parametrize("at", [0.0, 0.5, 1.0])
async def test_a_flipped_bit_is_damage(secret: Site, full: Backup, place: Path, file: str, at: float) -> None:
    path = next(incarnation(secret).backup(full.id).glob(file))
    said = f"its file {path.name} does not have the content that was stored"
    with flipped(path, at), pytest.raises(AppError, match=said):
        await unpack(secret, chain(incarnation(secret), full.id), place)


async def test_damage_that_fits_the_checksums_is_found_by_the_encryption(
    secret: Site, full: Backup, place: Path
) -> None:
    """As by somebody who can write to the repository: a manifest is not encrypted, and says what they want."""
    manifest = manifest_of(secret, full)
    path = next(incarnation(secret).backup(full.id).glob("base.tar*"))
    with flipped(path, 0.7):
        forged = [file for file in manifest.files if file.name != path.name]
        lie = manifest.model_copy(update={"files": (*forged, checksums.stored(path))})
        with pytest.raises(AppError, match="does not open: it was damaged, changed, or moved there"):
            await unpack(secret, [lie], place)


async def test_a_missing_key_is_named_and_is_no_damage(site: Site, full: Backup, place: Path) -> None:
    with pytest.raises(KeyMissingError, match="encrypted with the key k1, which is not here"):
        await unpack(site, chain(incarnation(site), full.id), place)
    failed = await verified(site, full.id)

    assert failed.state is OperationState.FAILED
    assert "k1" in str(failed.error)
    assert manifest_of(site, full).error is None
    assert "The key k1 is not here" in " ".join((await backups.status(site)).problems)


async def test_a_full_one_is_taken_when_the_key_of_the_newest_is_lost(secret: Site, keys: KeyFile) -> None:
    newest = await back_up(secret)
    assert await request_out_of_turn(secret) is None
    ring = keys.ring()
    keys.write(ring_of("found"))
    try:
        asked = await request_out_of_turn(secret)
        assert asked is not None
        assert asked.arguments == {"kind": BackupKind.FULL}
        assert (await do(secret, asked)).state is OperationState.SUCCEEDED
        assert await request_out_of_turn(secret) is None
    finally:
        keys.write(ring)
        for each in BackupManifest.all(incarnation(secret)):
            if each.key == "found":
                retention.remove(incarnation(secret), each)
    assert manifest_of(secret, newest).key == ring.current.id


async def test_it_is_verified_again_and_its_damage_is_kept(secret: Site, full: Backup) -> None:
    assert (await verified(secret, full.id)).state is OperationState.SUCCEEDED
    with cut_short(next(incarnation(secret).backup(full.id).glob("base.tar*"))):
        failed = await verified(secret, full.id)
    kept = manifest_of(secret, full).error
    assert failed.state is OperationState.FAILED
    assert kept
    assert full.id in kept
    assert (await verified(secret, full.id)).state is OperationState.SUCCEEDED


async def test_none_is_taken_while_the_keys_cannot_be_read(secret: Site, keys: KeyFile) -> None:
    away = keys.path.rename(keys.path.with_name("away"))
    try:
        failed = await do(secret, await ask(secret))
        problems = " ".join((await backups.status(secret)).problems)
    finally:
        away.rename(keys.path)

    assert failed.state is OperationState.FAILED
    assert f"The key ring {keys.path}" in str(failed.error)
    assert f"The key ring {keys.path}" in problems
    assert "nothing is lost" in problems


async def test_without_room_for_the_copy_it_says_so(secret: Site) -> None:
    with pytest.raises(NoSpaceError, match="before the copy is encrypted"):
        space.require(incarnation(secret), 1 << 20, BackupKind.FULL, beside=Path("/proc"))


@pytest.mark.long
async def test_a_worker_that_is_killed_while_it_encrypts_leaves_it_to_the_next(secret: Site, keys: KeyFile) -> None:
    operation = await ask(secret)
    layout, programs = secret.installation.layout, secret.installation.binaries.directory
    worker = await forking.python("-c", KILLED, layout.root, programs, keys.path)
    assert await worker.wait() == -9
    left = {path.name for path in files_of(secret, operation.id)}
    assert left == {f"{operation.id}.new", f"copy-{operation.id}"}

    done = await do(secret, operation)

    assert done.state is OperationState.SUCCEEDED, done.error
    assert {path.name for path in files_of(secret, operation.id)} == {operation.id, f"{operation.id}.json"}
