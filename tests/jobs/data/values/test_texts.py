import pytest

from jobs.data.values import UnreadableError, is_blank, read_key, read_text


@pytest.mark.parametrize("nothing", [None, "", " ", "\u3000", "None", "NULL", "nan", "0000-00-00", "\ufeff", " null "])
def test_words_for_nothing_are_nothing(nothing: object) -> None:
    assert is_blank(nothing)


@pytest.mark.parametrize("something", [0, 0.0, "0", "-", "なし", "Nan Thida"])
def test_zero_and_short_names_are_something(something: object) -> None:
    assert not is_blank(something)


@pytest.mark.parametrize("typed", ["髙橋　太郎", "TRẦN  Văn", "ﾔﾏﾀﾞ", "㈱三河", "1.50"])
def test_a_text_is_kept_as_typed_but_for_the_spaces_at_its_ends(typed: str) -> None:
    assert read_text(f"\u3000 {typed}\t\u200b ", 255) == typed


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        (17.0, "17"),
        (17, "17"),
        ("12345.0", "12345"),
        ("１２３４５", "12345"),
        ("12345.0_2025", "12345_2025"),
        ("genzai_12345.0", "genzai_12345"),
        ("S0001", "S0001"),
        ("1.05", "1.05"),
        ("0012", "0012"),
    ],
)
def test_a_key_is_the_same_whatever_column_it_went_through(stored: object, key: str) -> None:
    assert read_key(stored, 255) == key


@pytest.mark.parametrize(
    ("value", "reason"),
    [("a\0b", "NUL"), ("\udc80", "UTF-8"), (b"\x00", "binary"), ("x" * 256, "256 characters"), (float("inf"), "kept")],
)
def test_a_text_that_no_column_can_hold_is_refused(value: object, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_text(value, 255)
