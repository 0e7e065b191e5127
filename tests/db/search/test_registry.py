"""The registry against what the migration made, and where the indexes are used."""

import re

import asyncpg
import pytest

from db import migrations
from db.search import SearchRequest, search
from db.search.registry import ENTRIES, SEARCHABLES
from db.search.statement import own_columns
from tests.conftest import Database

pytestmark = pytest.mark.xdist_group("search")

GENERATED = """
    SELECT a.attname, pg_get_expr(d.adbin, d.adrelid)
    FROM   pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE  a.attrelid = $1::text::regclass AND a.attgenerated = 's'
"""
LEAVES = "SELECT definition FROM pg_views WHERE schemaname = 'search' AND viewname = 'records'"


def squeezed(expression: str) -> str:
    return re.sub(r"[\s()]", "", expression)


@pytest.mark.every_version
async def test_tables_are_as_declared(database: Database) -> None:
    assert await migrations.drift(database.primary_url) == []


@pytest.mark.every_version
async def test_generated_columns_are_those_of_the_registry(people: asyncpg.Connection) -> None:
    for searchable in SEARCHABLES:
        made = {name: squeezed(expression) for name, expression in await people.fetch(GENERATED, searchable.name)}

        assert made == {name: squeezed(expression) for name, expression in searchable.generated.items()}


async def test_views_take_in_every_table(people: asyncpg.Connection) -> None:
    definition = await people.fetchval(LEAVES)

    assert re.findall(r"(\d+)\)?::smallint AS table_no", definition) == [str(each.number) for each in SEARCHABLES]
    assert re.findall(r"FROM (?:public\.)?(\w+) t\b", definition) == [each.name for each in SEARCHABLES]


async def test_each_entry_has_its_index(people: asyncpg.Connection) -> None:
    for searchable in SEARCHABLES:
        for entry, position in searchable.entries.items():
            index = await people.fetchval(
                "SELECT pg_get_indexdef($1::text::regclass)", f"ix_{searchable.name}_search_{entry}"
            )
            assert f"(search_entries[{position}])" in index
    assert len(ENTRIES) == 14


async def test_roles_are_columns_of_their_tables() -> None:
    for searchable in SEARCHABLES:
        assert set(searchable.roles) <= set(own_columns(searchable.table))


@pytest.mark.every_version
async def test_down_and_up_again(database: Database) -> None:
    await migrations.downgrade(database.primary_url, "0002")
    await migrations.upgrade(database.primary_url)

    assert await migrations.drift(database.primary_url) == []


# The words of a query decide the step that answers it; each has an index of its own.
ANSWERED_BY = {
    "1000001": "ix_genzai_search_vector",
    "佐藤": "ix_staff_search_name_first",
    "田": "ix_staff_last_updated",
    "さとう": "ix_ukeoi_search_kana_first",
    "satou": "ix_ukeoi_search_romaji_first",
    "三河": "ix_genzai_search_place",
    "田中 工場": "ix_genzai_search_vector",
    "xqzzv": "ix_employees_search_vector",
}


@pytest.mark.parametrize("query", ANSWERED_BY)
async def test_every_step_reads_an_index(background: Database, query: str) -> None:
    plans = await explain(background.admin_url, query)

    assert "Seq Scan" not in plans
    assert ANSWERED_BY[query] in plans


async def explain(url: str, query: str) -> str:
    """Return the plans of all statements of one search, those inside functions too."""
    plans: list[str] = []
    connection = await asyncpg.connect(url)
    try:
        await search(connection, SearchRequest(query=query))  # asyncpg looks types up once
        await connection.execute(
            "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;"
            "SET client_min_messages = log"
        )
        connection.add_log_listener(lambda _, message: plans.append(str(message)))
        await search(connection, SearchRequest(query=query))
    finally:
        await connection.close()
    return "\n".join(plans)
