"""The short way gives what the general way gives, to the byte: answers, errors, costs, charges, refusals, audit log."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
from structlog.testing import capture_logs

from db.control.audit import Origin
from db.engines import Engines
from jobs import health
from jobs.access import Access
from jobs.data import sample
from schema.build import Schema, build_schema
from schema.context import Context, Contexts
from schema.errors import RateLimitedError
from schema.feeds import Feeds
from schema.limits import Limits
from schema.roles import ANONYMOUS, Identity, Role
from tests.conftest import Database

NOW = datetime(2026, 4, 1, tzinfo=UTC)
MOST = 900
VIEWER, HR, NOBODY = Identity("aiko", (Role.VIEWER,)), Identity("hana", (Role.HR,)), Identity("ken")

FIELDS = """nodes { score highlights { field fragments { text matched } } record { __typename id table name kana
    ... on DispatchEmployee { hireDate hourlyWage } ... on StaffMember { address birthDate } ...Leave } }
    pageInfo { hasNextPage } totalCount servedBy"""
LEAVE = "fragment Leave on VacationEmployee { balance year }"
SEARCH = f"""query S($q: String!, $n: Int = 5, $t: [EmployeeTable!]) {{
    search(query: $q, first: $n, tables: $t) {{ {FIELDS} }} }} {LEAVE}"""
SHOWN = """query S($more: Boolean!) {
    search(query: "佐藤", first: 3) { nodes { record { name kana @include(if: $more) } } } }"""
FILTERED = """query S($f: SearchFilter, $after: String) { search(query: "佐藤", filter: $f, after: $after, first: 2) {
    edges { cursor node { record { name } } } } }"""
EMPLOYEES = "{ employees(first: 3) { nodes { id name usageDetails { useDate } } } }"
TWO = '{ a: search(query: "佐藤", first: 2) { servedBy } b: suggest(prefix: "佐") }'
DEAR = '{ search(query: "a", first: 100) { nodes { record { name } } edges { node { record { name } } } } }'
# Whose hits the database writes.
WRITTEN = """query W($q: String!, $t: [EmployeeTable!]) { search(query: $q, first: 4, tables: $t) { nodes {
    score record { id table employeeNum name kana status lastUpdated
    ... on VacationEmployee { haken granted balance usageRate year grantYear }
    ... on DispatchEmployee { dispatchName line hireDate leaveDate } ... on ContractEmployee { gender hireDate }
    ... on StaffMember { office nationality } } } } }"""
EDGES = """query E($q: String!, $after: String, $more: Boolean!) { s: search(query: $q, first: 3, after: $after) {
    __typename e: edges { __typename again: cursor n: node { record { __typename kana ...L } score s: score } cursor }
    nodes { record { who: name name @include(if: $more) } } p: pageInfo { startCursor endCursor hasNextPage
    hasPreviousPage } servedBy } } fragment L on EmployeeRecord { id ... on StaffMember { id hireDate } }"""
CURSORS = 'query C { search(query: "佐藤", first: 2) { edges { cursor } } }'
SCORES = 'query C { search(query: "佐藤", first: 2) { nodes { score } } }'
SEVERAL = 'query A { suggest(prefix: "佐") } query B { suggest(prefix: "田") } mutation C { logout }'


@dataclass
class Asked:
    """Whatever somebody may send: a document, its variables, the operation's name, and who asks."""

    document: str
    variables: dict[str, Any] | None = None
    name: str | None = None
    who: Identity = VIEWER


