"""The four tables through GraphQL and REST: fields, roles, nodes, filters, pages."""

from typing import Any

import asyncpg
import pytest

from schema.roles import Role
from tests.api.application import Api

PEOPLE = """
    INSERT INTO staff (id, employee_num, name, kana, office, status, birth_date, visa_expiry, visa_type, spouse,
                       postal_code, address, building, hire_date)
    VALUES ('s1', 'S0001', '田中 太郎', 'タナカ タロウ', '名古屋本社', '在職中', '1980-05-01', '2027-01-01', '永住者',
            '有', '450-0001', '愛知県名古屋市中村区1-1', 'ビル 3F', '2010-04-01');
    INSERT INTO genzai (id, employee_num, name, kana, dispatch_name, status, birth_date, hourly_wage, hire_date,
                        leave_date)
    VALUES ('g1', 'G0001', 'Trần Quốc Bảo', 'チャン コック バオ', '株式会社三河製作所', '退社', '1995-02-03', 1450,
            '2019-04-01', '2024-03-31');
    INSERT INTO ukeoi (id, employee_num, name, kana, contract_business, hourly_wage)
    VALUES ('u1', 'U0001', '大塚 信一', 'オオツカ シンイチ', '尾北化成', 1300);
    INSERT INTO employees (id, employee_num, name, haken, granted, used, balance, expired, usage_rate, year, grant_year)
    VALUES ('E0001_2025', 'E0001', '休暇 残子', '岡山セラミック 倉敷工場', 20, 5.5, 14.5, 0, 27.5, 2025, 2025),
           ('E0001_2026', 'E0001', '休暇 残子', '岡山セラミック 倉敷工場', 20, 1, 19, 0, 5, 2026, 2026);
    INSERT INTO yukyu_usage_details (id, employee_num, name, use_date, year, month, days_used)
    VALUES ('d2', 'E0001', '休暇 残子', '2026-02-02', 2026, 2, 0.5),
           ('d1', 'E0001', '休暇 残子', '2026-01-05', 2026, 1, 0.5),
           ('d0', 'E0001', '休暇 残子', '2025-01-05', 2025, 1, 5.5);
    INSERT INTO leave_requests (id, employee_num, start_date, end_date, days_requested, status, year, requested_at)
    VALUES ('r1', 'E0001', '2026-01-05', '2026-01-05', 0.5, 'APPROVED', 2026, '2025-12-20T09:00:00+09:00'),
           ('r2', 'E0001', '2026-02-02', '2026-02-02', 0.5, 'PENDING', 2026, '2026-01-20T09:00:00+09:00');
"""

RECORD = """
    query ($q: String!, $tables: [EmployeeTable!], $filter: SearchFilter, $first: Int! = 20, $after: String) {
      search(query: $q, tables: $tables, filter: $filter, first: $first, after: $after) {
        totalCount totalCountExact countsByTable { table count } servedBy tookMs
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes {
          score
          highlights { field fragments { text matched } }
          record {
            __typename id table employeeNum name kana status lastUpdated
            ... on VacationEmployee {
              granted used balance expired usageRate year grantYear haken
              usageDetails { id useDate daysUsed year month }
              leaveRequests { id status startDate requestedAt daysRequested }
            }
            ... on DispatchEmployee { dispatchName birthDate hourlyWage hireDate leaveDate }
            ... on ContractEmployee { contractBusiness birthDate hourlyWage }
            ... on StaffMember { office birthDate visaExpiry visaType spouse postalCode address building }
          }
        }
      }
    }
"""

PERSONAL = {
    "s1": ("birthDate", "visaExpiry", "visaType", "spouse", "postalCode", "address", "building"),
    "g1": ("birthDate", "hourlyWage"),
    "u1": ("hourlyWage",),
}


