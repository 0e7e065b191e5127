from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.data.values import UnreadableError, read_decimal, read_integer

WIDE = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")
AMOUNTS = st.decimals(-999_999, 999_999, places=2)


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        (10, "10"),
        (10.5, "10.5"),
        (7.300000000000001, "7.3"),
        ("10.5", "10.5"),
        ("1,450", "1450"),
        ("１，４５０", "1450"),
        ("¥1,450", "1450"),
        ("￥1,450円", "1450"),
        ("10日", "10"),
        ("52.5%", "52.5"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("▲3", "-3"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("\u30003.0 ", "3"),
    ],
)
def test_every_spelling_of_a_number_is_read(spelling: object, number: str) -> None:
    assert read_decimal(spelling) == Decimal(number)


@given(AMOUNTS)
def test_a_number_comes_back_from_any_spelling(amount: Decimal) -> None:
    spellings = (str(amount), f"{amount:,}", str(amount).translate(WIDE), float(amount), f" {amount}日")
    assert {read_decimal(spelling) for spelling in spellings} == {amount}


@pytest.mark.parametrize(
    "nonsense", ["1,5", "12,34", "ten", "1 2", "inf", "-inf", "1e999", "--1", "1..2", float("inf"), b"1", "0x10", "٣"]
)
def test_what_is_no_number_is_refused(nonsense: object) -> None:
    with pytest.raises(UnreadableError):
        read_decimal(nonsense)


def test_a_whole_number_is_not_made_of_a_fraction() -> None:
    assert read_integer("25.0歳") == 25
    with pytest.raises(UnreadableError, match="is not a whole number"):
        read_integer(25.5)


@given(st.text(max_size=30) | st.floats() | st.integers() | st.binary(max_size=8))
def test_anything_is_read_or_refused_and_nothing_else(value: object) -> None:
    with suppress(UnreadableError):
        assert read_decimal(value).is_finite()
