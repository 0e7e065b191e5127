"""How far the WAL in an unfinished segment goes: the position behind its last whole record.

A segment that is being received is a file of full size whose rest is zeros. The layout is that of PostgreSQL 15 to 18:
pages of 8 KiB with a header, records aligned to 8 bytes that may go on in the next pages.
"""

import struct
from collections.abc import Iterator

from db.lsn import Lsn
from db.repository.compression import written_bytes
from db.repository.segments import Segment

PAGE_BYTES = 8192
# magic, info, timeline, address, bytes that remain of a record from before
PAGE = struct.Struct("=HHIQI")
SHORT_HEADER, LONG_HEADER = 24, 40
CONTINUES, IS_LONG = 0x0001, 0x0002
# total length, transaction, previous record, info, resource manager, (padding,) CRC
RECORD = struct.Struct("=IIQBBxxI")
ALIGNMENT = 8


def end_in(wal: bytes, segment: Segment) -> Lsn:
    """Return where the last whole record of a segment ends; the segment's start where there is none."""
    used = written_bytes(wal)
    position = _first_record_of_last_pages(wal, segment, used)
    if position is None:
        return segment.start
    previous = None
    while (end := _end_of_record(wal, segment, position, used, previous)) is not None:
        # A record is where its length is, behind a page's header.
        previous, position = segment.start + _behind_header(wal, position), end
    return Lsn(segment.start + position)


def _first_record_of_last_pages(wal: bytes, segment: Segment, used: int) -> int | None:
    """Return where a record begins, as near to the end as can be told without reading all from the beginning."""
    for page in range((used - 1) // PAGE_BYTES, -1, -1):
        offset = page * PAGE_BYTES
        if offset + SHORT_HEADER > len(wal):
            continue
        _, info, _, address, remains = PAGE.unpack_from(wal, offset)
        if address != segment.start + offset:
            continue
        first = offset + (LONG_HEADER if info & IS_LONG else SHORT_HEADER)
        if info & CONTINUES:
            first = _aligned(first + remains)
        if first < min(used, offset + PAGE_BYTES):
            return first
    return None


def _behind_header(wal: bytes, position: int) -> int:
    """Return where a record that follows at a position begins."""
    if position % PAGE_BYTES or position + SHORT_HEADER > len(wal):
        return position
    return position + (LONG_HEADER if PAGE.unpack_from(wal, position)[1] & IS_LONG else SHORT_HEADER)


def _end_of_record(wal: bytes, segment: Segment, position: int, used: int, previous: int | None) -> int | None:
    """Return where the record at a position ends and the next may begin; None where it is not whole.

    A file that was used before has old records behind the new ones: each says
    which came before it, and each page where it belongs.
    """
    start = _behind_header(wal, position)
    if start + 4 > len(wal) or (start > position and not _belongs(wal, segment, position)):
        return None
    length = int.from_bytes(wal[start : start + 4], "little")
    if length < RECORD.size:
        return None
    pieces = list(_pieces(start, length))
    end = pieces[-1].stop
    if end > len(wal) or not all(_continues(wal, segment, piece.start - SHORT_HEADER) for piece in pieces[1:]):
        return None
    if start + RECORD.size <= pieces[0].stop and previous not in {None, RECORD.unpack_from(wal, start)[2]}:
        return None
    # Zeros at the end may be the record's own, or have not been received yet.
    if end > used and not _is_sound(b"".join(wal[piece.start : piece.stop] for piece in pieces)):
        return None
    return _aligned(end)


def _pieces(start: int, length: int) -> Iterator[slice]:
    """Yield where the bytes of a record are, leaving out the headers of pages."""
    while True:
        piece = min(length, PAGE_BYTES - start % PAGE_BYTES)
        yield slice(start, start + piece)
        length -= piece
        if not length:
            return
        start += piece + SHORT_HEADER


def _belongs(wal: bytes, segment: Segment, page: int) -> bool:
    return PAGE.unpack_from(wal, page)[3] == segment.start + page


def _continues(wal: bytes, segment: Segment, page: int) -> bool:
    return _belongs(wal, segment, page) and bool(PAGE.unpack_from(wal, page)[1] & CONTINUES)


def _is_sound(record: bytes) -> bool:
    """Check a record's CRC: over what comes behind the header, then the header up to the CRC itself."""
    *_, expected = RECORD.unpack_from(record)
    return _crc32c(record[RECORD.size :] + record[: RECORD.size - 4]) == expected


def _table() -> list[int]:
    table: list[int] = []
    for entry in range(256):
        value = entry
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC32C = _table()


def _crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _aligned(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT
