import gzip
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.cluster.identity import Identity
from db.repository import SEGMENT_BYTES, Incarnation, Repository, compression
from db.repository.collect import collect
from db.repository.inventory import Inventory
from tests import forking
from tests.db.repository.wal import MIDDLE, SYSTEM_IDENTIFIER, archive, content, put, segment

FOUR = segment(4)
ARCHIVED = FOUR.name + ".gz"

# Collects, and kills itself the moment it renames or removes a file for the n-th time.
KILLED = """
import os, signal, sys
from pathlib import Path
from db.cluster.identity import Identity
from db.repository import Incarnation
from db.repository.collect import collect

steps = int(sys.argv[3])

def step(event, arguments):
    global steps
    if event in {"os.rename", "os.remove"} and sys.argv[1] in str(arguments):
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(step)
collect(Incarnation(Path(sys.argv[1])), Identity.choose(Path(sys.argv[2])))
"""


@pytest.fixture
def full(scratch: Path, tmp_path: Path, user: Identity) -> Iterator[Incarnation]:
    """A repository on a disk of its own, with room for two segments."""
    place = scratch / f"disk-{tmp_path.name}"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", place], check=False)  # noqa: S607 - the system's
    if mounted.returncode != 0:
        pytest.skip("only root may make a small disk to fill")
    place.chmod(0o711)
    incarnation = Repository.at(place / "backups").incarnation(SYSTEM_IDENTIFIER)
    incarnation.create(user)
    yield incarnation
    subprocess.run(["umount", "--lazy", place], check=True)  # noqa: S607 - the system's


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_finished_segments_are_compressed_into_the_archive(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.incoming, FOUR.name, content(FOUR), user)
    put(incarnation.stream, segment(5).name, content(segment(5)), user)

    outcome = collect(incarnation, user)

    assert outcome.archived == [ARCHIVED, segment(5).name + ".gz"]
    assert gzip.decompress((incarnation.timeline(1) / ARCHIVED).read_bytes()) == content(FOUR)
    assert names(incarnation.incoming) == names(incarnation.stream) == []


def test_archived_files_belong_to_the_servers_user_alone(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.incoming, FOUR.name, content(FOUR), user)

    collect(incarnation, user)

    for path in (incarnation.timeline(1), incarnation.timeline(1) / ARCHIVED):
        found = path.stat()
        assert found.st_uid == user.uid
        assert found.st_mode & 0o077 == 0


def test_segment_that_was_ended_early_takes_little_room(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.incoming, FOUR.name, content(FOUR), user)

    collect(incarnation, user)

    assert (incarnation.timeline(1) / ARCHIVED).stat().st_size < 32_000


def test_identical_duplicate_is_dropped(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.incoming, FOUR.name, content(FOUR), user)
    put(incarnation.stream, FOUR.name, content(FOUR), user)

    outcome = collect(incarnation, user)

    assert (outcome.archived, outcome.duplicates, outcome.refused) == ([ARCHIVED], [ARCHIVED], {})
    assert names(incarnation.stream) == []


def test_different_segment_of_a_name_that_is_archived_is_kept_aside(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, FOUR)
    put(incarnation.incoming, FOUR.name, content(FOUR, b"something else"), user)

    outcome = collect(incarnation, user)

    assert outcome.refused == {FOUR.name: "the archive holds another under this name"}
    assert compression.read(incarnation.timeline(1) / ARCHIVED) == content(FOUR)
    assert [path.read_bytes() for path in incarnation.refused.iterdir()] == [content(FOUR, b"something else")]
    assert names(incarnation.incoming) == []


