"""Backups and restores through GraphQL, on an installation whose worker runs beside the API."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from db import migrations
from db.cluster import Binaries, EmbeddedCluster
from db.control import Control, audit
from db.engines import Engines
from db.repository import Repository
from jobs.site import Site
from jobs.worker import registry
from schema.roles import Role
from tests.api.application import ORIGIN, TOKENS, Api

SMALL = {"fsync": "off", "shared_buffers": "32MB", "min_wal_size": "32MB", "max_wal_size": "128MB"}
EXAMPLES = Path(__file__).parents[2] / "web" / "src" / "examples.json"
ADMIN, PATIENCE_SECONDS = (Role.ADMIN,), 90
REFUSED = "... on Refusal { code message hint }"
BACKUP = "... on Backup { id kind state startedAt finishedAt verifiedAt sizeBytes startLsn stopLsn timeline error }"
RUN = """... on RestoreRun {
  id state target requestedBy reason progress recoveredTo recoveredLsn error backup { id }
  steps { name state startedAt finishedAt message } differences { table liveRows restoredRows }
}"""
TRIGGER = f"mutation ($input: TriggerRestoreInput!) {{ triggerRestore(input: $input) {{ {RUN} {REFUSED} }} }}"
PROMOTE = (
    f"mutation ($id: ID!, $confirm: String!) {{ promoteRestore(id: $id, confirm: $confirm) {{ {RUN} {REFUSED} }} }}"
)
ROLL_BACK = PROMOTE.replace("promoteRestore", "rollbackRestore")
DISCARD = f"mutation ($id: ID!) {{ discardRestore(id: $id) {{ {RUN} {REFUSED} }} }}"
PLAN = f"""query ($target: RestoreTargetInput!) {{ planRestore(target: $target) {{
  ... on RestorePlan {{
    target backup {{ id }} timeline walSegments bytesToRestore bytesFree estimatedSeconds discardsSeconds
  }} {REFUSED} }} }}"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ {BACKUP} }} }}"
NODE_OF_RUN = f"query ($id: ID!) {{ node(id: $id) {{ {RUN} }} }}"
PAGE = """query ($after: String) {
  backups(first: 1, after: $after) { totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } }
}"""
STATUS = """{ backupStatus {
  status problems totalSizeBytes nextBackupAt lastBackup { id kind state startedAt } window { earliest latest }
  archive { lastArchivedWal lastArchivedAt failedCount pendingSegments gaps { timeline from to } }
  objectives { windowDays rpoSeconds rtoSeconds windowDaysNow rpoSecondsNow rtoSecondsLast met }
} }"""


