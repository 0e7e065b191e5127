"""An encrypted file opens as it was written, or not at all."""

import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.keys import KeyRing, new_key
from db.repository import sealed
from db.repository.sealed import CHUNK_BYTES, TAG_BYTES, KeyMissingError, SealBrokenError

NOW = datetime(2026, 11, 28, tzinfo=UTC)
KEY = new_key("k1", now=NOW)
RING = KeyRing({"k1": KEY}, "k1")
PLACE = "1/wal/00000001/000000010000000000000004.gz"
HEADER_BYTES = len(sealed.MAGIC) + 1 + len("k1") + sealed.SALT_BYTES

MOST_PIECES = 1000

sizes = st.one_of(st.integers(0, 300), st.sampled_from([n * CHUNK_BYTES + d for n in (1, 2) for d in (-1, 0, 1)]))


def unsealed(content: bytes, ring: KeyRing | None = RING, place: str = PLACE) -> bytes:
    return b"".join(sealed.opened(io.BytesIO(content), ring, place))


def of_size(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@given(sizes, st.integers(1, 3 * CHUNK_BYTES))
@settings(max_examples=40, deadline=None)
def test_what_is_written_in_pieces_is_read_again(size: int, piece: int) -> None:
    content, out = of_size(size), io.BytesIO()
    sealer = sealed.Sealer(out.write, KEY, PLACE)
    # All but the last thousand pieces are one, so that there are not half a million of a byte each.
    whole = max(0, size - MOST_PIECES * piece)
    sealer.write(content[:whole])
    for start in range(whole, size, piece):
        sealer.write(content[start : start + piece])
    sealer.close()

    assert unsealed(out.getvalue()) == content
    assert sealed.key_of(out.getvalue()) == "k1"


@given(sizes, st.data())
@settings(max_examples=60, deadline=None)
def test_any_flipped_bit_is_found(size: int, data: st.DataObject) -> None:
    content = bytearray(sealed.seal(of_size(size), KEY, PLACE))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises((SealBrokenError, KeyMissingError)):
        unsealed(bytes(content))


@given(sizes, st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_that_was_cut_off_is_found(size: int, data: st.DataObject) -> None:
    content = sealed.seal(of_size(size), KEY, PLACE)

    with pytest.raises((SealBrokenError, KeyMissingError)):
        unsealed(content[: data.draw(st.integers(0, len(content) - 1))])


CHUNK = CHUNK_BYTES + TAG_BYTES


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2), (0, 1), (0, 1, 1, 2), (0, 1, 2, 2), (2,), ()])
def test_chunks_in_another_order_are_found(order: tuple[int, ...]) -> None:
    content = sealed.seal(of_size(2 * CHUNK_BYTES + 5), KEY, PLACE)
    head, body = content[:HEADER_BYTES], content[HEADER_BYTES:]
    chunks = [body[:CHUNK], body[CHUNK : 2 * CHUNK], body[2 * CHUNK :]]

    with pytest.raises(SealBrokenError, match="damaged, cut off, changed or moved"):
        unsealed(head + b"".join(chunks[number] for number in order))


def test_chunks_of_another_file_are_found() -> None:
    one, other = (sealed.seal(of_size(10), KEY, PLACE) for _ in range(2))

    with pytest.raises(SealBrokenError):
        unsealed(one[:HEADER_BYTES] + other[HEADER_BYTES:])


def test_a_file_that_was_put_in_the_place_of_another_is_found() -> None:
    with pytest.raises(SealBrokenError, match="2/wal"):
        unsealed(sealed.seal(b"x", KEY, PLACE), place="2/wal")


def test_the_same_content_is_never_the_same_file() -> None:
    assert sealed.seal(b"x", KEY, PLACE) != sealed.seal(b"x", KEY, PLACE)


def test_a_header_that_names_no_key_is_damage_and_no_missing_key() -> None:
    content = bytearray(sealed.seal(b"x", KEY, PLACE))
    content[len(sealed.MAGIC) + 1] = 0xFF

    assert sealed.key_of(bytes(content)) == sealed.UNKNOWN
    with pytest.raises(SealBrokenError, match="does not say with which key"):
        unsealed(bytes(content))


def test_a_plain_file_has_no_key() -> None:
    assert sealed.key_of(b"\x1f\x8b\x08") is None
    assert sealed.key_of(b"") is None


@pytest.mark.parametrize("ring", [None, KeyRing({"k2": new_key("k2", now=NOW)}, "k2")])
def test_without_its_key_it_says_which(ring: KeyRing | None) -> None:
    with pytest.raises(KeyMissingError, match=f"{PLACE} is encrypted with the key k1") as refused:
        unsealed(sealed.seal(b"x", KEY, PLACE), ring)

    assert "YUKYU_KEYS_FILE" in str(refused.value.hint)


class Endless(io.RawIOBase):
    """An encrypted file that is made as it is read."""

    def __init__(self, chunks: int) -> None:
        self._made = self._make(chunks)
        self._rest = b""

    @staticmethod
    def _make(chunks: int) -> Iterator[bytes]:
        out: list[bytes] = []
        sealer = sealed.Sealer(out.append, KEY, PLACE)
        for _ in range(chunks):
            sealer.write(bytes(CHUNK_BYTES))
            yield b"".join(out)
            out.clear()
        sealer.close()
        yield b"".join(out)

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (more := next(self._made, b"")):
            self._rest += more
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def test_memory_stays_flat_however_long_a_file_is() -> None:
    tracemalloc.start()
    try:
        size = sum(map(len, sealed.opened(Endless(200), RING, PLACE)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert size == 200 * CHUNK_BYTES
    assert peak < 16 * CHUNK_BYTES
