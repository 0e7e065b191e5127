"""Segments that are mostly zeros, as those that are ended early: kept small, read quickly, and their damage found."""

from pathlib import Path

import pytest

from db.repository import SEGMENT_BYTES, compression

PLACE = Path("000000010000000000000004.gz")


@pytest.mark.parametrize("written", [0, 1, 30_000, compression.MEMBER_BYTES, SEGMENT_BYTES - 1, SEGMENT_BYTES])
def test_what_is_compressed_is_read_again(written: int) -> None:
    content = (b"WAL" * SEGMENT_BYTES)[:written].ljust(SEGMENT_BYTES, b"\0")

    assert compression.unpack(PLACE, compression.compress(content)) == content


@pytest.mark.parametrize("from_end", [1, 5, len(compression.MEMBER) - 12, len(compression.MEMBER)])
@pytest.mark.parametrize("member", [0, 7, 14])
def test_a_flipped_bit_among_the_zeros_is_found(from_end: int, member: int) -> None:
    damaged = bytearray(compression.compress(b"WAL".ljust(SEGMENT_BYTES, b"\0")))
    damaged[-from_end - member * len(compression.MEMBER)] ^= 1

    with pytest.raises(compression.DAMAGED):
        compression.unpack(PLACE, bytes(damaged))
