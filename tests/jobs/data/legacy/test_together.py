"""A column read in one go says what its values say one by one."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db import transfer
from jobs.data.legacy.columns import Field, fields
from jobs.data.legacy.secrets import Unsealer
from jobs.data.values import UnreadableError, read_moments

FIELDS = [field for table in transfer.TABLES for field in fields(table, Unsealer(None)).values()]
SPELLED = st.sampled_from([
    None, "", "0", "０", "None", "nan", "#N/A", "#REF!", "x", "田中　太郎", "ﾀﾅｶ", " x", "x\u3000", "\u200bx", "x\ny",
    "x\n y", "a\0b", "\ud800", "12345.0", "12345.0_2025", "a-b_1", "e" * 300, "2025-04-01", "2025/4/1",
    "2025-04-01T09:30:00", "2025-04-01 09:30:00.123", "2025-04-01T09:30:00.123456Z", "2025-02-30T09:30:00Z",
    "1850-01-01T00:00:00Z", "45748", "1.5", "10.12345", "1,200円", 0, 1, 1.0, 1.5,
    True, 45748, -0.0, float("inf"), b"x", [1], {"a": 1},
])  # fmt: skip


def one_by_one(field: Field, values: Sequence[Any]) -> list[Any] | None:
    try:
        return [field.read(value) for value in values]
    except UnreadableError:
        return None


@settings(max_examples=200, deadline=None)
@given(values=st.lists(SPELLED, min_size=1, max_size=3) | st.lists(st.text(max_size=5), min_size=1, max_size=5))
def test_together_and_one_by_one_are_the_same(values: list[Any]) -> None:
    for field in FIELDS:
        together = field.read_all(values)

        if together is not None:
            assert [*map(repr, together)] == [*map(repr, rounded(field, one_by_one(field, values) or []))], field.name


def rounded(field: Field, values: list[Any]) -> list[Any]:
    return [value if value is None or field.step is None else value.quantize(field.step) for value in values]


@pytest.mark.parametrize("field", [field for field in FIELDS if field.step], ids=lambda field: field.name)
def test_what_rounding_would_change_is_looked_at_on_its_own(field: Field) -> None:
    assert field.read_all(["1", "1.00001"]) is None
    assert field.read_all(["1", "2", None]) == one_by_one(field, ["1", "2", None])


def test_usual_spellings_need_no_second_look() -> None:
    of = {field.name: field for field in FIELDS}

    assert of["name"].read_all(["Nguyễn Thị Ân", "田中　太郎"]) == ["Nguyễn Thị Ân", "田中　太郎"]
    assert of["employee_num"].read_all(("1000778", "A-12_3")) == ("1000778", "A-12_3")
    moments = of["last_updated"].read_all(["2025-04-01T09:30:00.123456Z", None])
    assert moments == one_by_one(of["last_updated"], ["2025-04-01T09:30:00.123456Z", None])
    assert read_moments(["2025-04-01T09:30:00", "2025-04-01T09:30:00Z"]) is None
