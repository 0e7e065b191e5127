"""Restores from a repository that is encrypted: they need the key, say so, and are otherwise as any other."""

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from db.cluster import Binaries
from db.control import RestoreRun, RestoreState
from db.keys import KeyFile
from db.repository import BackupKind, BackupManifest, Incarnation, Repository, Segment, sealed
from db.repository.history import NAME as HISTORY
from jobs import restores
from jobs.backups.requests import INCREMENTAL_SINCE
from jobs.refusal import Refusal
from jobs.restores import Plan, Target
from tests.jobs.backups.damage import flipped
from tests.jobs.restores.conftest import opened
from tests.jobs.restores.doing import (
    Restorable,
    back_up,
    discarded,
    eventually,
    failed,
    no_backup_runs,
    promoted,
    reaches,
    restored,
    trigger,
)
from tests.keys import key_file, ring_of

pytestmark = pytest.mark.long

SEGMENTS = 8
# What no compression changes.
MARKER = "5f1c9be2c07a4d0f8b3366e1a94dd27c"
MARKERS = "SELECT count(*) FROM secret"


@pytest.fixture(scope="module")
async def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFile:
    return key_file(tmp_path_factory.mktemp("keys") / "keys.json", "k1")


@pytest.fixture(scope="module")
async def secret(
    scratch: Path, binaries: Binaries, keys: KeyFile, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Restorable]:
    """An installation whose repository is encrypted from its beginning."""
    async with opened(scratch / tmp_path_factory.mktemp("sealed").name, binaries, keys) as found:
        await found.execute("CREATE TABLE secret (told bytea STORAGE EXTERNAL)")
        yield found


async def told(restorable: Restorable) -> None:
    """Write the marker into many pages, and through to an archived segment."""
    statement = "INSERT INTO secret SELECT decode($1, 'hex') FROM generate_series(1, 500)"
    await restorable.execute(statement, MARKER)
    await restorable.execute("SELECT pg_switch_wal()")


async def archived_whole(restorable: Restorable) -> None:
    """Wait until nothing but the segment that is being written to is anywhere but in the archive."""
    incarnation = restorable.incarnation

    async def nothing_waits() -> bool:
        waiting = [*incarnation.incoming.iterdir(), *incarnation.stream.iterdir()]
        return not any(Segment.parse(path.name) for path in waiting)

    await eventually(nothing_waits)


def is_plain_by_nature(incarnation: Incarnation, path: Path) -> bool:
    """Return whether a file is one of those that docs/security.md says stay plain."""
    inside = path.relative_to(incarnation.root)
    return (
        inside.parts[0] in {"incoming", "stream", "marks"}
        or inside.name == "collect.lock"
        or (inside.parts[0] == "wal" and HISTORY.fullmatch(inside.name) is not None)
        or (inside.parts[0] == "backups" and len(inside.parts) == 2 and inside.suffix == ".json")
    )


@contextmanager
def without(keys: KeyFile, *others: str) -> Generator[None]:
    """Let the ring have other keys for as long as the block runs."""
    ring = keys.ring()
    keys.write(ring_of(*others))
    try:
        yield
    finally:
        keys.write(ring)


async def refused(restorable: Restorable, target: Target) -> Refusal:
    found = await restores.plan(restorable.site, target)
    assert isinstance(found, Refusal), found
    return found


async def test_a_thief_of_the_repository_finds_nothing_and_its_owner_every_moment(
    secret: Restorable, keys: KeyFile, binaries: Binaries
) -> None:
    await told(secret)
    if binaries.major >= INCREMENTAL_SINCE:
        await back_up(secret.site, BackupKind.INCREMENTAL)
    moment = await secret.add(50)
    rows, markers = await secret.rows(), await secret.value(MARKERS)
    keys.write(keys.ring().with_current(ring_of("k2").current))
    await told(secret)
    await secret.add(50)
    later = await secret.add(1)
    await told(secret)
    await archived_whole(secret)
    await secret.archived(later)

    found = [path for path in secret.incarnation.root.rglob("*") if path.is_file()]
    encrypted = [path for path in found if not is_plain_by_nature(secret.incarnation, path)]
    assert {sealed.key_of_file(path) for path in encrypted} == {"k1", "k2"}
    stays = {secret.incarnation.incoming, secret.incarnation.stream}
    assert not [path for path in found if path.parent not in stays and bytes.fromhex(MARKER) in path.read_bytes()]

    run = await restored(secret.site, Target.time(moment))
    assert [path.name for path in secret.clusters.iterdir() if path.suffix == ".wal"] == []
    await promoted(secret.site, run)
    await secret.running()
    assert await secret.rows() == rows
    assert await secret.value(MARKERS) == markers
    await secret.replica_follows()
    await back_up(secret.site)


