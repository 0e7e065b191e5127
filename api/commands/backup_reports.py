"""What `yukyu backup` prints."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.filesize import decimal
from rich.table import Column, Table

from jobs.backups import Backup, BackupState, BackupStatus
from jobs.health.outcome import HealthStatus

COLOURS = {
    BackupState.RUNNING: "cyan",
    BackupState.COMPLETED: "yellow",
    BackupState.VERIFIED: "green",
    BackupState.FAILED: "red",
    BackupState.EXPIRED: "dim",
}
NUMBERS = ("Took", "Size", "Of")
HEALTH = {HealthStatus.HEALTHY: "green", HealthStatus.DEGRADED: "yellow", HealthStatus.DOWN: "red"}


def print_backups(backups: Sequence[Backup]) -> None:
    """Print a line a backup; its id says when it began, in UTC, and of which kind it is."""
    headings = [Column("Backup", no_wrap=True), "State", *(Column(name, justify="right") for name in NUMBERS)]
    table = Table(*headings, box=None, padding=(0, 2, 0, 0))
    for each in backups:
        state = f"[{COLOURS[each.state]}]{each.state}[/]"
        table.add_row(each.id, state, _took(each), _size(each.size_bytes), _size(each.database_size_bytes))
    console = Console(highlight=False)
    console.print(table if backups else "There is no backup yet.")
    for each in backups:
        if each.error:
            console.print(f"{each.id}: {each.error}", markup=False, soft_wrap=True)


def print_backup(backup: Backup) -> None:
    parts = [f"{backup.id}: {backup.state}"]
    if backup.size_bytes is not None:
        parts.append(f"{_size(backup.size_bytes)} of {_size(backup.database_size_bytes)}, taken in {_took(backup)}")
    if backup.key is not None:
        parts.append(f"encrypted with {backup.key}")
    Console(highlight=False).print(", ".join(parts), markup=False, soft_wrap=True)


def print_status(status: BackupStatus) -> None:
    console = Console(highlight=False)
    table = Table("", "Now", "Promised", box=None, padding=(0, 2, 0, 0))
    promised = status.objectives
    window = f"{_moment(status.window.earliest)} to {_moment(status.window.latest)}" if status.window else "nothing"
    table.add_row("Restorable (UTC)", window, f"{promised.window_days} days back")
    table.add_row("Would be lost", _seconds(promised.rpo_seconds_now), f"{promised.rpo_seconds:.0f} s at most")
    table.add_row("Last restore took", _seconds(promised.rto_seconds_last), f"{promised.rto_seconds:.0f} s at most")
    last = status.last_backup
    table.add_row("Last backup", f"{last.id} {last.state}" if last else "none", "daily")
    table.add_row("Next backup (UTC)", _moment(status.next_backup_at), "")
    table.add_row("Repository", _size(status.total_size_bytes), "")
    console.print(table)
    for problem in status.problems:
        console.print(f"- {problem}", markup=False, soft_wrap=True)
    console.print(f"[{HEALTH[status.status]}]{status.status}[/]")


def _took(backup: Backup) -> str:
    return _seconds((backup.finished_at - backup.started_at).total_seconds()) if backup.finished_at else ""


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:,.1f} s"


def _size(size: int | None) -> str:
    return "" if size is None else decimal(size)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""