CASES = {
    "search": Asked(SEARCH, {"q": "佐藤"}),
    "search of some tables": Asked(SEARCH, {"q": "佐", "n": 100, "t": ["STAFF", "GENZAI"]}),
    "personal fields": Asked(SEARCH, {"q": "佐藤"}, "S", HR),
    "no hit": Asked(SEARCH, {"q": "qqqqqq"}),
    "a variable is missing": Asked(SEARCH, {}),
    "a variable is of another type": Asked(SEARCH, {"q": 7, "n": "three"}),
    "a variable too many": Asked(SEARCH, {"q": "佐藤", "other": 1}),
    "an argument is out of bounds": Asked(SEARCH, {"q": "佐藤", "n": 101}),
    "nothing to search for": Asked(SEARCH, {"q": " "}),
    "included": Asked(SHOWN, {"more": True}),
    "left out": Asked(SHOWN, {"more": False}),
    "an input object": Asked(FILTERED, {"f": {"statuses": ["在職中"], "employedOn": "2026-04-01"}}),
    "a date that is none": Asked(FILTERED, {"f": {"employedOn": "tomorrow"}}),
    "a cursor that is none": Asked(FILTERED, {"after": "x"}),
    "a list of texts": Asked('{ found: suggest(prefix: "佐", first: 4) }'),
    "me": Asked("{ me { name roles } }"),
    "me, by nobody": Asked("{ me { name roles } }", who=ANONYMOUS),
    "fields with resolvers": Asked(EMPLOYEES),
    "two fields": Asked(TWO),
    "one of several": Asked(SEVERAL, name="B"),
    "none of several": Asked(SEVERAL),
    "one that there is not": Asked(SEVERAL, name="D"),
    "an empty name": Asked("{ me { name } }", name=""),
    "signed in, without the role": Asked(SEARCH, {"q": "佐藤"}, who=NOBODY),
    "not signed in": Asked(SEARCH, {"q": "佐藤"}, who=ANONYMOUS),
    "for admins": Asked("{ backups(first: 1) { totalCount } }"),
    "no such field": Asked("{ surch }"),
    "no document": Asked("{ me {"),
    "too dear": Asked(DEAR),
    "written": Asked(WRITTEN, {"q": "佐藤"}),
    "written, of some tables": Asked(WRITTEN, {"q": "佐", "t": ["EMPLOYEES", "STAFF"]}),
    "written, by hr": Asked(WRITTEN, {"q": "佐藤"}, who=HR),
    "written, without a hit": Asked(WRITTEN, {"q": "qqqqqq"}),
    "written, odd texts": Asked(WRITTEN, {"q": "奇妙"}),
    "written, odd dates": Asked(WRITTEN, {"q": "奇日"}),
    "written edges": Asked(EDGES, {"q": "佐", "more": True}),
    "written edges, less of them": Asked(EDGES, {"q": "佐", "more": False}),
    "written edges, a cursor that is none": Asked(EDGES, {"q": "佐", "more": True, "after": "x"}),
    "written cursors": Asked(CURSORS),
    "written scores": Asked(SCORES),
    "a type's name": Asked("{ __typename }"),
    "the schema": Asked("{ __schema { queryType { name } } }"),
}


WRITTEN_CASES = [name for name in CASES if name.startswith("written") and "none" not in name]

# Every character that JSON writes in another way, or that a template might; dates that Python does not know.
ODD_ROWS = """
    INSERT INTO genzai (id, employee_num, name, kana, status, dispatch_name, hire_date, last_updated) VALUES
        ('o%s"1', '\\"/', '奇妙 ' || (SELECT string_agg(chr(code), '') FROM generate_series(1, 255) AS code), '%s',
         NULL, chr(8232) || chr(128512) || '%%', '0001-01-02', '2026-04-01 00:00:00.1+09');
    INSERT INTO employees (id, employee_num, name, haken, granted, balance, usage_rate, year, last_updated) VALUES
        ('o2', 'o2', '奇妙 二', E'a\nb', 0, -1.250, 12.5, 2026, '2026-04-01 00:00:00.12345+00'),
        ('o3', 'o3', '奇妙 三', '', 1000.100, 0.001, NULL, 2026, '0001-01-05 00:00:00+00');
    INSERT INTO genzai (id, employee_num, name, hire_date, leave_date, last_updated) VALUES
        ('o4', 'o4', '奇日 四', '-infinity', 'infinity', now());
    INSERT INTO ukeoi (id, employee_num, name, hire_date, last_updated) VALUES
        ('o5', 'o5', '奇日 五', '9999-12-31', now());
"""


@dataclass
class Purse:
    """What one caller is charged, and can afford."""

    charged: list[int] = field(default_factory=list[int])

    def pay(self, cost: int) -> None:
        if sum(self.charged) + cost > MOST:
            raise RateLimitedError("That is more than there is.", hint="Wait.")
        self.charged.append(cost)


@dataclass
class Ways:
    contexts: Contexts
    quick: Schema
    general: Schema

    async def see(self, asked: Asked) -> None:
        """Let both have seen a document: reading one costs, and the tests come in any order."""
        for schema in (self.quick, self.general):
            await self.outcome(schema, asked, Purse())

    async def outcome(self, schema: Schema, asked: Asked, purse: Purse) -> tuple[Any, ...]:
        """Return everything that can be seen of one operation."""
        access = Access.of(None, lambda *_, **__: "", clock=lambda: NOW)
        contexts = Contexts(self.contexts.engines, self.contexts.examine, self.contexts.feeds, access)
        context: Context = contexts.of(asked.who, origin=Origin("192.0.2.1", "token"), charge=purse.pay)
        with capture_logs() as logs:
            try:
                result = await schema.execute(
                    asked.document,
                    variable_values=asked.variables,
                    context_value=context,
                    operation_name=asked.name,
                )
            except Exception as error:  # noqa: BLE001 - it is what is compared
                return type(error), str(error), purse.charged
            await access.journal.write()
        answer = {"data": result.data, "extensions": result.extensions}
        errors = [each.formatted for each in result.errors or ()]
        body = orjson.dumps(answer | {"errors": errors})
        # Servers of other tests say what they do in the same log, but nothing as loud as what an operation has to say.
        loud = [each for each in logs if each["log_level"] in {"error", "critical"}]
        return body, purse.charged, loud, context.operation, context.served_by, context.origin.entries