@dataclass
class Installed:
    api: Api
    site: Site
    cluster: EmbeddedCluster

    async def admin(self, document: str, **variables: Any) -> Any:
        """Return the one root field of an answer."""
        (found,) = (await self.api.data(document, variables, roles=ADMIN)).values()
        return found

    async def until(self, node_id: str, *states: str) -> dict[str, Any]:
        """Wait until a backup or a restore is in one of these states."""
        document = NODE_OF_RUN if node_id.startswith("restore:") else NODE
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (node := await self.admin(document, id=node_id))["state"] not in states:
                assert node["state"] != "FAILED", node["error"]
                await asyncio.sleep(0.1)
        return node

    async def window_reaches(self, moment: datetime) -> dict[str, Any]:
        """Wait until what was committed by a moment can be restored."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                status = await self.admin(STATUS)
                window = status["window"]
                if window and datetime.fromisoformat(window["latest"]) >= moment:
                    return status
                await asyncio.sleep(0.2)

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.cluster.primary_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def rows(self) -> int:
        connection = await asyncpg.connect(self.cluster.primary_url)
        try:
            return await connection.fetchval("SELECT count(*) FROM staff")
        finally:
            await connection.close()


@pytest.fixture(scope="module")
async def installed(
    scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installed]:
    home = scratch / tmp_path_factory.mktemp("graphql").name
    repository = Repository.at(home / "backups")
    async with EmbeddedCluster.open(
        home, binaries=binaries, replica=False, settings=SMALL, archive=repository
    ) as cluster:
        await migrations.upgrade(cluster.primary_url)
        async with (
            Control.open(cluster.installation.layout.state) as control,
            Engines.open(cluster.primary_url, []) as engines,
        ):
            site = Site(control, repository, cluster.installation)
            worker = asyncio.create_task(registry.work(site))
            app = create_app(engines, Settings(), tokens=TOKENS, links=SignInLinks(), examine=_unused, site=site)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=60) as client:
                yield Installed(Api(client, SignInLinks(), cluster.primary_url), site, cluster)
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


async def _unused() -> Any:
    raise NotImplementedError


@pytest.fixture(scope="module")
async def first_backup(installed: Installed) -> dict[str, Any]:
    """The one that the worker takes by itself, because there is none."""
    document = f"{{ backups {{ nodes {{ {BACKUP} }} }} }}"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := (await installed.admin(document))["nodes"]):  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.1)
    return await installed.until(found[0]["id"], "VERIFIED")


async def test_the_first_backup_is_taken_by_itself(installed: Installed, first_backup: dict[str, Any]) -> None:
    assert first_backup["kind"] == "FULL"
    assert first_backup["sizeBytes"] > 0

    status = await installed.window_reaches(datetime.fromisoformat(first_backup["finishedAt"]))

    assert status["lastBackup"]["startedAt"] >= first_backup["startedAt"]
    assert status["archive"]["gaps"] == []
    assert status["objectives"]["windowDays"] == 7
    assert status["nextBackupAt"] is not None


async def backed_up(installed: Installed, kind: str = "FULL") -> dict[str, Any]:
    """Ask for a backup, again while the one that a promotion asks for is under way."""
    document = f"mutation {{ createBackup(kind: {kind}) {{ {BACKUP} {REFUSED} }} }}"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while "id" not in (asked := await installed.admin(document)):  # noqa: ASYNC110 - the worker's
            await asyncio.sleep(0.2)
    return asked


async def test_an_incremental_backup_names_what_it_builds_on(
    installed: Installed, first_backup: dict[str, Any]
) -> None:
    asked = await backed_up(installed, "INCREMENTAL")
    assert asked["state"] == "RUNNING"

    taken = await installed.until(asked["id"], "VERIFIED", "COMPLETED")

    node = await installed.admin(
        "query ($id: ID!) { node(id: $id) { ... on Backup { parent { id } } } }", id=taken["id"]
    )
    assert taken["kind"] == "INCREMENTAL"
    older = await installed.admin("{ backups(first: 100) { nodes { id } } }")
    assert node["parent"]["id"] in {each["id"] for each in older["nodes"]} - {taken["id"]}


async def test_backups_are_paged_newest_first(installed: Installed, first_backup: dict[str, Any]) -> None:
    newest = await installed.until((await backed_up(installed))["id"], "VERIFIED", "COMPLETED")
    first = await installed.admin(PAGE)
    seen, cursor = [first["nodes"][0]["id"]], first["pageInfo"]["endCursor"]
    while (last := await installed.admin(PAGE, after=cursor))["pageInfo"]["hasNextPage"]:
        seen.append(last["nodes"][0]["id"])
        cursor = last["pageInfo"]["endCursor"]
    seen.append(last["nodes"][0]["id"])

    assert seen[0] == newest["id"]
    assert seen[-1] == first_backup["id"]
    assert len(seen) == len(set(seen)) == first["totalCount"]
    assert last["pageInfo"]["hasPreviousPage"]


async def test_a_backup_can_be_verified_again(installed: Installed, first_backup: dict[str, Any]) -> None:
    await installed.admin(
        f"mutation ($id: ID!) {{ verifyBackup(id: $id) {{ {BACKUP} {REFUSED} }} }}", id=first_backup["id"]
    )

    async with asyncio.timeout(PATIENCE_SECONDS):
        while (node := await installed.until(first_backup["id"], "VERIFIED")) == first_backup:  # noqa: ASYNC110 - the worker's
            await asyncio.sleep(0.1)
    assert node["verifiedAt"] > first_backup["verifiedAt"]


async def test_an_unknown_backup_is_declined_with_a_way_out(installed: Installed) -> None:
    document = f'mutation {{ verifyBackup(id: "backup:none") {{ {BACKUP} {REFUSED} }} }}'

    refused = await installed.admin(document)

    assert refused["code"] == "UNKNOWN_BACKUP"
    assert refused["hint"]


async def test_plans_are_made_for_each_kind_of_target(installed: Installed, first_backup: dict[str, Any]) -> None:
    point = await installed.admin('mutation { createRestorePoint(name: "月末") { name lsn createdAt } }')
    status = await installed.window_reaches(datetime.fromisoformat(point["createdAt"]))
    targets: list[dict[str, Any]] = [
        {"time": status["window"]["latest"]},
        {"lsn": point["lsn"]},
        {"restorePoint": "月末"},
        {"backupId": first_backup["id"]},
        {"latest": True},
    ]

    for target in targets:
        plan = await installed.admin(PLAN, target=target)
        assert "code" not in plan, (target, plan)
        assert plan["backup"]["id"].startswith("backup:")
        assert plan["bytesFree"] > plan["bytesToRestore"] > 0


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"time": "2001-01-01T00:00:00Z"}, "OUTSIDE_WINDOW"),
        ({"time": "2101-01-01T00:00:00Z"}, "IN_FUTURE"),
        ({"restorePoint": "nobody made it"}, "UNKNOWN_RESTORE_POINT"),
        ({"backupId": "backup:none"}, "NO_BACKUP"),
    ],
)
async def test_what_cannot_be_restored_is_declined_with_a_way_out(
    installed: Installed, first_backup: dict[str, Any], target: dict[str, Any], code: str
) -> None:
    plan = await installed.admin(PLAN, target=target)
    run = await installed.admin(TRIGGER, input={"target": target, "reason": "a test"})

    assert (plan["code"], run["code"]) == (code, code)
    assert plan["hint"]


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"latest": False},
        {"latest": True, "lsn": "0/1"},
        {"lsn": None},
        {"lsn": "nonsense"},
        {"time": "2026-11-22T10:04:00"},
        {"restorePoint": ""},
    ],
)
async def test_a_target_that_cannot_be_meant_is_bad_input(installed: Installed, target: dict[str, Any]) -> None:
    assert (await installed.api.refusal(PLAN, {"target": target}, roles=ADMIN))["code"] == "BAD_USER_INPUT"


async def test_a_restore_is_compared_promoted_and_rolled_back(
    installed: Installed, first_backup: dict[str, Any]
) -> None:
    await installed.execute(
        "INSERT INTO staff (id, status, employee_num, name, last_updated) "
        "SELECT 'staff_' || n, '在職中', 'S' || n, '佐藤 花子', now() FROM generate_series(1, 20) AS n"
    )
    before = datetime.now(UTC)
    await asyncio.sleep(0.05)
    await installed.execute("DELETE FROM staff WHERE employee_num <> 'S1'")
    await installed.window_reaches(before + timedelta(milliseconds=20))

    asked = await installed.admin(
        TRIGGER, input={"target": {"time": before.isoformat()}, "reason": "somebody deleted the staff"}
    )
    assert asked["state"] == "QUEUED"
    another = await installed.admin(TRIGGER, input={"target": {"latest": True}, "reason": "at once"})
    assert another["code"] == "ANOTHER_RESTORE_RUNNING"

    ready = await installed.until(asked["id"], "READY")
    staff = next(each for each in ready["differences"] if each["table"].endswith("staff"))
    assert (staff["liveRows"], staff["restoredRows"]) == (1, 20)
    assert ready["backup"]["id"].startswith("backup:")
    assert all(step["finishedAt"] for step in ready["steps"])
    assert await installed.rows() == 1

    unconfirmed = await installed.admin(PROMOTE, id=asked["id"], confirm="yes")
    assert unconfirmed["code"] == "NOT_CONFIRMED"

    await installed.admin(PROMOTE, id=asked["id"], confirm=asked["id"])
    await installed.until(asked["id"], "PROMOTED")
    assert await installed.rows() == 20

    await installed.admin(ROLL_BACK, id=asked["id"], confirm=asked["id"])
    await installed.until(asked["id"], "ROLLED_BACK")
    assert await installed.rows() == 1

    page = await installed.admin("{ restores(first: 5) { totalCount nodes { id state } pageInfo { hasNextPage } } }")
    assert page["nodes"][0] == {"id": asked["id"], "state": "ROLLED_BACK"}
    assert page["totalCount"] >= 1
    async with installed.site.control.reading() as session:
        entries = await audit.newest(session, subject=asked["id"].removeprefix("restore:"), limit=50)
    assert {"requested", "READY", "PROMOTED", "ROLLED_BACK", "refused"} <= {entry.result for entry in entries}
    assert {entry.who for entry in entries} == {"aiko"}


async def test_a_restore_can_be_thrown_away(installed: Installed, first_backup: dict[str, Any]) -> None:
    asked = await installed.admin(TRIGGER, input={"target": {"backupId": first_backup["id"]}, "reason": "to look"})
    await installed.until(asked["id"], "READY")

    await installed.admin(DISCARD, id=asked["id"])

    await installed.until(asked["id"], "DISCARDED")
    declined = await installed.admin(PROMOTE, id=asked["id"], confirm=asked["id"])
    assert declined["code"] == "NOT_READY"


async def test_the_console_s_examples_are_answered(installed: Installed, first_backup: dict[str, Any]) -> None:
    for example in json.loads(EXAMPLES.read_text("utf-8")):
        if example["group"] == "Backups and restores" and example["query"][0].startswith("query"):
            await installed.api.data("\n".join(example["query"]), example["variables"], roles=ADMIN)


@pytest.mark.parametrize("roles", [(Role.HR,), (Role.VIEWER,)])
async def test_only_an_admin_sees_any_of_it(
    installed: Installed, first_backup: dict[str, Any], roles: tuple[Role, ...]
) -> None:
    for document in (
        STATUS,
        "{ backups { totalCount } }",
        "{ restores { totalCount } }",
        "{ planRestore(target: { latest: true }) { __typename } }",
        "mutation { createBackup { __typename } }",
        'mutation { verifyBackup(id: "x") { __typename } }',
        'mutation { createRestorePoint(name: "x") { lsn } }',
        'mutation { triggerRestore(input: { target: { latest: true }, reason: "x" }) { __typename } }',
        'mutation { promoteRestore(id: "x", confirm: "x") { __typename } }',
        'mutation { discardRestore(id: "x") { __typename } }',
        'mutation { rollbackRestore(id: "x", confirm: "x") { __typename } }',
    ):
        assert (await installed.api.refusal(document, roles=roles))["code"] == "FORBIDDEN", document

    assert (await installed.api.data(NODE, {"id": first_backup["id"]}, roles=roles))["node"] is None


async def test_pages_and_reasons_have_bounds(installed: Installed) -> None:
    for document in (
        "{ backups(first: 0) { totalCount } }",
        "{ backups(first: 101) { totalCount } }",
        '{ backups(after: "nonsense") { totalCount } }',
        "{ restores(first: 0) { totalCount } }",
        '{ restores(after: "bm9uc2Vuc2U") { totalCount } }',
        'mutation { triggerRestore(input: { target: { latest: true }, reason: " " }) { __typename } }',
        'mutation { createRestorePoint(name: "") { lsn } }',
    ):
        assert (await installed.api.refusal(document, roles=ADMIN))["code"] == "BAD_USER_INPUT", document


async def test_a_server_without_an_installation_says_what_it_lacks(api: Api) -> None:
    for document in (
        STATUS,
        "{ backups { totalCount } }",
        "{ restores { totalCount } }",
        "{ planRestore(target: { latest: true }) { __typename } }",
        "mutation { createBackup { __typename } }",
    ):
        refusal = await api.refusal(document, roles=ADMIN)
        assert refusal["code"] == "NOT_FOUND"
        assert "no installation" in refusal["message"]
    assert (await api.data(NODE, {"id": "backup:x"}, roles=ADMIN))["node"] is None