async def test_a_replica_is_rewound_by_what_is_in_the_archive_alone(secret: Restorable) -> None:
    moment = await secret.add(3)
    for _ in range(SEGMENTS):
        await secret.add(10)
        await secret.next_segment()
    rows = await secret.rows()
    await secret.archived(await secret.add(1))
    run = await promoted(secret.site, await restored(secret.site, Target.time(moment)))
    await secret.replica_follows()
    await no_backup_runs(secret.site)
    replica = secret.replica_directory.stat().st_ino
    for _ in range(SEGMENTS):
        await secret.execute("SELECT pg_logical_emit_message(false, 'test', 'no commit')")
        await secret.next_segment()
    await archived_whole(secret)

    asked = await restores.roll_back(secret.site, run.id, by="admin")
    assert isinstance(asked, RestoreRun), asked
    await reaches(secret.site, run, RestoreState.ROLLED_BACK)

    assert await secret.rows() == rows + 1
    await secret.add(1)
    await secret.replica_follows()
    assert secret.replica_directory.stat().st_ino == replica  # rewound, not cloned
    assert [path.name for path in secret.clusters.iterdir() if path.suffix == ".wal"] == []


async def test_a_missing_key_is_a_refusal_that_names_it(secret: Restorable, keys: KeyFile) -> None:
    await told(secret)
    await secret.archived(await secret.add(1))
    latest = await restores.plan(secret.site, Target.latest())
    assert isinstance(latest, Plan)
    key = str(latest.backup.key)

    with without(keys, "other"):
        missing = await refused(secret, Target.latest())
        run = await restores.trigger(secret.site, Target.latest(), promote=False, reason="A test", by="admin")
    nothing = replace(secret.site, repository=Repository.at(secret.site.repository.root))
    none = await restores.plan(nothing, Target.latest())

    assert missing.code == "KEY_MISSING"
    assert f"is encrypted with the key {key}, which is not here" in missing.message
    assert f"a key ring that has the key {key}" in str(missing.hint)
    assert isinstance(run, Refusal)
    assert isinstance(none, Refusal)
    assert none.code == "KEY_MISSING"


async def test_a_key_that_is_lost_after_the_plan_fails_the_restore_and_nothing_else(
    secret: Restorable, keys: KeyFile
) -> None:
    async with secret.untouched():
        async with secret.without_worker():
            run = await trigger(secret.site, Target.latest())
        with without(keys, "other"):
            ended = await reaches(secret.site, run, RestoreState.FAILED)

    assert "which is not here" in str(ended.error)
    assert "YUKYU_KEYS_FILE" in str(ended.error)


async def test_a_flipped_bit_in_a_segment_or_a_backup_is_named(secret: Restorable) -> None:
    await back_up(secret.site)
    newest = BackupManifest.all(secret.incarnation)[-1]
    await told(secret)
    await told(secret)
    await archived_whole(secret)
    moment = await secret.add(5)
    await secret.archived(moment)
    course = await restores.plan(secret.site, Target.time(moment))
    assert isinstance(course, Plan)
    first = Segment.of(newest.timeline, course.destination.end)
    segment = Segment(first.timeline, first.number - 1)
    path = secret.incarnation.timeline(segment.timeline) / f"{segment.name}.gz"
    data = next(secret.incarnation.backup(newest.id).glob("base.tar*"))

    with flipped(path, 0.6):
        async with secret.untouched():
            of_wal = await failed(secret.site, Target.time(moment))
    with flipped(data, 0.5):
        async with secret.untouched():
            of_backup = await failed(secret.site, Target.time(moment))

    assert f"{path.name} was damaged, cut off, changed or moved there" in of_wal
    assert f"The backup {newest.id} is damaged: its file {data.name}" in of_backup
    await discarded(secret.site, await restored(secret.site, Target.time(moment)))
