"""A row as one value: whole, to put it back as it was, and as a digest, to see whether it still is."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, cast, func, literal, literal_column, tuple_

# Moments and dates look alike in every session that makes a digest.
ALIKE = "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'"

# RETURNING takes no value that SQLAlchemy would write out.
_UTF8 = literal_column("'UTF8'")


def whole(table: FromClause, columns: Sequence[str]) -> ColumnElement[Any]:
    """Return a row as a JSON object, which `jsonb_populate_record` makes a row of again, exactly."""
    return func.jsonb_build_object(*(part for name in columns for part in (literal(name, Text), table.c[name])))


def digest(table: FromClause, columns: Sequence[str]) -> ColumnElement[Any]:
    """Return the SHA-256 of a row; `ALIKE` has to be in force."""
    row = tuple_(*(table.c[name] for name in columns))
    return func.sha256(func.convert_to(cast(row, Text), _UTF8))
