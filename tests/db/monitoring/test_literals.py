import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.monitoring.literals import without_literals


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("SELECT * FROM staff WHERE name = '山田'", "SELECT * FROM staff WHERE name = ?"),
        ("select 1.5e3, $1, E'a\\'b', $x$ 佐藤 $x$", "select ?, $1, ?, ?"),
        ("SELECT 1 -- 鈴木\nFROM staff /* 高橋 */ WHERE id=$12", "SELECT ? FROM staff WHERE id=$12"),
        ("UPDATE staff SET name = '山田", "UPDATE …"),
        ("  SELECT $$ 田中", "SELECT …"),
        ("", ""),
    ],
)
def test_what_people_wrote_is_left_out(text: str, safe: str) -> None:
    assert without_literals(text) == safe


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    assert len(without_literals(text)) <= 1000


@given(st.text(alphabet=st.characters(exclude_characters="'\\", exclude_categories=["Cs", "Cc"]), min_size=1))
def test_no_string_gets_through(secret: str) -> None:
    assert without_literals(f"SELECT '{secret}'") == "SELECT ?"
