"""Why backups are not as they should be: sentences that say what to do."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from db.keys import KeyRing
from db.repository import BackupKind, BackupManifest
from jobs.backups.listing import Backup, BackupState
from jobs.backups.objectives import Objectives

# A daily backup, and two hours for a slow one.
STALE = timedelta(hours=26)
# A weekly drill, and a day.
UNPROVEN = timedelta(days=8)


def of_service(*, switched_on: bool, works: bool) -> Iterator[str]:
    if not switched_on:
        yield "Backups are switched off, so that nothing newer can be restored: start it with YUKYU_BACKUPS=on."
    elif not works:
        yield "No worker runs, so that nothing is backed up by itself: start `yukyu up`, or `yukyu work` beside it."


def of_backups(backups: Sequence[Backup], manifests: Sequence[BackupManifest], now: datetime) -> Iterator[str]:
    """Tell what is wrong with the backups there are, newest first, and with the last attempt to take one."""
    last = next((each for each in backups if each.state is not BackupState.EXPIRED), None)
    if not manifests:
        under_way = last is not None and last.state is BackupState.RUNNING
        yield (
            "There is no backup yet; the first one is under way."
            if under_way
            else "There is no backup yet: take one with `yukyu backup create`."
        )
    newest = manifests[-1] if manifests else None
    if last is not None and last.state is BackupState.FAILED and last.size_bytes is None:
        yield f"The last backup failed: {last.error} Take another one with `yukyu backup create`."
    if newest is not None and now - newest.finished_at > STALE:
        hours = (now - newest.finished_at) / timedelta(hours=1)
        yield f"The newest backup is {hours:.0f} hours old: see that a worker runs, or take one: `yukyu backup create`."
    if newest is not None and newest.verified_at is None and newest.error is None:
        yield (
            f"The newest backup is not verified; there was no room to unpack it. Make room where the databases are, "
            f"then run `yukyu backup verify {newest.id}`."
        )
    for each in manifests:
        if each.error:
            yield f"{each.error} {_of_damaged(each, manifests)}"


def of_keys(manifests: Sequence[BackupManifest], ring: KeyRing | None) -> Iterator[str]:
    """Tell of backups that cannot be restored because their key is not here."""
    for key in sorted(
        {each.key for each in manifests if each.key is not None and (ring is None or each.key not in ring)}
    ):
        number = sum(each.key == key for each in manifests)
        yield (
            f"The key {key} is not here, and {number} backups cannot be restored without it: let YUKYU_KEYS_FILE name "
            "a key ring that has it."
        )


def _of_damaged(damaged: BackupManifest, manifests: Sequence[BackupManifest]) -> str:
    replaced = any(
        each.kind is BackupKind.FULL and each.error is None and each.started_at > damaged.finished_at
        for each in manifests
    )
    if replaced:
        return (
            "A full backup has been taken since, so that there is nothing left to do but to have the backup disk "
            "checked; this goes away when the damaged one expires."
        )
    return "Take a new full backup with `yukyu backup create`, and have the backup disk checked."


def of_lost(lost: Sequence[Backup], directory: Path) -> Iterator[str]:
    """Tell of backups, newest first, that retention has not removed and that are not there all the same."""
    if lost:
        yield (
            f"Backups of the last days are not in {directory} any more, such as {lost[0].id}. If its disk is not "
            "mounted there, stop `yukyu up`, mount it, and start again; if they are gone for good, this goes away when "
            "they would have expired."
        )


def of_window(manifests: Sequence[BackupManifest], *, reachable: bool) -> Iterator[str]:
    """Tell when there are backups and nothing can be restored all the same."""
    if manifests and not reachable:
        yield (
            "Nothing can be restored yet: the archive holds no commit that follows a good backup. Where the primary "
            "and a worker run, that takes seconds; if it stays so, take a full backup with `yukyu backup create`."
        )


def of_objectives(objectives: Objectives) -> Iterator[str]:
    lost, took = objectives.rpo_seconds_now, objectives.rto_seconds_last
    if lost is not None and lost > objectives.rpo_seconds:
        yield (
            f"If the primary were lost now, the last {lost:,.0f} seconds of work would be lost with it, and "
            f"{objectives.rpo_seconds:,.0f} are promised at most: see that the primary and a worker run."
        )
    if took is not None and took > objectives.rto_seconds:
        yield (
            f"The last restore took {took:,.0f} seconds, and {objectives.rto_seconds:,.0f} are promised at most: "
            "use quicker disks, or promise less with YUKYU_RTO_SECONDS."
        )


def of_drills(manifests: Sequence[BackupManifest], last: datetime | None, now: datetime) -> Iterator[str]:
    """Tell when no restore has been tried for long."""
    since = last or (manifests[0].finished_at if manifests else now)
    if now - since > UNPROVEN:
        yield f"No restore has been tried for {(now - since).days} days: try one with `yukyu restore drill`."
