"""On WAL that a real server wrote, beside what PostgreSQL's own reader says of it."""

import random
import re
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from db.cluster import Binaries, EmbeddedCluster
from db.lsn import Lsn
from db.repository import SEGMENT_BYTES, Segment
from db.repository.extent import LONG_HEADER, PAGE_BYTES, SHORT_HEADER, end_in
from tests.db.cluster.witness import connected

pytestmark = pytest.mark.every_version

RECORD = re.compile(r"lsn: ([0-9A-F]+/[0-9A-F]+)")

# Records of all sizes: many small ones, some longer than a page, one longer than many.
WRITE = [
    "CREATE TABLE scribble (number int, words text)",
    "INSERT INTO scribble SELECT n, md5(n::text) FROM generate_series(1, 4000) n",
    "SELECT pg_logical_emit_message(true, 'test', repeat('long', n * 3000)) FROM generate_series(1, 20) n",
    "UPDATE scribble SET number = -number WHERE number % 3 = 0",
    "SELECT pg_logical_emit_message(true, 'test', repeat('x', 300000))",
    "INSERT INTO scribble SELECT n, md5(n::text) FROM generate_series(1, 1000) n",
    "DROP TABLE scribble",
]


@dataclass(frozen=True)
class Wal:
    segment: Segment
    content: bytes
    # Where its records begin, by pg_waldump.
    records: list[int]

    def cut(self, length: int) -> bytes:
        return self.content[:length].ljust(SEGMENT_BYTES, b"\0")


@pytest.fixture(scope="module")
async def wal(cluster: EmbeddedCluster, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Wal:
    async with connected(cluster.admin_url) as connection:
        await connection.execute("SELECT pg_switch_wal()")
        name = await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_insert_lsn() + 100)")
        for statement in WRITE:
            await connection.execute(statement)
        await connection.execute("SELECT pg_switch_wal()")
    directory = tmp_path_factory.mktemp("wal")
    content = (cluster.layout.data_directory("primary") / "pg_wal" / name).read_bytes()
    (directory / name).write_bytes(content)
    found = Segment.parse(name)
    assert found is not None
    return Wal(found, content, waldump(binaries, directory / name))


def waldump(binaries: Binaries, path: Path) -> list[int]:
    done = subprocess.run(
        [binaries.program("pg_waldump"), "-p", path.parent, path.name], capture_output=True, text=True, check=False
    )
    return [Lsn.parse(lsn) for lsn in RECORD.findall(done.stdout)]


def test_end_is_that_of_the_last_record_that_is_whole(wal: Wal, binaries: Binaries, tmp_path: Path) -> None:
    """A record ends where the next begins, or before the header of the page that the next begins in."""
    choose = random.Random(7)  # noqa: S311 - where to cut
    following = dict(pairwise(wal.records))
    assert len(following) > 1000
    last = wal.records[-2] - wal.segment.start
    for alignment in (1, 8, PAGE_BYTES) * 3:
        cut = wal.cut(choose.randrange(PAGE_BYTES, last, alignment))
        (tmp_path / wal.segment.name).write_bytes(cut)

        whole = waldump(binaries, tmp_path / wal.segment.name)

        assert _next_start(end_in(cut, wal.segment)) == following[whole[-1]]


def test_record_that_ends_in_zeros_of_its_own_is_whole(wal: Wal) -> None:
    """Nothing but its CRC tells that it is all there: the zeros may as well not have been received."""
    starts = [position - wal.segment.start for position in wal.records]
    tails = [start for start in starts[1:] if start % PAGE_BYTES and wal.content[start - 1] == 0 and wal.content[start]]
    assert tails
    for start in tails[:20]:
        assert end_in(wal.cut(start), wal.segment) - wal.segment.start == start


def test_old_wal_behind_the_new_is_not_counted(wal: Wal) -> None:
    """A file that is used again has the records of another segment behind the new ones, at the same places."""
    other = Segment(wal.segment.timeline, wal.segment.number - 8)
    start = next(start - wal.segment.start for start in wal.records if start - wal.segment.start > PAGE_BYTES * 40)
    assert end_in(wal.content, other) == other.start
    assert end_in(wal.cut(start), wal.segment) - wal.segment.start <= start


def test_segment_without_a_record_ends_where_it_begins(wal: Wal) -> None:
    assert end_in(bytes(SEGMENT_BYTES), wal.segment) == wal.segment.start
    assert end_in(wal.cut(LONG_HEADER - 1), wal.segment) == wal.segment.start


def _next_start(end: int) -> int:
    """Return where the record behind an end begins; a segment's first page is never where one ends here."""
    if end % PAGE_BYTES:
        return end
    return end + (LONG_HEADER if end == 0 else SHORT_HEADER)
