"""What the audit log says of requests: personal fields that were read, what was refused, and every mutation."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from db.control import AuditEntry, audit
from db.engines import Engines
from jobs.access import Access
from jobs.site import Site
from schema.build import build_schema
from schema.roles import Role
from tests.api.application import ORIGIN, TOKENS, Api
from tests.jobs.worker.sites import open_site

PEOPLE = """
    INSERT INTO staff (id, employee_num, name, kana, birth_date, visa_type)
    VALUES ('s1', 'S0001', '監査 太郎', 'カンサ タロウ', '1980-05-01', '永住者');
    INSERT INTO genzai (id, employee_num, name, kana, hourly_wage)
    VALUES ('g1', 'G0001', '監査 花子', 'カンサ ハナコ', 1450);
    INSERT INTO employees (id, employee_num, name, year) VALUES ('E1_2026', 'E1', '監査 休子', 2026);
"""
PERSONAL = """
    query People($q: String!) {
      search(query: $q) {
        edges { node { record { ...Visa ... on EmployeeRecord { name } ... on VacationEmployee { year } } } }
      }
    }
    fragment Visa on StaffMember { id ... { birthDate } ...Kind }
    fragment Kind on StaffMember { kind: visaType }
"""
LOG = """
    query ($first: Int! = 20, $after: String, $filter: AuditFilter) {
      auditLog(first: $first, after: $after, filter: $filter) {
        nodes { number at who address token action subject result details hash }
        edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }
"""


@dataclass(frozen=True)
class Audited:
    api: Api
    site: Site
    access: Access

    async def told(self, **wanted: str) -> list[AuditEntry]:
        """Return what the audit log says, oldest first."""
        await self.access.journal.close()
        async with self.site.control.reading() as session:
            return list(reversed(await audit.newest(session, limit=1000, **wanted)))

    async def newest(self, **wanted: str) -> AuditEntry:
        return (await self.told(**wanted))[-1]


@pytest.fixture(scope="module")
async def audited(module_database: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Audited]:
    async def examine() -> Any:
        raise RuntimeError("a secret that no client is to see")

    async with (
        open_site(tmp_path_factory.mktemp("site")) as site,
        Engines.open(module_database.primary_url, []) as engines,
    ):
        connection = await asyncpg.connect(module_database.primary_url)
        await connection.execute(PEOPLE)
        await connection.close()
        access = Access.of(site.control, TOKENS.mint)
        links = SignInLinks()
        app = create_app(engines, Settings(), tokens=TOKENS, access=access, links=links, examine=examine, site=site)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 1234))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Audited(Api(client, links, module_database.primary_url), site, access)


async def test_reading_personal_fields_is_one_entry_with_who_which_and_whose(audited: Audited) -> None:
    await audited.api.data(PERSONAL, {"q": "監査"}, roles=(Role.HR,))

    entry = await audited.newest(action="read-personal")

    assert (entry.who, entry.address, entry.result) == ("aiko", "192.0.2.7", "succeeded")
    assert entry.token
    assert entry.details == {"fields": ["birthDate", "visaType"], "ids": ["staff:s1"], "records": 1}


async def test_a_named_operation_is_named(audited: Audited) -> None:
    answer = await audited.api.client.post(
        "/graphql",
        json={"query": PERSONAL, "variables": {"q": "監査"}, "operationName": "People"},
        headers={"authorization": f"Bearer {audited.api.token(Role.HR)}"},
    )

    assert "errors" not in answer.json()
    assert (await audited.newest(action="read-personal")).subject == "People"


async def test_several_fields_of_one_operation_are_one_entry(audited: Audited) -> None:
    before = len(await audited.told(action="read-personal"))
    await audited.api.data(
        """{ a: search(query: "監査 太郎") { nodes { record { ... on StaffMember { birthDate } } } }
             b: node(id: "genzai:g1") { ... on DispatchEmployee { hourlyWage } } }""",
        roles=(Role.HR,),
    )

    told = await audited.told(action="read-personal")

    assert len(told) == before + 1
    assert told[-1].details == {"fields": ["birthDate", "hourlyWage"], "ids": ["genzai:g1", "staff:s1"], "records": 2}


@pytest.mark.parametrize(
    ("document", "roles"),
    [
        ('{ search(query: "監査") { nodes { record { name } } } }', (Role.HR,)),
        ('{ search(query: "監査") { nodes { record { ... on StaffMember { birthDate } } } } }', (Role.VIEWER,)),
        ('{ search(query: "監査") { nodes { record { ... on StaffMember { birthDate } } } } }', (Role.ADMIN,)),
        ('{ search(query: "誰もいない") { nodes { record { ... on StaffMember { birthDate } } } } }', (Role.HR,)),
        ('{ search(query: "監査 花子") { nodes { record { ... on StaffMember { birthDate } } } } }', (Role.HR,)),
        ('{ node(id: "staff:nobody") { ... on StaffMember { birthDate } } }', (Role.HR,)),
        ('{ node(id: "staff:s1") { ... on StaffMember { name } } }', (Role.HR,)),
        ('{ node(id: "employees:E1_2026") { ... on VacationEmployee { name } } }', (Role.HR,)),
    ],
)
async def test_where_no_personal_field_was_read_nothing_is_said(
    audited: Audited, document: str, roles: tuple[Role, ...]
) -> None:
    before = len(await audited.told(action="read-personal"))

    await audited.api.data(document, roles=roles)

    assert len(await audited.told(action="read-personal")) == before


async def test_the_rest_endpoints_are_in_it_too(audited: Audited) -> None:
    for role, read in ((Role.VIEWER, 0), (Role.HR, 1)):
        before = len(await audited.told(action="read-personal", subject="rest-search"))
        answer = await audited.api.client.get(
            "/api/search/staff", params={"q": "監査"}, headers={"authorization": f"Bearer {audited.api.token(role)}"}
        )
        assert answer.status_code == 200
        told = await audited.told(action="read-personal", subject="rest-search")
        assert len(told) == before + read

    assert told[-1].details["ids"] == ["staff:s1"]
    assert "visaType" in told[-1].details["fields"]


async def test_whoever_asks_for_what_is_not_theirs_is_noted(audited: Audited) -> None:
    await audited.api.refusal("{ health { status } }")
    await audited.api.refusal("mutation { createBackup { __typename } }")

    refused = await audited.told(result="refused")

    assert {(each.who, each.action) for each in refused} >= {("aiko", "health"), ("aiko", "create-backup")}


async def test_who_is_refused_a_look_at_the_schema_is_noted(audited: Audited) -> None:
    await audited.api.refusal("{ __schema { queryType { name } } }")

    assert ("aiko", "operation") in {(each.who, each.action) for each in await audited.told(result="refused")}


async def test_a_refusal_has_the_name_of_the_field_whatever_the_request_calls_it(audited: Audited) -> None:
    await audited.api.refusal('mutation { innocent: revokeToken(id: "x") { id } }')

    refused = await audited.told(result="refused")

    assert "revoke-token" in {each.action for each in refused}
    assert "innocent" not in {each.action for each in refused}


async def test_strangers_who_sign_out_again_and_again_leave_few_entries(audited: Audited) -> None:
    before = len(await audited.told())

    for _ in range(20):
        await audited.api.data('mutation { a: logout(token: "x") b: logout(token: "y") }', roles=())

    told = (await audited.told())[before:]
    assert {(each.who, each.action, each.result) for each in told} == {("anonymous", "logout", "refused")}
    assert len(told) <= 2


async def test_who_only_has_not_signed_in_is_not_noted(audited: Audited) -> None:
    before = len(await audited.told())

    await audited.api.refusal("{ health { status } }", roles=())

    assert len(await audited.told()) == before


async def test_a_mutation_that_writes_its_own_entry_has_one_and_it_says_from_where(audited: Audited) -> None:
    before = len(await audited.told())
    await audited.api.data("mutation { createBackup { __typename } }", roles=(Role.ADMIN,))

    told = await audited.told()

    assert len(told) == before + 1
    assert (told[-1].action, told[-1].who, told[-1].address) == ("backup", "aiko", "192.0.2.7")


MUTATIONS = {
    "verifyBackup": '(id: "backup:none")',
    "createRestorePoint": '(name: "")',
    "triggerRestore": '(input: {target: {time: "2001-01-01T00:00:00Z"}, reason: "a test"})',
    "promoteRestore": '(id: "restore:none", confirm: "restore:none")',
    "discardRestore": '(id: "restore:none")',
    "rollbackRestore": '(id: "restore:none", confirm: "x")',
    "acknowledgeAlert": '(id: "alert:none")',
    "silenceAlert": '(input: {ruleKey: "none", until: "2001-01-01T00:00:00Z", reason: "a test"})',
    "endSilence": '(id: "silence:none")',
    "sendTestAlert": '(channel: "none")',
    "createBaseline": "",
    "login": '(name: "nobody", password: "a wrong one")',
    "refresh": '(token: "nonsense")',
    "logout": '(token: "nonsense")',
    "revokeToken": '(id: "")',
}
SCALAR = {"logout"}


@pytest.mark.parametrize("name", MUTATIONS)
async def test_every_mutation_that_comes_to_nothing_leaves_an_entry(audited: Audited, name: str) -> None:
    before = len(await audited.told())
    selection = "" if name in SCALAR else "{ __typename }"

    await audited.api.ask(f"mutation {{ {name}{MUTATIONS[name]} {selection} }}", roles=(Role.ADMIN,))

    told = await audited.told()
    assert len(told) > before
    assert told[-1].address == "192.0.2.7"
    assert "a wrong one" not in json.dumps([entry.model_dump(mode="json") for entry in told])


def test_every_mutation_was_tried() -> None:
    mutation = build_schema()._schema.mutation_type  # noqa: SLF001
    assert mutation is not None

    assert {*MUTATIONS, "createBackup"} == set(mutation.fields)


async def test_signing_in_by_link_and_by_token_is_in_it_and_so_is_failing_to(audited: Audited) -> None:
    link = audited.api.links.make(ORIGIN)
    for _ in range(2):
        await audited.api.client.get(link)
    await audited.api.client.post("/sign-in", data={"token": audited.api.token(Role.HR)})
    await audited.api.client.post("/sign-in", data={"token": "forged"})
    audited.api.client.cookies.clear()

    by_link = await audited.told(action="sign-in-by-link")
    by_token = await audited.told(action="sign-in-by-token")
    forged = await audited.newest(action="authenticate")

    assert [(each.who, each.result) for each in by_link] == [("admin", "succeeded"), ("anonymous", "refused")]
    assert [(each.who, each.result) for each in by_token] == [("aiko", "succeeded")]
    assert forged.details["reason"] == "not a token"
    assert by_link[0].token


async def test_an_admin_pages_through_the_log_from_the_newest_to_the_oldest(audited: Audited) -> None:
    for number in range(5):
        await audited.api.data(f'mutation {{ revokeToken(id: "id-{number}") {{ id }} }}', roles=(Role.ADMIN,))
    subjects, after = [], None
    while True:
        page = await audited.api.data(
            LOG, {"first": 2, "after": after, "filter": {"action": "revoke-token"}}, roles=(Role.ADMIN,)
        )
        log = page["auditLog"]
        subjects += [node["subject"] for node in log["nodes"]]
        after = log["pageInfo"]["endCursor"]
        if not log["pageInfo"]["hasNextPage"]:
            break

    assert [subject for subject in subjects if subject.startswith("id-")] == [f"id-{n}" for n in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("variables", [{"first": 0}, {"first": 101}, {"after": "nonsense"}, {"after": "MjAyNg"}])
async def test_a_page_that_cannot_be_meant_is_refused(audited: Audited, variables: dict[str, Any]) -> None:
    refusal = await audited.api.refusal(LOG, variables, roles=(Role.ADMIN,))

    assert refusal["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.HR])
async def test_nobody_but_an_admin_reads_the_log(audited: Audited, role: Role) -> None:
    assert (await audited.api.refusal(LOG, roles=(role,)))["code"] == "FORBIDDEN"
