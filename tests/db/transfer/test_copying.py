"""Rows that were made texts before are stored as those that the driver writes."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal

import asyncpg
import pytest

from db.transfer import Piece, TableRow, copy, copy_pieces, piece_of
from tests.conftest import Database

COLUMNS = ("a_text", "another", "a_number", "an_amount", "a_day", "a_moment")
CREATE = """
    CREATE TEMPORARY TABLE {name} (
        a_text text, another text, a_number integer, an_amount numeric(12, 3), a_day date, a_moment timestamptz
    )
"""
USUAL: TableRow = ("髙橋 𠮷", "", 7, Decimal("0.500"), date(2025, 4, 1), datetime(2025, 4, 1, 9, tzinfo=UTC))
NOTHING: TableRow = (None,) * len(COLUMNS)
TEXTS = ["\\N", "\\", "\\.", "a\tb", "a\nb", "a\r\nb", "\r", "\\t", "None", " ", "\x0b\x1f\u2028\x85"]


async def in_pieces(*pieces: list[TableRow]) -> AsyncIterator[Piece]:
    for rows in pieces:
        yield piece_of(rows)


@pytest.mark.every_version
async def test_they_are_what_the_driver_would_have_stored(database: Database) -> None:
    odd: list[TableRow] = [(text, None, -1, Decimal("1E+3"), date(1, 1, 1), None) for text in TEXTS]
    pieces = [[USUAL, NOTHING], *[[row] for row in odd], [*odd, USUAL], [], [NOTHING]]
    rows = [row for piece in pieces for row in piece]
    told: list[int] = []
    connection = await asyncpg.connect(database.primary_url)
    for name in ("as_text", "as_driven"):
        await connection.execute(CREATE.format(name=name))

    assert await copy_pieces(connection, "as_text", COLUMNS, in_pieces(*pieces), told.append) == len(rows)
    await copy(connection, "as_driven", COLUMNS, rows, lambda _: None)
    found = [await connection.fetch(f"SELECT * FROM {name} ORDER BY ctid") for name in ("as_text", "as_driven")]  # noqa: S608
    await connection.close()

    assert found[0] == found[1] == rows
    assert told == sorted(told)
    assert told[-1] == len(rows)
