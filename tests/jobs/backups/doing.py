"""Backups, asked for and taken here."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg
import psutil

from db.cluster import urls
from db.control import Operation, OperationState, operations
from db.repository import BackupKind, BackupManifest, Incarnation
from jobs import backups
from jobs.backups import Backup
from jobs.backups.kinds import BACKUP
from jobs.backups.primary import primary
from jobs.site import Site
from jobs.worker.loop import run_now

T = TypeVar("T")

PATIENCE_SECONDS = 60


async def ask(site: Site, kind: BackupKind = BackupKind.FULL) -> Operation:
    operation = await backups.request(site, kind, by="admin")
    assert isinstance(operation, Operation), operation
    return operation


async def do(site: Site, operation: Operation) -> Operation:
    return await run_now(site, operation, backups.KINDS)


async def verified(site: Site, backup_id: str) -> Operation:
    operation = await backups.request_verification(site, backup_id, by="admin")
    assert isinstance(operation, Operation)
    return await do(site, operation)


async def back_up(site: Site, kind: BackupKind = BackupKind.FULL) -> Backup:
    done = await do(site, await ask(site, kind))
    assert done.state is OperationState.SUCCEEDED, done.error
    found = await backups.by_id(site, done.id)
    assert found is not None
    return found


def incarnation(site: Site) -> Incarnation:
    found = site.incarnation()
    assert found is not None
    return found


def forget(site: Site, *, but: str = "") -> None:
    """Let all backups be gone but one."""
    for each in BackupManifest.all(incarnation(site)):
        if each.id != but:
            incarnation(site).manifest(each.id).unlink()


async def forget_all(site: Site) -> None:
    """Let it be as if no backup had ever been taken."""
    forget(site)
    async with site.control.transaction() as session:
        for operation in await operations.newest(session, [BACKUP], limit=1000):
            await session.delete(operation)


def files_of(site: Site, backup_id: str) -> list[Path]:
    """Return everything in the repository and among the clusters that belongs to a backup."""
    clusters = site.installation.layout.clusters
    return [*incarnation(site).backups.glob(f"*{backup_id}*"), *clusters.glob(f"*{backup_id}*")]


@asynccontextmanager
async def connected(site: Site) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(urls.admin(primary(site), site.installation.passwords))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def standing_still(site: Site) -> AsyncGenerator[None]:
    """Keep any backup at its beginning, where it waits for a checkpoint."""
    async with connected(site) as connection:
        pid = await connection.fetchval("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    checkpointer = psutil.Process(pid)
    checkpointer.suspend()
    try:
        yield
    finally:
        if checkpointer.is_running():
            checkpointer.resume()


def copying(backup_id: str) -> list[psutil.Process]:
    """Return the processes of pg_basebackup that copy for a backup."""
    found = psutil.process_iter(["cmdline", "name", "status"])
    return [
        each
        for each in found
        if each.info["name"] == "pg_basebackup"
        and each.info["status"] != psutil.STATUS_ZOMBIE
        and backup_id in " ".join(each.info["cmdline"] or ())
    ]


async def until(condition: Callable[[], T]) -> T:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := condition()):  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.02)
    return found
