"""Backups and their restores beside pgBackRest's, of one PostgreSQL 15 in one run; incremental ones on the embedded.

    python bench/backup.py [--rows 108000] [--rounds 3] [--directory DIR] [--json FILE]

Each round lets every contender take a backup and restore it, in turn, so that all see the machine as it is at that
moment. A restore is: unpacked onto the disk, and recovered by PostgreSQL until it is consistent. The servers are made
in `--directory` and kept for the next time; without it they are made in a new one and removed.

pgBackRest is Debian's: apt-get install pgbackrest postgresql-15
"""

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import asyncpg
import typer
from backup_peer import PgBackRest, missing
from rich.console import Console
from rich.table import Table
from search import machine

from db import migrations
from db.cluster import Binaries, EmbeddedCluster, programs
from db.control import Control, Operation, OperationState
from db.repository import BackupKind, BackupManifest, Repository
from db.repository.restoring import restore_command
from jobs import backups
from jobs.data import sample
from jobs.site import Site
from jobs.worker.loop import run_now

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
# pgBackRest comes in by a socket.
SERVER = {"unix_socket_directories": "/tmp", "shared_buffers": "512MB", "max_wal_size": "4GB"}  # noqa: S108 - a socket in a private port's name
TABLES = ("employees", "genzai", "ukeoi", "staff", "yukyu_usage_details")

# Its defaults are gzip at level 6 and one process; a server has as many cores as it has.
PEERS = {
    "pgBackRest as it comes": {},
    "pgBackRest, gzip 1, 2 processes": {"compress-type": "gz", "compress-level": "1", "process-max": "2"},
    "pgBackRest, zstd 1, 2 processes": {"compress-type": "zst", "compress-level": "1", "process-max": "2"},
    "pgBackRest, lz4, 2 processes": {"compress-type": "lz4", "process-max": "2"},
}

# Recovery stops as soon as the data is consistent, and the server with it.
CONSISTENT = {
    "recovery_target": "immediate",
    "recovery_target_action": "shutdown",
    "archive_mode": "off",
    "listen_addresses": "",
    "logging_collector": "off",
}


@dataclass
class Round:
    """Seconds and bytes of one backup and its restore; `backed_up` includes that ours is read again and verified."""

    copied: float
    backed_up: float
    size: int
    unpacked: float
    recovered: float

    @property
    def restored(self) -> float:
        return self.unpacked + self.recovered


