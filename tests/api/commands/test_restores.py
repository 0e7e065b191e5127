"""`yukyu restore` with nothing running: what it says when it cannot know what to restore, and what state is left."""

import asyncio
import json
import shutil
from datetime import UTC, datetime

import asyncpg
import pytest

from db.cluster.identity import Identity
from db.control import Control, restores
from db.repository import Repository
from tests.api.commands.installation import Installation
from tests.db.cluster.witness import eventually
from tests.jobs.backups.manifests import manifest

TAKEN = datetime(2026, 11, 1, 17, tzinfo=UTC)


@pytest.fixture
def repository(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Repository:
    root = installation.directory.with_name("backups")
    monkeypatch.setenv("YUKYU_BACKUP_DIR", str(root))
    return Repository.at(root)


def test_backups_of_several_clusters_are_named_and_one_has_to_be_chosen(
    installation: Installation, repository: Repository
) -> None:
    for identifier in ("7001", "7002"):
        incarnation = repository.incarnation(identifier)
        incarnation.create(Identity.choose(repository.root))
        manifest(f"backup-of-{identifier}", TAKEN).write(incarnation)

    refused = installation.command("restore", "start", "--latest")
    unknown = installation.command("restore", "start", "--latest", "--system-identifier", "7003")

    assert refused.returncode == unknown.returncode == 1
    for said in (refused.stderr, unknown.stderr):
        assert "7001 (last backup 2026-11-01 17:00 UTC), 7002 (last backup 2026-11-01 17:00 UTC)" in said
        assert "Name one with --system-identifier." in said


@pytest.mark.parametrize("made", [False, True], ids=["no directory", "no backup"])
def test_no_backups_are_a_sentence(installation: Installation, repository: Repository, *, made: bool) -> None:
    if made:
        repository.incarnation("7001").create(Identity.choose(repository.root))

    refused = installation.command("restore", "start", "--latest")

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert str(repository.root if made else installation.directory) in refused.stderr


@pytest.mark.long
async def test_data_directories_that_are_gone_are_restored_into_the_state_that_is_left(
    installation: Installation,
) -> None:
    installation.fork()
    await installation.ready()
    url = installation.command("db", "url").stdout.strip()
    await execute(url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    await eventually(lambda: backed_up(installation), seconds=60)
    await installation.stop()
    shutil.rmtree(installation.directory / "clusters")

    restored = await asyncio.to_thread(
        installation.command, "restore", "start", "--latest", "--promote", "--reason", "The disk is gone.", "--json"
    )
    assert restored.returncode == 0, restored.stderr
    run = json.loads(restored.stdout)
    assert run["state"] == "PROMOTED"

    installation.fork()
    await installation.ready()
    assert installation.command("db", "url").stdout.strip() == url
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM kept") == 1000
    await connection.execute("INSERT INTO kept VALUES (1001)")
    await connection.close()
    assert run["id"] in installation.command("restore", "list").stdout


@pytest.mark.long
async def test_encrypted_backups_alone_bring_everything_back_with_the_key_and_without_it_say_which(
    installation: Installation, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = installation.directory.with_name("keys.json")
    monkeypatch.setenv("YUKYU_KEYS_FILE", str(ring))
    installation.command("keys", "new", "--id", "first")
    installation.fork()
    await installation.ready()
    url = installation.command("db", "url").stdout.strip()
    await execute(url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    await eventually(lambda: backed_up(installation), seconds=60)
    assert installation.command("backup", "create").returncode == 0  # the table is archived with it
    installation.command("keys", "new", "--id", "second")
    needed = installation.command("keys", "remove", "first")
    status = json.loads(installation.command("keys", "status", "--json").stdout)
    await installation.stop()
    shutil.rmtree(installation.directory)
    for path in (*repository.root.glob("*/incoming/*"), *repository.root.glob("*/stream/*")):
        path.unlink()  # a copy that has nothing plain in it does without them

    monkeypatch.delenv("YUKYU_KEYS_FILE")
    without = installation.command("restore", "start", "--latest", "--json")
    monkeypatch.setenv("YUKYU_KEYS_FILE", str(ring.with_name("other.json")))
    installation.command("keys", "new", "--id", "other")
    with_another = installation.command("restore", "start", "--latest", "--plan")
    monkeypatch.setenv("YUKYU_KEYS_FILE", str(ring))
    restored = await asyncio.to_thread(installation.command, "restore", "start", "--latest", "--promote", "--json")

    assert needed.returncode == 1
    assert "are encrypted with first, and cannot be restored without it; nothing was changed" in needed.stderr
    assert set(status["backups"]) == {"first"}
    assert status["wal"]["first"] > 0
    assert status["missing"] == []
    assert (without.returncode, with_another.returncode) == (1, 1)
    assert json.loads(without.stdout)["code"] == "KEY_MISSING"
    for refused in (without, with_another):
        assert "is encrypted with the key first, which is not here" in refused.stderr
        assert "YUKYU_KEYS_FILE" in refused.stderr
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["state"] == "PROMOTED"
    installation.fork()
    await installation.ready()
    connection = await asyncpg.connect(installation.command("db", "url").stdout.strip())
    assert await connection.fetchval("SELECT count(*) FROM kept") == 1000
    await connection.close()


@pytest.mark.long
async def test_a_promotion_goes_on_when_all_of_yukyu_up_is_killed_in_it(installation: Installation) -> None:
    installation.fork()
    await installation.ready()
    url = installation.command("db", "url").stdout.strip()
    await execute(url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    await eventually(lambda: backed_up(installation), seconds=60)

    asking = installation.beside("restore", "start", "--latest", "--promote", "--reason", "A test.")
    async with asyncio.timeout(90):
        while "Stop writes" not in await steps(installation):  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.01)
    assert installation.process is not None
    installation.process.kill()
    installation.process.wait()
    asking.terminate()
    asking.wait(90)
    installation.fork()
    await installation.ready()

    async def promoted() -> bool:
        listed = await asyncio.to_thread(installation.command, "restore", "list", "--json")
        return json.loads(listed.stdout)[0]["state"] == "PROMOTED"

    await eventually(promoted, seconds=90)
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM kept") == 1000
    await connection.execute("INSERT INTO kept VALUES (1001)")
    await connection.close()


async def steps(installation: Installation) -> list[str]:
    async with Control.open(installation.directory / "state") as control, control.reading() as session:
        found = await restores.newest(session, limit=1)
    return [step["name"] for run in found for step in run.steps]


async def backed_up(installation: Installation) -> bool:
    listed = await asyncio.to_thread(installation.command, "backup", "list", "--json")
    return listed.returncode == 0 and any(each["state"] == "VERIFIED" for each in json.loads(listed.stdout))


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()
