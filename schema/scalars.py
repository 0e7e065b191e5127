"""The contract's four scalars, as Python types and as they stand in JSON."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)

# Beyond this a JSON number is no longer exact in a JavaScript client.
EXACT = 2**53


def _moment_out(value: datetime) -> str:
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    return f"{moment.isoformat()[:-6]}Z"  # without +00:00


def _moment_in(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise GraphQLError("A DateTime is written like 2026-04-01T09:00:00+09:00.") from error
    if moment.tzinfo is None:
        raise GraphQLError("A DateTime needs an offset, as in 2026-04-01T09:00:00+09:00.")
    return moment


def _date_in(value: object) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError as error:
        raise GraphQLError("A Date is written like 2026-04-01.") from error


def _decimal_out(value: Decimal) -> str:
    """Return '10.5' for 10.50 and '20' for 20.00."""
    return f"{value.normalize():f}"


def _decimal_in(value: object) -> Decimal:
    try:
        number = Decimal(_text(value))
    except InvalidOperation as error:
        raise GraphQLError("A Decimal is written like '10.5'.") from error
    if not number.is_finite():
        raise GraphQLError("A Decimal is a finite number.")
    return number


def _whole_in(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > EXACT:
        raise GraphQLError("A BigInt is a whole number of at most 53 bits.")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise GraphQLError("It has to be given as a string.")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="ISO 8601 date and time with offset; the server always answers in UTC.",
        serialize=_moment_out,
        parse_value=_moment_in,
    ),
    date: strawberry.scalar(
        name="Date", description="ISO 8601 calendar date.", serialize=date.isoformat, parse_value=_date_in
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="Exact decimal, serialised as a string: '10.5'.",
        serialize=_decimal_out,
        parse_value=_decimal_in,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="Whole number beyond 32 bits (bytes, WAL distances), serialised as a JSON number.",
        serialize=int,
        parse_value=_whole_in,
    ),
}
