"""The key ring's file: its owner's alone, written whole, never shown."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.keys import KeyFile, KeyRing, KeyRingError, new_key

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def a_ring(*ids: str) -> KeyRing:
    return KeyRing({each: new_key(each, now=NOW) for each in ids}, ids[-1])


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def test_what_was_written_is_read_and_only_its_owner_can(file: KeyFile) -> None:
    ring = a_ring("a", "b")
    file.write(ring, new=True)

    found = KeyFile(file.path).ring()

    assert list(found) == list(ring)
    assert found.current == ring.current
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_ring_that_has_changed_is_read_again(file: KeyFile) -> None:
    file.write(a_ring("a"), new=True)
    reader = KeyFile(file.path)
    before = reader.ring()

    file.write(before.with_current(new_key("b", now=NOW)))

    assert (before.current.id, reader.ring().current.id) == ("a", "b")
    assert reader.ring() is reader.ring()


def test_of_two_that_make_the_first_ring_one_is_told(file: KeyFile) -> None:
    file.write(a_ring("a"), new=True)

    with pytest.raises(KeyRingError, match="cannot be written"):
        file.write(a_ring("b"), new=True)

    assert KeyFile(file.path).ring().current.id == "a"
    assert [each.name for each in file.path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_is_open_to_others_is_refused(file: KeyFile, mode: int) -> None:
    file.write(a_ring("a"), new=True)
    file.path.chmod(mode)

    with pytest.raises(KeyRingError, match="open to others") as refused:
        file.ring()

    assert refused.value.hint == f"chmod 600 {file.path}"


def test_a_file_that_is_not_there_says_what_to_do(file: KeyFile) -> None:
    with pytest.raises(KeyRingError, match="YUKYU_KEYS_FILE") as refused:
        file.ring()

    assert "yukyu keys new" in str(refused.value.hint)


SECRET = base64.b64encode(b"s" * 32).decode()
BROKEN = {
    "not JSON": "key",
    "a list": "[]",
    "no keys": '{"current": "a", "keys": {}}',
    "an unknown current": json.dumps({"current": "b", "keys": {"a": {"secret": SECRET}}}),
    "a short key": json.dumps({"current": "a", "keys": {"a": {"secret": SECRET[:8]}}}),
    "a text for a key": json.dumps({"current": "a", "keys": {"a": SECRET}}),
    "an id with a colon": json.dumps({"current": "a:b", "keys": {"a:b": {"secret": SECRET}}}),
    "the same key twice": json.dumps({"current": "a", "keys": {"a": {"secret": SECRET}, "b": {"secret": SECRET}}}),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_no_key_ring_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(KeyRingError, match=r"keys\.json cannot be used") as refused:
        KeyRing.parse(text, name="keys.json")

    assert SECRET[:8] not in f"{refused.value} {refused.value.hint}"


@given(st.text())
def test_no_text_is_taken_for_a_key_ring(text: str) -> None:
    with pytest.raises(KeyRingError):
        KeyRing.parse(text, name="keys.json")


def test_a_key_that_something_needs_says_what() -> None:
    with pytest.raises(Exception, match="The backup X is encrypted with the key b, which is not in the key ring"):
        a_ring("a").of("b", "The backup X")
