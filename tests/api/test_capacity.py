"""Past its capacity the server says so at once, and answers those whom it has taken on."""

import asyncio
from collections import Counter

import pytest

from api.capacity import LONGEST_WAIT_SECONDS, Capacity
from schema.errors import OverloadedError
from schema.roles import Identity, Role
from tests.api.limited import application
from tests.conftest import Database

SEARCH = '{ search(query: "佐藤", first: 1) { servedBy } }'
MOST = 4


async def test_what_is_too_much_at_a_time_is_refused_and_all_else_answered(module_database: Database) -> None:
    settings = {"environment": "development", "operations_at_once": MOST}
    async with application(module_database, **settings) as api:
        headers = {"authorization": f"Bearer {api.token()}"}
        asked = [api.client.post("/graphql", json={"query": SEARCH}, headers=headers) for _ in range(40)]
        answers = await asyncio.gather(*asked)

        refused = [each for each in answers if each.status_code == 503]
        assert Counter(each.status_code for each in answers).keys() == {200, 503}
        assert {each.headers["retry-after"] for each in refused} == {"1"}
        assert {each.json()["errors"][0]["extensions"]["code"] for each in refused} == {"OVERLOADED"}
        assert (await api.data(SEARCH))["search"]["servedBy"]  # and there is room again

        rest = await asyncio.gather(
            *(api.client.get("/api/search/full-text?q=佐藤", headers=headers) for _ in range(40))
        )
        assert {each.json()["error"]["code"] for each in rest if each.status_code == 503} == {"OVERLOADED"}


async def test_an_admin_gets_in_when_all_others_are_refused(module_database: Database) -> None:
    settings = {"environment": "development", "operations_at_once": 1}
    async with application(module_database, **settings) as api:
        viewers = [api.ask(SEARCH) for _ in range(10)]
        answers = await asyncio.gather(*viewers, api.ask(SEARCH, roles=(Role.ADMIN,)))

        assert any("errors" in each for each in answers[:-1])
        assert "errors" not in answers[-1]


async def test_nobody_is_let_in_to_wait_behind_those_who_wait_too_long() -> None:
    waited = 0.0
    capacity = Capacity(10, lambda: waited)
    with capacity.seat(Identity("aiko")):
        waited = LONGEST_WAIT_SECONDS * 2
        with pytest.raises(OverloadedError, match="under way: 1"), capacity.seat(Identity("ken")):
            pass
        with capacity.seat(Identity("admin", roles=(Role.ADMIN,))):
            assert capacity.taken == 2
