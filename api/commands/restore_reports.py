"""What `yukyu restore` prints."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.table import Column, Table

from api.commands.printing import print_json
from db.control import RestoreRun, RestoreState
from jobs.restores import Plan, target_of

COLOURS = {
    RestoreState.READY: "yellow",
    RestoreState.PROMOTED: "green",
    RestoreState.FAILED: "red",
    RestoreState.DISCARDED: "dim",
    RestoreState.ROLLED_BACK: "dim",
}
PADDING = (0, 2, 0, 0)


def print_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "target": plan.target.in_words(),
                "backup": plan.backup.id,
                "timeline": plan.timeline,
                "walSegments": plan.wal_segments,
                "bytesToRestore": plan.bytes_to_restore,
                "bytesFree": plan.bytes_free,
                "estimatedSeconds": plan.estimated_seconds,
                "discardsSeconds": plan.discards_seconds,
            }
        )
        return
    table = Table("", "", box=None, show_header=False, padding=PADDING)
    table.add_row("Restore", plan.target.in_words())
    table.add_row("Backup", plan.backup.id)
    table.add_row("Timeline", str(plan.timeline))
    table.add_row("WAL segments", f"{plan.wal_segments:,}")
    table.add_row("To restore", decimal(plan.bytes_to_restore))
    table.add_row("Free", decimal(plan.bytes_free))
    table.add_row("Takes about", f"{plan.estimated_seconds:.0f} s")
    table.add_row("Promoting sets aside", f"{plan.discards_seconds:.0f} s of live history")
    Console(highlight=False).print(table)


def print_runs(runs: Sequence[RestoreRun], *, as_json: bool) -> None:
    if as_json:
        print_json([_plain(run) for run in runs])
        return
    table = Table(Column("Restore", no_wrap=True), "State", "Target", "Asked for (UTC)", box=None, padding=PADDING)
    for run in runs:
        state = f"[{COLOURS.get(run.state, 'cyan')}]{run.state}[/]"
        table.add_row(run.id, state, target_of(run).in_words(), f"{run.requested_at:%Y-%m-%d %H:%M:%S}")
    Console(highlight=False).print(table if runs else "There is no restore yet.")


def print_run(run: RestoreRun, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(run))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{run.id}: {run.state}, {target_of(run).in_words()}", markup=False)
    steps = Table("Step", "State", "", box=None, padding=PADDING)
    for step in run.steps:
        steps.add_row(step["name"], step["state"], step["message"] or "")
    console.print(steps)
    changed = [each for each in run.differences if each["liveRows"] != each["restoredRows"]]
    if changed:
        rows = Table("Table", Column("Live rows", justify="right"), Column("Restored", justify="right"), box=None)
        for each in changed:
            rows.add_row(each["table"], f"{each['liveRows']:,}", f"{each['restoredRows']:,}")
        console.print(rows)
    if run.state is RestoreState.READY:
        console.print(f"Go on with: yukyu restore promote {run.id}, or: yukyu restore discard {run.id}", markup=False)


def _plain(run: RestoreRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "state": run.state,
        "target": target_of(run).in_words(),
        "requestedBy": run.requested_by,
        "requestedAt": run.requested_at,
        "finishedAt": run.finished_at,
        "reason": run.reason,
        "backup": run.backup_id,
        "recoveredTo": run.recovered_to,
        "recoveredLsn": run.recovered_lsn,
        "progress": run.progress,
        "steps": run.steps,
        "differences": run.differences,
        "error": run.error,
    }
