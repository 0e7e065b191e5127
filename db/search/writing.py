"""A page of hits that the database writes as JSON, so that nobody reads values here only to write them again.

Values stand as the API has them (`schema.scalars`): a moment in UTC with a Z, an exact number as text without trailing
zeros, an id with its table before it. What would not look the same there and here, such as a date that Python does not
know, is not written, and neither is the page that it is on.

What stands between the values is a template, which the statement is given as it is given what was typed: it depends on
the columns alone, so that connections keep few of them prepared.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import Column, Date, DateTime, Numeric, SmallInteger, Text

from db.other_store import OtherStore
from db.search import cursor
from db.search.registry import BY_TABLE, EmployeeTable
from db.search.request import ALL_TABLES, SearchRequest
from db.search.statement import ARGUMENTS, arguments_of, hits_of, own_columns
from db.tables.columns import METADATA

ID = "id"
PLACE = ("rank", "older", "moment", "id", "table_no")

# By the type of a column.
_WRITTEN: dict[type[Any], str] = {
    Text: "to_json({0})::text",
    SmallInteger: "{0}::text",
    Numeric: """'"' || trim_scale({0}) || '"'""",
    Date: "to_json({0})::text",
    DateTime: """'"' || replace(
        to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z"'""",
}
# What can be written of these: years that Python has too; the ends stand for infinity there.
_BOUNDS: dict[type[Any], str] = {
    Date: "{0} > '0001-01-01' AND {0} < '9999-12-31'",
    DateTime: "{0} > '0001-01-02' AND {0} < '9999-12-30'",
}


class Slot(NamedTuple):
    """Where a value of a column goes."""

    column: str


# What a hit of one table is written of, in order.
Pieces = Sequence[str | Slot]


class WrittenPage(NamedTuple):
    """One page of hits, best first: scores, each of the texts in UTF-8, and places where they were asked for."""

    scores: Sequence[float]
    texts: Sequence[Sequence[bytes]]
    places: Sequence[cursor.Place]
    has_next: bool
    has_previous: bool
    took_ms: float


class Writing:
    """How hits are written, each in one text or several.

    Args:
        texts: what each consists of, by its table; of columns which `can_be_written` says can be.
        places: whether each hit's place is fetched too, for cursors.
    """

    def __init__(self, texts: Sequence[Mapping[EmployeeTable, Pieces]], *, places: bool) -> None:
        self._texts = texts
        self._places = places
        self._columns = {table: _columns(table, [each[table] for each in texts]) for table in ALL_TABLES}
        self._statements: dict[tuple[EmployeeTable, ...], tuple[str, tuple[str, ...]]] = {}

    def statement(self, tables: tuple[EmployeeTable, ...]) -> tuple[str, tuple[str, ...]]:
        """Return the statement for hits in these tables, and the templates that it is given after its arguments.

        It selects the score, the texts, and the place where that is asked for.
        """
        known = self._statements.get(tables)
        if known is None:
            known = self._statements[tables] = self._statement(tables)
        return known

    def page(
        self, records: Sequence[asyncpg.Record], *, has_next: bool, has_previous: bool, took_ms: float
    ) -> WrittenPage:
        """Return the page that the statement gave."""
        scores, *others = zip(*records, strict=True) if records else [()] * (1 + len(self._texts))
        texts, place = others[: len(self._texts)], others[len(self._texts) :]
        places = tuple(map(cursor.Place, *place)) if place else ()
        return WrittenPage(scores, texts, places, has_next, has_previous, took_ms)

    def _statement(self, tables: tuple[EmployeeTable, ...]) -> tuple[str, tuple[str, ...]]:
        parameters, templates, selected = count(ARGUMENTS + 1), list[str](), ["hit.score"]
        for text in self._texts:
            written: list[str] = []
            for table in tables:
                columns = self._columns[table]
                templates.append(_template(text[table], columns))
                written.append(f"WHEN {BY_TABLE[table].number} THEN {_written(table, columns, next(parameters))}")
            selected.append(f"convert_to(CASE hit.table_no {' '.join(written)} END, 'UTF8')")
        if self._places:
            selected += [f"hit.{each}" for each in PLACE]
        return hits_of(selected, [table for table in tables if set(self._columns[table]) - {ID}]), tuple(templates)


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
    statement, templates = writing.statement(tables)
    began = perf_counter()
    records = await connection.fetch(statement, *arguments_of(request, tables, after=after), *templates)
    took_ms = (perf_counter() - began) * 1000
    page = writing.page(records[:first], has_next=len(records) > first, has_previous=after is not None, took_ms=took_ms)
    return None if any(None in each for each in page.texts) else page


def _columns(table: EmployeeTable, texts: Sequence[Pieces]) -> tuple[str, ...]:
    """Return the columns whose values stand in these texts, in the order of the table."""
    asked = {piece.column for pieces in texts for piece in pieces if isinstance(piece, Slot)}
    return tuple(column for column in own_columns(table) if column in asked)


def _template(pieces: Pieces, columns: Sequence[str]) -> str:
    """Return what `format()` of PostgreSQL makes the text of."""
    return "".join(
        f"%{columns.index(each.column) + 1}$s" if isinstance(each, Slot) else each.replace("%", "%%") for each in pieces
    )


def _written(table: EmployeeTable, columns: Sequence[str], parameter: int) -> str:
    """Return SQL for the text of a hit of a table; null where a value on it cannot be written."""
    values = ", ".join([f"${parameter}", *(_value(table, column) for column in columns)])
    bounds = [bound for column in columns if (bound := _bound(table, column))]
    return f"CASE WHEN {' AND '.join(bounds)} THEN format({values}) END" if bounds else f"format({values})"


def _value(table: EmployeeTable, column: str) -> str:
    if column == ID:
        return f"to_json('{table.lower()}:' || hit.id)::text"
    found: Column[Any] = METADATA.tables[table.lower()].columns[column]
    value = _WRITTEN[type(found.type)].format(f"{table.lower()}.{column}")
    return f"COALESCE({value}, 'null')" if found.nullable else value


def _bound(table: EmployeeTable, column: str) -> str | None:
    found: Column[Any] = METADATA.tables[table.lower()].columns[column]
    if column == ID:
        return None
    name = f"{table.lower()}.{column}"
    bound = _BOUNDS.get(type(found.type), "{0} IS NOT NULL").format(name)
    if not found.nullable:
        return bound
    return None if type(found.type) not in _BOUNDS else f"({name} IS NULL OR {bound})"
