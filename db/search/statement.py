"""The one statement of a page: ranks the hits in the database and fetches their rows in the same round trip."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from db.errors import BadInputError
from db.search.cursor import Place
from db.search.registry import BY_TABLE, SEARCHABLES, EmployeeTable
from db.search.request import SearchRequest
from db.tables.columns import METADATA

# Those of a statement of hits; a longer one goes on with the next.
ARGUMENTS = 12
# rank, older, moment, id, table_no, score: what stands before the columns of the rows.
HIT_COLUMNS = 6

Columns = Mapping[EmployeeTable, tuple[str, ...]]


@dataclass(frozen=True)
class Statement:
    """SQL with, for each table by its number, where its columns stand in a record and what they are called."""

    sql: str
    slices: Mapping[int, tuple[slice, tuple[str, ...]]]


@cache
def own_columns(table: EmployeeTable) -> tuple[str, ...]:
    """Return a table's columns without those the database computes."""
    return tuple(column.name for column in METADATA.tables[table.lower()].columns if column.computed is None)


def statement_for(
    tables: Sequence[EmployeeTable],
    columns: Mapping[EmployeeTable, Sequence[str]] | None,
    *,
    highlight: bool,
) -> Statement:
    """Return the statement that fetches these columns; those highlighted are always among them.

    Raises:
        BadInputError: a table has no such column.
    """
    chosen = tuple((table, _chosen(table, columns, highlight=highlight)) for table in tables)
    return _statement(chosen)


def _chosen(
    table: EmployeeTable, columns: Mapping[EmployeeTable, Sequence[str]] | None, *, highlight: bool
) -> tuple[str, ...]:
    own = own_columns(table)
    if columns is None or table not in columns:
        return own
    wanted = {"id", *columns[table], *(BY_TABLE[table].roles if highlight else ())}
    if unknown := wanted.difference(own):
        raise BadInputError(f"The table {table.lower()} has no column {', '.join(sorted(unknown))}.")
    return tuple(column for column in own if column in wanted)


@cache
def _statement(chosen: tuple[tuple[EmployeeTable, tuple[str, ...]], ...]) -> Statement:
    selected: list[str] = []
    slices: dict[int, tuple[slice, tuple[str, ...]]] = {}
    for table, columns in chosen:
        start = HIT_COLUMNS + len(selected)
        slices[BY_TABLE[table].number] = slice(start, start + len(columns)), columns
        selected += [f"{table.lower()}.{column}" for column in columns]
    place = ("hit.rank", "hit.older", "hit.moment", "hit.id", "hit.table_no", "hit.score")
    return Statement(hits_of([*place, *selected], [table for table, _ in chosen]), slices)


def hits_of(selected: Sequence[str], tables: Container[EmployeeTable]) -> str:
    """Return the statement that selects this of each hit, whose rows stand in these tables."""
    # A row is looked up only in its own table: for the others the key is null.
    joins = "\n".join(
        f"LEFT JOIN {each.name} ON {each.name}.id = CASE hit.table_no WHEN {each.number} THEN hit.id END"
        for each in SEARCHABLES
        if each.table in tables
    )
    return f"""
        SELECT {", ".join(selected)}
        FROM   search.page($1, $2::text::smallint[], $3, $4, $5, $6, $7, $8, $9, $10, $11) WITH ORDINALITY AS hit
                   (rank, older, moment, id, table_no, score, place)
        {joins}
        WHERE  hit.place > $12
        ORDER  BY hit.place
    """  # noqa: S608 - names of our own tables and columns; what was typed is a parameter


def arguments_of(
    request: SearchRequest, tables: Sequence[EmployeeTable], *, after: Place | None = None, offset: int = 0
) -> tuple[Any, ...]:
    """Return what a statement of hits is given."""
    return (
        request.query,
        numbers_of(tuple(tables)),
        request.statuses,
        request.year,
        request.employed_on,
        # One more than the page has, to see whether there is a next one.
        offset + request.first + 1,
        *((None,) * 5 if after is None else (after.rank, after.older, after.moment, after.id, after.table_number)),
        offset,
    )


@cache
def numbers_of(tables: tuple[EmployeeTable, ...]) -> str:
    """Return the tables' numbers as PostgreSQL reads an array; the driver looks at every element of a list."""
    return f"{{{','.join(str(BY_TABLE[table].number) for table in tables)}}}"


# Counting costs more than finding, so it stops.
COUNTS = "SELECT table_no, records FROM search.counts($1, $2::text::smallint[], $3, $4, $5, $6)"

# The best of each kind first: names, workplaces, numbers, then names by their reading.
SUGGESTIONS = "SELECT suggestion FROM search.suggestions($1, $2) ORDER BY place, kind"
