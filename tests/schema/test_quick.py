"""The short way gives what the general way gives, to the byte: answers, errors, costs, charges, refusals, audit log."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

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
    "a type's name": Asked("{ __typename }"),
    "the schema": Asked("{ __schema { queryType { name } } }"),
}


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
