"""Brings all personal values under the current key, or under none."""

from dataclasses import dataclass, field
from datetime import datetime

from db.control import Control, audit
from db.keys import KeyRing
from db.personal import PERSONAL, rotation
from jobs.data.progress import Progress, silent

# Rows that somebody was changing are looked at again, and what writers with an older ring have added meanwhile.
MOST_SWEEPS = 5

PLAIN = ""


@dataclass(slots=True)
class Rotation:
    """What came of a rotation: rows written by table, and the values that are still under another key, by its id."""

    key: str | None
    rows: dict[str, int] = field(default_factory=dict[str, int])
    remaining: dict[str, int] = field(default_factory=dict[str, int])


async def rotate(  # noqa: PLR0913 - what, with which, and who wants to know
    url: str,
    ring: KeyRing,
    *,
    control: Control | None,
    by: str,
    now: datetime,
    decrypt: bool = False,
    on_progress: Progress = silent,
) -> Rotation:
    """Bring every personal value under the ring's current key; with `decrypt` make all plain.

    May be killed at any time and begun again. Readers and writers are not held up; of a row that somebody changes
    meanwhile, their change stays. What it did is in the audit log, where there is a control store.

    Raises:
        UnreadableCellError: a value is under a key that the ring has not, or was tampered with.
        RotationRunningError: another rotation is under way.
    """
    target = PLAIN if decrypt else ring.current.id
    done = Rotation(target or None, dict.fromkeys(PERSONAL, 0))
    try:
        async with rotation.turn(url) as connection:
            for _ in range(MOST_SWEEPS):
                found = await rotation.counts(connection)
                done.remaining = others(found, target)
                if not done.remaining:
                    break
                for table in PERSONAL:
                    columns = [keys for place, keys in found.items() if place[0] == table]
                    about = max(sum(keys.values()) - keys.get(target, 0) for keys in columns)
                    looked_at = 0
                    async for batch in rotation.sweep(connection, table, ring, decrypt=decrypt):
                        looked_at += batch.rows
                        done.rows[table] += batch.written
                        on_progress(table, looked_at, max(looked_at, about))
            done.remaining = others(await rotation.counts(connection), target)
    except BaseException:
        await _note(control, done, audit.FAILED, by=by, now=now)
        raise
    await _note(control, done, audit.FAILED if done.remaining else audit.SUCCEEDED, by=by, now=now)
    return done


def others(found: dict[tuple[str, str], dict[str, int]], target: str) -> dict[str, int]:
    """Return how many values are not under the target, by the id of the key that they are under."""
    remaining: dict[str, int] = {}
    for keys in found.values():
        for key_id, cells in keys.items():
            if key_id != target:
                remaining[key_id] = remaining.get(key_id, 0) + cells
    return remaining


async def _note(control: Control | None, done: Rotation, result: str, *, by: str, now: datetime) -> None:
    if control is None:
        return
    details = {"rows": done.rows, "remaining": sum(done.remaining.values())}
    async with control.transaction() as session:
        await audit.record(
            session, who=by, action="rotate-keys", subject=done.key or "plain", result=result, details=details, now=now
        )