def main(
    rows: Annotated[int, typer.Option(help="Rows a table; 108000 make about 1 GB.")] = 108_000,
    rounds: Annotated[int, typer.Option(help="Backups and restores of each contender.")] = 3,
    directory: Annotated[Path | None, typer.Option(help="Where servers are made, and kept for the next time.")] = None,
    pg_bin: Annotated[Path, typer.Option(help="The programs of the server that is compared on.")] = DEBIAN_15,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    if (lacking := missing(pg_bin)) is not None:
        sys.exit(lacking)
    results = asyncio.run(run(rows, rounds, directory, pg_bin, Console()))
    if json_file is not None:
        json_file.write_text(json.dumps(results, indent=2), encoding="utf-8")


async def run(rows: int, rounds: int, directory: Path | None, pg_bin: Path, console: Console) -> dict[str, Any]:
    home = directory or Path(tempfile.mkdtemp(prefix="yukyu-bench-", dir="/var/tmp"))
    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    try:
        console.print(machine())
        return {
            "machine": machine(),
            "compared": await compare(home / "pg15", Binaries.find(pg_bin), rows, rounds, console),
            "incremental": await incremental(home / "embedded", Binaries.find(), rows, console),
        }
    finally:
        if directory is None:
            shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def opened(home: Path, binaries: Binaries, rows: int) -> AsyncGenerator[tuple[Site, EmbeddedCluster]]:
    """Open a server with an archive and this many rows of sample data a table."""
    archive = Repository.at(home / "backups")
    async with EmbeddedCluster.open(
        home, binaries=binaries, replica=False, archive=archive, settings=SERVER
    ) as cluster, Control.open(home / "state") as control:  # fmt: skip
        await migrations.upgrade(cluster.primary_url)
        with suppress(sample.NotEmptyError):
            await sample.load(cluster.primary_url, rows)
        async with connected(cluster) as connection:
            await connection.execute("CHECKPOINT")
        yield Site(control, archive, cluster.installation), cluster


@asynccontextmanager
async def connected(cluster: EmbeddedCluster) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(cluster.admin_url)
    try:
        yield connection
    finally:
        await connection.close()


async def database_bytes(cluster: EmbeddedCluster) -> int:
    async with connected(cluster) as connection:
        return int(await connection.fetchval("SELECT sum(pg_database_size(oid)) FROM pg_database"))


async def compare(home: Path, binaries: Binaries, rows: int, rounds: int, console: Console) -> dict[str, Any]:
    measured: dict[str, list[Round]] = defaultdict(list)
    async with opened(home, binaries, rows) as (site, cluster):
        size = await database_bytes(cluster)
        peers = [PgBackRest.make(site, cluster.primary, name, options) for name, options in PEERS.items()]
        for number in range(rounds):
            with console.status(f"Round {number + 1} of {rounds}"):
                measured["yukyu"].append(await ours(site))
                for peer in peers:
                    await peer.create()
                    measured[peer.name].append(await theirs(site, peer))
    console.print(table_of(f"PostgreSQL {binaries.version}, {size / 1e9:.2f} GB", size, measured))
    return {"server": binaries.version, "bytes": size, "rounds": {
        name: [vars(each) for each in members] for name, members in measured.items()
    }}  # fmt: skip


async def ours(site: Site) -> Round:
    manifest, seconds = await backed_up(site, BackupKind.FULL)
    unpacked, recovered = await restored(site, manifest)
    copied = (manifest.finished_at - manifest.started_at).total_seconds()
    return Round(copied, seconds, manifest.size_bytes, unpacked, recovered)


async def theirs(site: Site, peer: PgBackRest) -> Round:
    copied = await timed(peer.back_up)
    place = site.installation.layout.data_directory("restored")
    unpacked = await timed(lambda: peer.restore(place))
    recovered = await timed(lambda: recover(site, place))
    shutil.rmtree(place)
    return Round(copied, copied, peer.size(), unpacked, recovered)


async def backed_up(site: Site, kind: BackupKind) -> tuple[BackupManifest, float]:
    """Take a backup the way the worker does; verifying it is part of it."""
    operation = await backups.request(site, kind, by="bench")
    if not isinstance(operation, Operation):
        sys.exit(operation.message)
    began = perf_counter()
    done = await run_now(site, operation, backups.KINDS)
    seconds = perf_counter() - began
    incarnation = site.incarnation()
    manifest = BackupManifest.read(incarnation, done.id) if incarnation else None
    if done.state is not OperationState.SUCCEEDED or manifest is None:
        sys.exit(done.error)
    return manifest, seconds


async def restored(site: Site, manifest: BackupManifest) -> tuple[float, float]:
    """Return the seconds that unpacking a backup, and all it builds on, takes, and recovery from there."""
    place = site.installation.layout.data_directory("restored")
    await backups.discard(place)
    incarnation = site.repository.incarnation(manifest.system_identifier)
    unpacked = await timed(lambda: backups.unpack(site, backups.chain(incarnation, manifest.id), place))
    recovered = await timed(lambda: recover(site, place))
    await backups.discard(place)
    return unpacked, recovered


async def recover(site: Site, place: Path) -> None:
    """Let PostgreSQL recover a data directory until it is consistent, with the WAL of our archive."""
    installation, incarnation = site.installation, site.incarnation()
    if incarnation is None:
        sys.exit("The server has no archive.")
    (place / "recovery.signal").touch()
    installation.user.own(place / "recovery.signal")
    settings = CONSISTENT | {
        "restore_command": restore_command(incarnation, installation.user, place),
        "unix_socket_directories": str(place),
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    said = await programs.run([installation.binaries.program("postgres"), "-D", place, *options], installation.user)
    if "consistent recovery state reached" not in said:
        sys.exit(f"The restored server did not become consistent: {said}")


async def timed(work: Callable[[], Any]) -> float:
    began = perf_counter()
    await work()
    return perf_counter() - began


async def incremental(home: Path, binaries: Binaries, rows: int, console: Console) -> dict[str, Any]:
    """Measure incremental backups after one row in a hundred has changed: spread all over, and side by side."""
    async with opened(home, binaries, rows) as (site, cluster):
        size = await database_bytes(cluster)
        full, full_seconds = await backed_up(site, BackupKind.FULL)
        found: dict[str, Any] = {
            "full": {"seconds": full_seconds, "size": full.size_bytes, "part": full.size_bytes / size}
        }
        for name, which in {
            "1 % of the rows, side by side": (
                "id <= (SELECT percentile_disc(0.01) WITHIN GROUP (ORDER BY id) FROM {table})"
            ),
            "1 % of the rows, anywhere": "random() < 0.01",
        }.items():  # fmt: skip
            with console.status(name):
                changed = await change(cluster, which)
                manifest, seconds = await backed_up(site, BackupKind.INCREMENTAL)
                unpacked, recovered = await restored(site, manifest)
            found[name] = {
                "rows": changed,
                "seconds": seconds,
                "size": manifest.size_bytes,
                "part": manifest.size_bytes / size,
                "restored_seconds": unpacked + recovered,
            }
    table = Table(
        "Backup", "Seconds", "MB", "Of the database", title=f"PostgreSQL {binaries.version}, {size / 1e9:.2f} GB"
    )
    for name, each in found.items():
        table.add_row(name, f"{each['seconds']:.1f}", f"{each['size'] / 1e6:.1f}", f"{each['part']:.1%}")
    console.print(table)
    return {"server": binaries.version, "bytes": size, "backups": found}


async def change(cluster: EmbeddedCluster, which: str) -> int:
    """Change rows as an import does; return how many."""
    changed = 0
    async with connected(cluster) as connection:
        for table in TABLES:
            where = which.format(table=table)
            done = await connection.execute(f"UPDATE {table} SET last_updated = now() WHERE {where}")  # noqa: S608 - our own constants
            changed += int(done.split()[1])
    return changed


def table_of(title: str, size: int, measured: dict[str, list[Round]]) -> Table:
    table = Table("", "Copied", "Backed up", "MB", "Of the database", "Unpacked", "Restored", title=title)
    for name, members in measured.items():
        stored = statistics.median(each.size for each in members)
        seconds = [
            f"{statistics.median(getattr(each, column) for each in members):.1f} s"
            for column in ("copied", "backed_up", "unpacked", "restored")
        ]
        table.add_row(name, *seconds[:2], f"{stored / 1e6:.0f}", f"{stored / size:.1%}", *seconds[2:])
    return table


if __name__ == "__main__":
    typer.run(main)
