from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLError

from schema.scalars import SCALARS, BigInt


def scalar(kind: object) -> Any:
    return SCALARS[kind]


@pytest.mark.parametrize(
    ("value", "text"), [("10.50", "10.5"), ("20.00", "20"), ("0.00", "0"), ("100", "100"), ("-0.25", "-0.25")]
)
def test_a_decimal_goes_out_without_needless_zeros(value: str, text: str) -> None:
    assert scalar(Decimal).serialize(Decimal(value)) == text


def test_a_moment_goes_out_in_utc() -> None:
    assert scalar(datetime).serialize(datetime.fromisoformat("2026-04-01T09:00:00+09:00")) == "2026-04-01T00:00:00Z"


@pytest.mark.parametrize("kind", [datetime, Decimal, BigInt])
@pytest.mark.parametrize(
    "value", [None, True, "", "x", [], {}, "NaN", "1e400000000", 2**60, 1.5, "2026-04-01T09:00:00"]
)
def test_nonsense_comes_in_as_a_graphql_error(kind: object, value: object) -> None:
    try:
        accepted = scalar(kind).parse_value(value)
    except GraphQLError:
        return
    assert isinstance(accepted, Decimal)
    assert accepted.is_finite()
