"""`yukyu backup` as it is called from a shell, beside a running primary; the commands do what no worker does."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.commands.backup import app
from db.cluster import Binaries, EmbeddedCluster
from db.control import Control, operations
from db.errors import BadInputError
from db.repository import Repository
from jobs import archive, backups
from jobs.backups import BackupState
from jobs.site import Site
from tests.jobs.backups.damage import flipped

SMALL = {"fsync": "off", "shared_buffers": "32MB", "min_wal_size": "32MB", "max_wal_size": "128MB"}


@pytest.fixture(scope="module")
async def site(scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    home = scratch / tmp_path_factory.mktemp("backup").name
    repository = Repository.at(home / "backups")
    opening = EmbeddedCluster.open(home, binaries=binaries, replica=False, settings=SMALL, archive=repository)
    async with opening as cluster, Control.open(home / "state") as control:
        site = Site(control, repository, cluster.installation)
        keeping = asyncio.create_task(archive.keep(site))
        yield site
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


@pytest.fixture(autouse=True)
def _settings(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_DATA_DIR", str(site.installation.layout.root))


async def said(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def taken() -> str:
    """Take a backup and return its id."""
    done = await said("create", "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["id"]


async def test_create_takes_a_backup_verifies_it_and_names_it_and_list_shows_it() -> None:
    done = await said("create")

    assert done.exit_code == 0, done.output
    backup_id, _, rest = done.stdout.splitlines()[-1].partition(": ")
    assert rest.startswith("VERIFIED, ")
    listed = json.loads((await said("list", "--json")).stdout)
    assert (listed[0]["id"], listed[0]["state"], listed[0]["kind"]) == (backup_id, "VERIFIED", "FULL")
    assert backup_id in (await said("list")).stdout


@pytest.mark.long
async def test_create_incremental_says_what_it_builds_on() -> None:
    parent = await taken()

    done = await said("create", "--incremental", "--json")

    assert done.exit_code == 0, done.output
    assert (json.loads(done.stdout)["kind"], json.loads(done.stdout)["parent_id"]) == ("INCREMENTAL", parent)


async def test_create_without_waiting_prints_the_id_alone_and_a_second_one_is_refused(site: Site) -> None:
    asked = await said("create", "--no-wait")
    refused = await said("create", "--no-wait")
    async with site.control.transaction() as session:
        await operations.give_up(session, asked.stdout.strip(), "Its test has ended.", now=site.clock())

    assert asked.exit_code == 0, asked.output
    found = await backups.by_id(site, asked.stdout.strip())
    assert found is not None
    assert found.state is BackupState.FAILED
    assert refused.exit_code == 1
    assert f"{found.id} is" in refused.stderr


async def test_verify_names_a_damaged_backup_and_exits_with_1_until_it_is_good_again(site: Site) -> None:
    backup_id = await taken()
    incarnation = site.incarnation()
    assert incarnation is not None
    with flipped(next(incarnation.backup(backup_id).glob("base.tar*")), 0.5):
        damaged = await said("verify", backup_id)
    good = await said("verify", backup_id)

    assert damaged.exit_code == 1
    assert f"The backup {backup_id} is damaged: its file base.tar" in damaged.stderr
    assert good.exit_code == 0, good.output
    assert good.stdout.splitlines()[-1].startswith(f"{backup_id}: VERIFIED, ")


async def test_verify_of_what_is_not_there_says_where_to_look() -> None:
    refused = await said("verify", "20200101T000000Z-full-0000")

    assert refused.exit_code == 1
    assert "20200101T000000Z-full-0000" in refused.stderr
    assert "yukyu backup list" in refused.stderr


async def test_status_says_what_is_restorable_what_is_wrong_and_so_does_its_exit_code(site: Site) -> None:
    backup_id = await taken()
    restorable = await said("status", "--json")
    for _ in range(600):
        if json.loads(restorable.stdout)["window"]:
            break
        await asyncio.sleep(0.1)  # until a commit behind the backup is archived
        restorable = await said("status", "--json")

    shown = json.loads(restorable.stdout)
    assert (restorable.exit_code, shown["status"]) == (1, "DEGRADED")
    assert shown["last_backup"]["id"] == backup_id
    printed = await said("status")
    assert printed.exit_code == 1
    assert f"{backup_id} VERIFIED" in printed.stdout
    assert "- No worker runs" in printed.stdout
    assert printed.stdout.splitlines()[-1] == "DEGRADED"


async def test_point_prints_how_to_go_back_to_it_and_gives_each_name_once() -> None:
    made = await said("point", "before-march-import")
    again = await said("point", "before-march-import")

    assert made.exit_code == 0, made.output
    assert "yukyu restore start --point before-march-import" in made.stdout
    assert isinstance(again.exception, BadInputError)  # `main` prints it
    assert "before-march-import already" in again.exception.message
