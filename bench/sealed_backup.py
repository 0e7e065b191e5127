"""What it costs to encrypt backups and WAL: the same server backed up and restored with a key and without, in turn.

make bench-sealed ARGS="--rows 50000 --rounds 5"
"""

import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, Any

import typer
from backup import backed_up, database_bytes, opened, timed
from rich.console import Console
from rich.table import Table
from search import machine

from db.cluster import Binaries
from db.keys import KeyFile, KeyRing, new_key
from db.repository import SEGMENT_BYTES, BackupKind, Incarnation, Repository, Segment, opening, sealed
from db.repository.collect import collect
from jobs import backups
from jobs.site import Site

PLAIN, SEALED = "without a key", "with a key"
SEGMENTS = 32
# The first page of a segment: magic, info, timeline, address, remains, system identifier, segment and page size.
SYSTEM_IDENTIFIER = "7000000000000000001"


@dataclass
class Round:
    """Seconds and bytes; `collected` and `provided` are of one segment of WAL, half of it random."""

    backed_up: float
    size: int
    unpacked: float
    collected: float
    provided: float


def main(
    rows: Annotated[int, typer.Option(help="Rows a table; 108000 make about 1 GB.")] = 50_000,
    rounds: Annotated[int, typer.Option(help="Backups and restores of each kind.")] = 5,
    directory: Annotated[Path | None, typer.Option(help="Where the server is made, and kept for next time.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    results = asyncio.run(run(rows, rounds, directory, Console()))
    if json_file is not None:
        json_file.write_text(json.dumps(results, indent=2), encoding="utf-8")


async def run(rows: int, rounds: int, directory: Path | None, console: Console) -> dict[str, Any]:
    home = directory or Path(tempfile.mkdtemp(prefix="yukyu-bench-", dir="/var/tmp"))
    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    measured: dict[str, list[Round]] = defaultdict(list)
    try:
        binaries = Binaries.find()
        async with opened(home, binaries, rows) as (site, cluster):
            size = await database_bytes(cluster)
            keys = key_file(home / "keys.json")
            secret = replace(site, repository=Repository.at(site.repository.root, keys))
            for number in range(rounds):
                with console.status(f"Round {number + 1} of {rounds}"):
                    for name, each in ((PLAIN, site), (SEALED, secret)):
                        measured[name].append(await one(each, home))
        speed = throughput(keys.ring())
        console.print(machine())
        console.print(
            f"{speed['sealed']:.2f} GB/s encrypted, {speed['opened']:.2f} GB/s decrypted, one core, in memory"
        )
        console.print(table_of(f"PostgreSQL {binaries.version}, {size / 1e9:.2f} GB", measured))
    finally:
        if directory is None:
            shutil.rmtree(home, ignore_errors=True)
    return {
        "machine": machine(),
        "bytes": size,
        "gigabytes_a_second": speed,
        "rounds": {name: [asdict(each) for each in members] for name, members in measured.items()},
    }


def key_file(place: Path) -> KeyFile:
    file = KeyFile(place)
    if not place.exists():
        file.write(KeyRing({"k1": new_key("k1", now=datetime.now(UTC))}, "k1"), new=True)
    return file


async def one(site: Site, home: Path) -> Round:
    manifest, seconds = await backed_up(site, BackupKind.FULL)
    incarnation = site.incarnation()
    if incarnation is None:
        sys.exit("There is no server.")
    place = site.installation.layout.data_directory("restored")
    await backups.discard(place)
    unpacked = await timed(lambda: backups.unpack(site, backups.chain(incarnation, manifest.id), place))
    await backups.discard(place)
    collected, provided = wal(site, home / "wal" / SYSTEM_IDENTIFIER)
    return Round(seconds, manifest.size_bytes, unpacked, collected, provided)


def wal(site: Site, root: Path) -> tuple[float, float]:
    """Return the seconds that a segment takes into the archive, and from there for a recovery."""
    incarnation, user = Incarnation(root, site.repository.keys), site.installation.user
    incarnation.create(user)
    segments = [Segment(1, number) for number in range(1, SEGMENTS + 1)]
    for segment in segments:
        page = b"".join((
            bytes.fromhex("18d10200"), (1).to_bytes(4, "little"), segment.start.to_bytes(8, "little"), bytes(8),
            int(SYSTEM_IDENTIFIER).to_bytes(8, "little"), SEGMENT_BYTES.to_bytes(4, "little"),
            (8192).to_bytes(4, "little"),
        ))  # fmt: skip
        (incarnation.incoming / segment.name).write_bytes(
            (page + os.urandom(SEGMENT_BYTES // 2)).ljust(SEGMENT_BYTES, b"w")
        )
    with stopwatch() as collecting:
        outcome = collect(incarnation, user)
    if len(outcome.archived) != SEGMENTS:
        sys.exit(str(outcome))
    with stopwatch() as providing:
        if incarnation.keys is not None:  # without, a recovery reads the archive itself
            opening.provide(incarnation, user, segments, root.with_name("opened"))
    shutil.rmtree(root.parent)
    return collecting[0] / SEGMENTS, providing[0] / SEGMENTS


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    seconds = [0.0]
    began = perf_counter()
    yield seconds
    seconds[0] = perf_counter() - began


def throughput(ring: KeyRing) -> dict[str, float]:
    """Return how much is encrypted and decrypted in a second of CPU time, the best of five."""
    content = os.urandom(64 * 1024 * 1024)
    whole = sealed.seal(content, ring.current, "place")
    return {
        "sealed": len(content) / 1e9 / best(lambda: sealed.seal(content, ring.current, "place")),
        "opened": len(content) / 1e9 / best(lambda: read(whole, ring)),
    }


def read(whole: bytes, ring: KeyRing) -> None:
    for _ in sealed.opened(BytesIO(whole), ring, "place"):
        pass


def best(work: Callable[[], Any]) -> float:
    found: list[float] = []
    for _ in range(5):
        began = process_time()
        work()
        found.append(process_time() - began)
    return min(found)


def table_of(title: str, measured: dict[str, list[Round]]) -> Table:
    table = Table("", "Backed up", "MB", "Unpacked", "A segment collected", "and provided", title=title)
    for name, members in measured.items():
        median = {column: statistics.median(getattr(each, column) for each in members) for column in vars(members[0])}
        table.add_row(
            name, f"{median['backed_up']:.1f} s", f"{median['size'] / 1e6:.1f}", f"{median['unpacked']:.1f} s",
            f"{median['collected'] * 1000:.0f} ms", f"{median['provided'] * 1000:.0f} ms",
        )  # fmt: skip
    ratios = [
        statistics.median(
            getattr(mine, column) / getattr(other, column)
            for mine, other in zip(measured[SEALED], measured[PLAIN], strict=True)
        )
        for column in ("backed_up", "size", "unpacked", "collected")
    ]
    table.add_row("ratio, median of the rounds", *(f"{ratio:.3f}" for ratio in ratios))
    return table


if __name__ == "__main__":
    typer.run(main)