@pytest.fixture(scope="module")
async def ways(module_database: Database) -> AsyncIterator[Ways]:
    await sample.load(module_database.primary_url, 200)
    connection = await asyncpg.connect(module_database.primary_url)
    await connection.execute(ODD_ROWS)
    await connection.close()
    async with Engines.open(module_database.primary_url) as engines:

        async def examine() -> health.Report:
            return await health.report(engines, version="test", directories=[])

        access = Access.of(None, lambda *_, **__: "", clock=lambda: NOW)
        contexts = Contexts(engines, examine, Feeds.of(examine, None), access)
        quick, general = build_schema(Limits(cost=2_000)), build_schema(Limits(cost=2_000))
        general.quick = None
        yield Ways(contexts, quick, general)


@pytest.mark.usefixtures("unconfigured_logs")
@pytest.mark.parametrize("case", CASES)
async def test_both_ways_are_the_same(ways: Ways, case: str) -> None:
    asked = CASES[case]
    first = await ways.outcome(ways.quick, asked, Purse())
    general = await ways.outcome(ways.general, asked, Purse())
    assert first == general

    # Now that it was seen before, reading it costs nothing, and the short way is open.
    assert await ways.outcome(ways.quick, asked, Purse()) == await ways.outcome(ways.general, asked, Purse())


@pytest.mark.parametrize("case", WRITTEN_CASES)
async def test_hits_are_written_by_the_database(ways: Ways, case: str) -> None:
    asked = CASES[case]
    await ways.see(asked)

    assert ways.quick.quick is not None
    context = ways.contexts.of(asked.who, origin=Origin())
    result = await ways.quick.quick.answer(asked.document, asked.variables, asked.name, context)
    assert result is not None
    (page,) = (result.data or {}).values()
    fragments = [each for each in page.values() if isinstance(each, orjson.Fragment)]
    # What the database cannot write as it is written here is left to the general way.
    assert bool(fragments) is (case != "written, odd dates")


@pytest.mark.parametrize("case", ["search", "personal fields", "written, by somebody who would see more"])
async def test_highlights_counts_and_personal_fields_are_not_written(ways: Ways, case: str) -> None:
    personal = WRITTEN.replace("office", "office address")
    asked = CASES.get(case) or Asked(personal, {"q": "佐藤"}, who=HR)
    await ways.see(asked)

    assert ways.quick.quick is not None
    context = ways.contexts.of(asked.who, origin=Origin())
    result = await ways.quick.quick.answer(asked.document, asked.variables, asked.name, context)
    assert result is not None
    assert isinstance((result.data or {})["search"]["nodes"], list)


async def test_whoever_has_spent_all_is_refused_in_the_same_words(ways: Ways) -> None:
    asked, spent, spent_too = CASES["search"], Purse(), Purse()
    for _ in range(8):
        assert await ways.outcome(ways.quick, asked, spent) == await ways.outcome(ways.general, asked, spent_too)

    assert sum(spent.charged) <= MOST
    assert b"RATE_LIMITED" in (await ways.outcome(ways.quick, asked, spent))[0]


async def test_errors_of_resolvers_are_made_without_asking_them_again(ways: Ways) -> None:
    purse = Purse()
    asked = CASES["nothing to search for"]
    await ways.see(asked)

    assert ways.quick.quick is not None
    context = ways.contexts.of(VIEWER, origin=Origin(), charge=purse.pay)
    result = await ways.quick.quick.answer(asked.document, asked.variables, asked.name, context)

    assert result is not None
    assert [error.extensions["code"] for error in result.errors or ()] == ["BAD_USER_INPUT"]  # pyright: ignore[reportOptionalSubscript]
    assert len(purse.charged) == 1


@pytest.mark.parametrize("case", ["search", "personal fields", "included", "an input object", "a list of texts", "me"])
async def test_what_is_asked_most_goes_the_short_way(ways: Ways, case: str) -> None:
    asked = CASES[case]
    await ways.see(asked)

    assert ways.quick.quick is not None
    context = ways.contexts.of(asked.who, origin=Origin())
    assert await ways.quick.quick.answer(asked.document, asked.variables, asked.name, context) is not None
    assert await ways.quick.quick.answer("{ not: seen }", None, None, context) is None
