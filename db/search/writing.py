"""A page of hits whose values the database writes as JSON, so that nobody reads them here only to write them again.

Values stand as the API has them (`schema.scalars`): a moment in UTC with a Z, an exact number as text without trailing
zeros, an id with its table before it. What would not look the same there and here, such as a date that Python does not
know, is not written, and neither is the page that it is on.
"""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import Column, Date, DateTime, Numeric, SmallInteger, Text

from db.other_store import OtherStore
from db.search import cursor
from db.search.registry import BY_TABLE, EmployeeTable
from db.search.request import SearchRequest
from db.search.statement import arguments_of, hits_of
from db.tables.columns import METADATA

ID = "id"
# Between the values of a hit: in JSON, a line break is written as two characters.
SEPARATOR = "\n"
PLACE = ("rank", "older", "moment", "id", "table_no")

# By the type of a column; what is null is left to who asks for it.
_WRITTEN: dict[type[Any], str] = {
    Text: "to_json({0})::text",
    SmallInteger: "{0}::text",
    Numeric: """'"' || trim_scale({0}) || '"'""",
    # Those of years that Python has too; the ends stand for infinity there.
    Date: "CASE WHEN {0} > '0001-01-01' AND {0} < '9999-12-31' THEN to_json({0})::text END",
    DateTime: """CASE WHEN {0} > '0001-01-02' AND {0} < '9999-12-30' THEN '"' || replace(
        to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z"' END""",
}


class Writing:
    """What is written of each hit: these columns of its table, in their order.

    Args:
        columns: of every table, which `can_be_written` says can be.
        places: whether each hit's place is fetched too, for cursors.
    """

    def __init__(self, columns: Mapping[EmployeeTable, Sequence[str]], *, places: bool) -> None:
        self._columns = columns
        self._places = places
        self._statements: dict[tuple[EmployeeTable, ...], str] = {}

    def statement(self, tables: tuple[EmployeeTable, ...]) -> str:
        """Return the statement for hits in these tables: number of the table, score, values in one text, and place."""
        known = self._statements.get(tables)
        if known is None:
            known = self._statements[tables] = self._statement(tables)
        return known

    def _statement(self, tables: tuple[EmployeeTable, ...]) -> str:
        values = [f"WHEN {BY_TABLE[table].number} THEN {self._values(table)}" for table in tables]
        selected = ["hit.table_no", "hit.score", f"CASE hit.table_no {' '.join(values)} END"]
        if self._places:
            selected += [f"hit.{each}" for each in PLACE]
        return hits_of(selected, [table for table in tables if set(self._columns[table]) - {ID}])

    def _values(self, table: EmployeeTable) -> str:
        values = [_value(table, column) for column in self._columns[table]]
        # One that is null where none may be makes all null.
        return " || chr(10) || ".join(f"({value})" for value in values) or "''"


class WrittenPage(NamedTuple):
    """One page of hits, best first. `texts` are their values as JSON, with `SEPARATOR` between those of a hit."""

    tables: Sequence[int]
    scores: Sequence[float]
    texts: Sequence[str]
    places: Sequence[cursor.Place]  # empty where they were not asked for
    has_next: bool
    has_previous: bool
    took_ms: float


def can_be_written(table: EmployeeTable, column: str, *, null: bool) -> bool:
    """Return whether a column's values can be; `null` is whether that may be one of them. Personal ones never are."""
    found = METADATA.tables[table.lower()].columns.get(column)
    if found is None or "personal" in found.info or type(found.type) not in _WRITTEN:
        return False
    return null or not found.nullable


async def search_written(
    connection: asyncpg.Connection, request: SearchRequest, writing: Writing
) -> WrittenPage | None:
    """Return a page; None where something on it cannot be written, or where the database is no PostgreSQL.

    Raises:
        BadInputError: the cursor is not one of this search.
    """
    if isinstance(connection, OtherStore):
        return None
    after = None if request.after is None else cursor.decode(request.after, cursor.fingerprint(request))
    tables, first = request.asked_tables, request.first
    began = perf_counter()
    records = await connection.fetch(writing.statement(tables), *arguments_of(request, tables, after=after))
    took_ms = (perf_counter() - began) * 1000
    hit_tables, scores, texts, *place = zip(*records[:first], strict=True) if records else ((), (), ())
    if None in texts:
        return None
    return WrittenPage(
        hit_tables,
        scores,
        texts,
        tuple(map(cursor.Place, *place)) if place else (),
        has_next=len(records) > first,
        has_previous=after is not None,
        took_ms=took_ms,
    )


def _value(table: EmployeeTable, column: str) -> str:
    if column == ID:
        return f"to_json('{table.lower()}:' || hit.id)::text"
    found: Column[Any] = METADATA.tables[table.lower()].columns[column]
    value = _WRITTEN[type(found.type)].format(f"{table.lower()}.{column}")
    if not found.nullable:
        return value
    return f"CASE WHEN {table.lower()}.{column} IS NULL THEN 'null' ELSE {value} END"
