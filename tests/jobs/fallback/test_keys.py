"""Keys, where the database is a file: values are encrypted as they come in, and backups."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from db.control import Operation, OperationState
from db.fallback import NeedsPostgresError, opening
from db.fallback.backups import DamagedCopyError
from db.repository import BackupKind, BackupManifest, Repository, sealed
from db.repository.sealed import KeyMissingError
from jobs import backups
from jobs.fallback import backups as of_file
from jobs.fallback.site import FileSite
from jobs.keys import standing
from jobs.refusal import Refusal
from jobs.worker import loop
from tests.jobs.backups.damage import flipped
from tests.keys import key_file


async def test_what_is_under_which_key_is_refused_in_a_sentence(site: FileSite) -> None:
    with pytest.raises(NeedsPostgresError, match="Counting what is under which key"):
        await standing.of(f"sqlite+aiosqlite:///{site.file}", None, site.repository)


async def test_a_backup_is_encrypted_verified_and_put_back_with_its_key_alone(site: FileSite, tmp_path: Path) -> None:
    keys = key_file(tmp_path / "keys.json", "k1")
    secret = replace(site, repository=Repository.at(site.repository.root, keys))
    taken = await do(secret, await backups.request(secret, BackupKind.FULL, by="a test"))
    incarnation = secret.incarnation()
    assert incarnation is not None
    manifest = BackupManifest.read(incarnation, taken)

    assert manifest is not None
    assert manifest.key == "k1"
    (kept,) = incarnation.backup(taken).iterdir()
    assert sealed.key_of_file(kept) == "k1"
    assert not [path for path in tmp_path.iterdir() if taken in path.name]
    with closing(opening.connect(site.file)) as connection:
        connection.execute("DELETE FROM staff")
    with pytest.raises(KeyMissingError, match="k1"):
        await of_file.put_back(site, taken, by="a test")
    _, sound = await of_file.put_back(secret, taken, by="a test")
    assert sound.rows["staff"] == 20

    with flipped(kept, 0.5), pytest.raises(DamagedCopyError, match=taken):
        await of_file.put_back(secret, taken, by="a test")


async def do(site: FileSite, asked: Operation | Refusal) -> str:
    assert isinstance(asked, Operation)
    done = await loop.run_now(site, asked, of_file.KINDS)
    assert done.state is OperationState.SUCCEEDED, done.error
    return done.id