@pytest.fixture(scope="module")
async def people(api: Api) -> Api:
    connection = await asyncpg.connect(api.primary_url)
    await connection.execute(PEOPLE)
    api.lsn = str(await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text"))
    await connection.close()
    return api


async def found(api: Api, q: str, *, roles: tuple[Role, ...] = (Role.VIEWER,), **variables: Any) -> dict[str, Any]:
    data = await api.data(RECORD, {"q": q, **variables}, roles=roles)
    return data["search"]


async def test_a_hit_has_its_record_its_score_and_where_it_matches(people: Api) -> None:
    page = await found(people, "田中太郎")

    hit = page["nodes"][0]
    assert hit["record"]["id"] == "staff:s1"
    assert (hit["record"]["__typename"], hit["record"]["table"]) == ("StaffMember", "STAFF")
    assert hit["score"] > 0
    name = next(highlight for highlight in hit["highlights"] if highlight["field"] == "name")
    assert "".join(fragment["text"] for fragment in name["fragments"]) == "田中 太郎"
    assert page["servedBy"] in ("REPLICA", "PRIMARY")
    assert page["totalCount"] == 1
    assert page["totalCountExact"] is True
    assert {"table": "STAFF", "count": 1} in page["countsByTable"]


@pytest.mark.parametrize(("q", "key"), [("田中太郎", "s1"), ("tran quoc", "g1"), ("ohtsuka", "u1")])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
async def test_personal_fields_are_null_without_the_hr_role(people: Api, q: str, key: str, role: Role) -> None:
    record = (await found(people, q, roles=(role,)))["nodes"][0]["record"]

    assert {field: record[field] for field in PERSONAL[key]} == dict.fromkeys(PERSONAL[key])


@pytest.mark.parametrize(("q", "key"), [("田中太郎", "s1"), ("tran quoc", "g1"), ("ohtsuka", "u1")])
async def test_personal_fields_are_there_for_hr(people: Api, q: str, key: str) -> None:
    record = (await found(people, q, roles=(Role.HR,)))["nodes"][0]["record"]

    assert all(record[field] is not None for field in PERSONAL[key])


async def test_a_leave_account_has_its_days_oldest_first_and_its_requests_newest_first(people: Api) -> None:
    page = await found(people, "休暇 倉敷")

    newest, older = (hit["record"] for hit in page["nodes"])
    assert (newest["year"], older["year"]) == (2026, 2025)
    assert [day["useDate"] for day in newest["usageDetails"]] == ["2026-01-05", "2026-02-02"]
    assert [request["id"] for request in newest["leaveRequests"]] == ["leave_requests:r2", "leave_requests:r1"]
    assert newest["leaveRequests"][0]["requestedAt"] == "2026-01-20T00:00:00Z"
    assert (older["used"], older["granted"], older["usageRate"]) == ("5.5", "20", "27.5")


async def test_filters_narrow_what_is_found(people: Api) -> None:
    async def numbers(q: str, **narrowed: Any) -> list[tuple[str, Any]]:
        page = await found(people, q, filter=narrowed)
        return [(hit["record"]["employeeNum"], hit["record"].get("year")) for hit in page["nodes"]]

    assert await numbers("休暇", year=2025) == [("E0001", 2025)]
    assert await numbers("tran", employedOn="2024-03-30") == [("G0001", None)]
    assert await numbers("tran", employedOn="2024-03-31") == []
    assert await numbers("tran", employedOn="2019-03-31") == []
    assert await numbers("tran", statuses=["在職中"]) == []
    assert await numbers("tran", statuses=["退社", "在職中"]) == [("G0001", None)]


async def test_pages_follow_each_other_without_repeats(people: Api) -> None:
    first = await found(people, "休暇", first=1)
    second = await found(people, "休暇", first=1, after=first["pageInfo"]["endCursor"])

    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    assert second["pageInfo"]["hasPreviousPage"] is True
    assert [page["nodes"][0]["record"]["year"] for page in (first, second)] == [2026, 2025]


@pytest.mark.parametrize(
    "variables",
    [
        {"q": ""},
        {"q": "   "},
        {"q": "　"},
        {"q": "あ" * 201},
        {"q": "nul\x00byte"},
        {"q": "田中", "first": 0},
        {"q": "田中", "first": 101},
        {"q": "田中", "first": -1},
        {"q": "田中", "first": 2**31},
        {"q": "田中", "after": "nonsense"},
        {"q": "田中", "after": ""},
        {"q": "田中", "tables": []},
        {"q": "田中", "tables": ["NOWHERE"]},
        {"q": "田中", "filter": {"employedOn": "2026-02-30"}},
        {"q": "田中", "filter": {"year": 10**6}},
        {"q": "田中", "filter": {"unknown": 1}},
        {"q": "田中", "filter": {"statuses": ["x" * 100_000]}},
        {"q": "田中", "filter": {"statuses": ["nul\x00byte"]}},
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_meant_is_refused(api: Api, variables: dict[str, Any]) -> None:
    assert (await api.refusal(RECORD, variables))["code"] == "BAD_USER_INPUT"


async def test_any_object_is_found_again_by_its_id(people: Api) -> None:
    ids = ["staff:s1", "genzai:g1", "ukeoi:u1", "employees:E0001_2026", "yukyu_usage_details:d1", "leave_requests:r1"]
    document = "query ($id: ID!) { node(id: $id) { __typename id } }"
    nodes = [(await people.data(document, {"id": key}))["node"] for key in ids]

    assert [node["id"] for node in nodes] == ids
    assert len({node["__typename"] for node in nodes}) == len(ids)


@pytest.mark.parametrize(
    "key", ["", "x", "staff:", "staff:nobody", "pg_authid:1", "staff:\x00", ":", "staff:" + "x" * 9999]
)
async def test_an_id_without_an_object_gives_null(api: Api, key: str) -> None:
    assert (await api.data("query ($id: ID!) { node(id: $id) { id } }", {"id": key}))["node"] is None


async def test_personal_fields_are_hidden_on_nodes_too(people: Api) -> None:
    document = 'query { node(id: "staff:s1") { ... on StaffMember { address birthDate } } }'

    assert (await people.data(document))["node"] == {"address": None, "birthDate": None}
    assert (await people.data(document, roles=(Role.HR,)))["node"]["birthDate"] == "1980-05-01"


async def test_suggestions_start_with_what_was_typed(people: Api) -> None:
    data = await people.data('{ suggest(prefix: "田中", first: 5) }')

    assert data["suggest"] == ["田中 太郎"]


class TestRest:
    async def get(self, api: Api, path: str, *roles: Role, **params: Any) -> Any:
        headers = {"authorization": f"Bearer {api.token(*roles)}", "x-yukyu-lsn": api.lsn}
        return await api.client.get(f"/api/search/{path}", params=params, headers=headers)

    @pytest.mark.parametrize(
        ("path", "q", "key"),
        [
            ("full-text", "田中", "s1"),
            ("staff", "田中", "s1"),
            ("genzai", "三河", "g1"),
            ("ukeoi", "otsuka", "u1"),
            ("employees", "倉敷工場", "E0001_2026"),
        ],
    )
    async def test_each_endpoint_finds_what_is_in_its_tables(self, people: Api, path: str, q: str, key: str) -> None:
        body = (await self.get(people, path, Role.VIEWER, q=q)).json()

        assert body["results"][0]["id"] == key

    async def test_offset_goes_on_where_limit_ended(self, people: Api) -> None:
        pages = [
            (await self.get(people, "full-text", Role.VIEWER, q="休暇", limit=1, offset=offset)).json()
            for offset in (0, 1)
        ]

        assert [page["results"][0]["year"] for page in pages] == [2026, 2025]
        assert [page["has_more"] for page in pages] == [True, False]

    async def test_days_and_rates_are_numbers(self, people: Api) -> None:
        account = (await self.get(people, "employees", Role.VIEWER, q="E0001")).json()["results"][1]

        assert (account["used"], account["usage_rate"], account["year"]) == (5.5, 27.5, 2025)

    async def test_personal_fields_need_hr_here_too(self, people: Api) -> None:
        shown = (await self.get(people, "staff", Role.HR, q="田中")).json()["results"][0]
        hidden = (await self.get(people, "staff", Role.VIEWER, q="田中")).json()["results"][0]

        assert shown["address"] == "愛知県名古屋市中村区1-1"
        assert {hidden[field] for field in ("address", "birth_date", "age", "visa_type", "spouse")} == {None}

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"q": ""},
            {"q": "x" * 201},
            {"q": "\x00"},
            {"q": "x", "limit": 0},
            {"q": "x", "limit": 101},
            {"q": "x", "limit": "many"},
            {"q": "x", "offset": -1},
            {"q": "x", "offset": 10**12},
        ],
        ids=str,
    )
    async def test_bad_parameters_are_refused_in_words(self, api: Api, params: dict[str, Any]) -> None:
        response = await self.get(api, "full-text", Role.VIEWER, **params)

        assert response.status_code == 400
        assert response.json()["error"]["code"] == "BAD_USER_INPUT"

    async def test_it_needs_a_sign_in(self, api: Api) -> None:
        response = await api.client.get("/api/search/full-text", params={"q": "田中"})

        assert response.status_code == 401
        assert response.json()["error"]["code"] == "UNAUTHENTICATED"
