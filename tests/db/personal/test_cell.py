"""An encrypted value opens in its own cell with its own key, and nowhere and in no other way."""

import base64
from dataclasses import astuple
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.keys import KeyRing, new_key
from db.personal import UnreadableCellError, cell
from db.personal.cell import Place

NOW = datetime(2026, 11, 28, tzinfo=UTC)
OLD, NEW = new_key("old", now=NOW), new_key("new", now=NOW)
RING = KeyRing({"old": OLD, "new": NEW}, "new")

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: not text.startswith("enc:"))
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
places = st.builds(Place, names, names, names)


@given(words, places)
def test_what_is_encrypted_opens_again(plain: str, place: Place) -> None:
    sealed = cell.seal(plain, place, NEW)

    assert cell.unseal(sealed, place, RING) == plain
    assert cell.key_of(sealed) == "new"


@given(words, places)
def test_the_same_value_in_the_same_cell_is_the_same_text(plain: str, place: Place) -> None:
    assert cell.seal(plain, place, NEW) == cell.seal(plain, place, NEW) != cell.seal(plain, place, OLD)


@given(words, words, places)
def test_no_two_values_share_a_nonce(one: str, other: str, place: Place) -> None:
    nonces = {
        base64.urlsafe_b64decode(cell.seal(plain, place, NEW).rpartition(":")[2])[: cell.NONCE_BYTES]
        for plain in {one, other}
    }

    assert len(nonces) == len({one, other})


@given(words, places, places)
def test_a_value_that_was_moved_to_another_cell_does_not_open(plain: str, here: Place, there: Place) -> None:
    sealed = cell.seal(plain, here, NEW)

    if here != there:
        with pytest.raises(UnreadableCellError, match="changed, moved or damaged"):
            cell.unseal(sealed, there, RING)


def test_parts_of_a_place_do_not_run_into_each_other() -> None:
    assert Place("ab", "c", "d").as_bytes() != Place("a", "bc", "d").as_bytes()


@given(words, places, st.data())
def test_a_value_with_any_character_changed_does_not_open(plain: str, place: Place, data: st.DataObject) -> None:
    sealed = cell.seal(plain, place, NEW)
    at = data.draw(st.integers(len("enc:"), len(sealed) - 1))
    other = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda character: character != sealed[at]))

    with pytest.raises(UnreadableCellError) as refused:
        cell.unseal(sealed[:at] + other + sealed[at + 1 :], place, RING)

    assert all(part in refused.value.message for part in place)


@given(words, places, st.data())
def test_a_value_that_was_cut_off_does_not_open(plain: str, place: Place, data: st.DataObject) -> None:
    sealed = cell.seal(plain, place, NEW)
    length = data.draw(st.integers(len("enc:"), len(sealed) - 1))

    with pytest.raises(UnreadableCellError):
        cell.unseal(sealed[:length], place, RING)


def test_a_value_under_a_key_that_is_not_there_says_which() -> None:
    place = Place("staff", "address", "s1")
    sealed = cell.seal("愛知県名古屋市", place, OLD)

    for ring in (KeyRing({"new": NEW}, "new"), None):
        with pytest.raises(UnreadableCellError, match=r"address of staff s1 .* key old") as refused:
            cell.unseal(sealed, place, ring)
        assert refused.value.code != "INTERNAL_ERROR"


@pytest.mark.parametrize("plain", ["950", "1450", "2000-01-31"])
def test_the_length_does_not_tell_short_values_apart(plain: str) -> None:
    place = Place("genzai", "hourly_wage", "g1")

    assert len(cell.seal(plain, place, NEW)) == len(cell.seal("1", place, NEW))


def test_a_key_shows_nothing_of_its_secret() -> None:
    assert repr(NEW.secret) not in repr(NEW)
    assert NEW.secret in astuple(NEW)
    assert base64.b64encode(NEW.secret).decode() not in f"{RING} {NEW}"