def test_duplicate_heals_a_damaged_archived_segment(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, FOUR, fill=os.urandom(MIDDLE // 8))
    damaged = bytearray((incarnation.timeline(1) / ARCHIVED).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (incarnation.timeline(1) / ARCHIVED).write_bytes(damaged)
    put(incarnation.incoming, FOUR.name, content(FOUR, b"the right one"), user)

    outcome = collect(incarnation, user)

    assert outcome.archived == [ARCHIVED]
    assert compression.read(incarnation.timeline(1) / ARCHIVED) == content(FOUR, b"the right one")


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (content(FOUR)[:-1], "it has 16777215 bytes instead of 16777216"),
        (content(segment(5)), "its first page is not that of this segment"),
        (content(segment(4, timeline=2)), "it was written on timeline 2"),
        (content(FOUR).replace(int(SYSTEM_IDENTIFIER).to_bytes(8, "little"), bytes(8)), "another database cluster, 0"),
    ],
    ids=["cut short", "another segment", "a later timeline", "another cluster"],
)
def test_what_is_not_the_segment_it_is_called_is_refused(
    incarnation: Incarnation, user: Identity, what: bytes, why: str
) -> None:
    put(incarnation.incoming, FOUR.name, what, user)

    outcome = collect(incarnation, user)

    assert why in outcome.refused[FOUR.name]
    assert Inventory.read(incarnation) == Inventory()


def test_first_segment_of_a_branch_may_begin_with_its_parents_page(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.incoming, segment(4, timeline=3).name, content(FOUR), user)

    assert collect(incarnation, user).refused == {}


def test_history_is_archived_as_it_is(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.incoming, "00000002.history", b"1\t0/A000198\tbecause\n", user)
    put(incarnation.stream, "00000002.history", b"1\t0/A000198\tbecause\n", user)

    outcome = collect(incarnation, user)

    assert outcome.duplicates == ["00000002.history"]
    assert incarnation.history(2).read_bytes() == b"1\t0/A000198\tbecause\n"


def test_segment_that_is_being_received_is_left_alone(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.stream, FOUR.name + ".partial", content(FOUR), user)

    assert collect(incarnation, user).archived == []
    assert names(incarnation.stream) == [FOUR.name + ".partial"]


def test_unfinished_segment_of_an_older_timeline_is_archived(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.stream, FOUR.name + ".partial", content(FOUR), user)
    put(incarnation.stream, segment(3, timeline=2).name + ".partial", content(segment(3)), user)

    assert collect(incarnation, user).archived == [FOUR.name + ".partial.gz"]
    assert names(incarnation.stream) == [segment(3, timeline=2).name + ".partial"]


def test_leftover_is_archived_when_nobody_receives_any_more(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.stream, FOUR.name + ".partial", content(FOUR), user)
    put(incarnation.stream, segment(5).name + ".partial", bytes(SEGMENT_BYTES), user)  # just begun

    assert collect(incarnation, user, leftovers=True).archived == [FOUR.name + ".partial.gz"]
    assert names(incarnation.stream) == []


def test_servers_half_copied_file_is_not_taken(incarnation: Incarnation, user: Identity) -> None:
    copying = put(incarnation.incoming, f"archtemp.{FOUR.name}.77.1", content(FOUR)[:100], user)

    assert collect(incarnation, user).archived == []
    os.utime(copying, (0, 0))
    collect(incarnation, user)
    assert names(incarnation.incoming) == []


def test_link_is_not_followed(incarnation: Incarnation, user: Identity, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(content(FOUR))
    (incarnation.incoming / FOUR.name).symlink_to(secret)

    outcome = collect(incarnation, user)

    assert outcome.archived == []
    assert FOUR.name in outcome.failed


def test_one_file_that_cannot_be_read_does_not_hold_up_the_others(incarnation: Incarnation, user: Identity) -> None:
    (incarnation.incoming / FOUR.name).mkdir()
    put(incarnation.incoming, segment(5).name, content(segment(5)), user)

    outcome = collect(incarnation, user)

    assert outcome.archived == [segment(5).name + ".gz"]
    assert list(outcome.failed) == [FOUR.name]


@pytest.mark.parametrize("step", range(1, 7))
def test_killed_collecting_loses_nothing_and_is_finished_by_the_next(
    incarnation: Incarnation, user: Identity, step: int
) -> None:
    put(incarnation.incoming, FOUR.name, content(FOUR), user)
    put(incarnation.stream, FOUR.name, content(FOUR), user)
    put(incarnation.stream, segment(5).name, content(segment(5)), user)

    killed = forking.run("python", "-c", KILLED, incarnation.root, "/nonexistent", step)

    assert Inventory.read(incarnation).segments == {1: {4, 5}}
    collect(incarnation, user)
    assert names(incarnation.timeline(1)) == [ARCHIVED, segment(5).name + ".gz"]
    assert names(incarnation.incoming) == names(incarnation.stream) == names(incarnation.refused) == []
    assert [compression.read(incarnation.timeline(1) / name) for name in names(incarnation.timeline(1))] == [
        content(FOUR),
        content(segment(5)),
    ]
    assert killed.returncode in {-9, 0}


def test_full_disk_leaves_the_segment_where_it_is_until_there_is_room(full: Incarnation, user: Identity) -> None:
    incompressible = os.urandom(SEGMENT_BYTES - 100)
    put(full.incoming, FOUR.name, content(FOUR, incompressible), user)
    filler = put(full.root, "filler", os.urandom(20 * 1024 * 1024), user)

    outcome = collect(full, user)

    assert outcome.failed == {FOUR.name: "No space left on device"}
    assert names(full.timeline(1)) == []
    filler.unlink()
    assert collect(full, user).archived == [ARCHIVED]


def test_copies_that_the_server_broke_off_on_a_full_disk_make_room(full: Incarnation, user: Identity) -> None:
    put(full.incoming, FOUR.name, content(FOUR, os.urandom(SEGMENT_BYTES - 100)), user)
    put(full.incoming, f"archtemp.{segment(5).name}.77.1", os.urandom(20 * 1024 * 1024), user)

    assert list(collect(full, user).failed) == [FOUR.name]

    assert collect(full, user).archived == [ARCHIVED]
