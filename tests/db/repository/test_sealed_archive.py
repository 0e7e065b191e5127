"""An archive with a key: everything is as it is without one, but for what a thief finds."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from db.cluster.identity import Identity
from db.keys import KeyFile
from db.repository import SEGMENT_BYTES, Incarnation, Repository, compression, keys_in_use, opening, sealed, stored
from db.repository.collect import collect
from db.repository.inventory import Inventory
from db.repository.restoring import restore_command
from db.repository.sealed import KeyMissingError, SealBrokenError
from db.repository.verify import verify_segments
from tests import forking
from tests.db.repository.wal import MIDDLE, content, put, segment
from tests.keys import key_file, ring_of

FOUR, FIVE, SIX = segment(4), segment(5), segment(6)
# What no compression changes.
MARKER = bytes.fromhex("5f1c9be2c07a4d0f8b3366e1a94dd27c")

# Collects with a key, and kills itself at the n-th thing that it does to a file.
KILLED = """
import os, signal, sys
from pathlib import Path
from db.cluster.identity import Identity
from db.keys import KeyFile
from db.repository import Incarnation
from db.repository.collect import collect

steps = int(sys.argv[3])

def step(event, arguments):
    global steps
    if event in {"open", "os.rename", "os.remove"} and sys.argv[1] in str(arguments):
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(step)
collect(Incarnation(Path(sys.argv[1]), KeyFile(Path(sys.argv[2]))), Identity.choose(Path("/nonexistent")))
"""


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return key_file(tmp_path / "keys.json", "k1")


@pytest.fixture
def secret(incarnation: Incarnation, keys: KeyFile) -> Incarnation:
    """The archive, with a key."""
    return replace(incarnation, keys=keys)


def path_of(incarnation: Incarnation, whose: object = FOUR, suffix: str = ".gz") -> Path:
    return incarnation.timeline(1) / f"{getattr(whose, 'name', whose)}{suffix}"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def flip(path: Path, at: float = 0.5) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[int(len(damaged) * at)] ^= 0x10
    path.write_bytes(damaged)


def in_the_clear(directory: Path, what: bytes) -> Iterable[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and what in path.read_bytes()]


def test_a_collected_segment_is_encrypted_and_read_again(
    secret: Incarnation, incarnation: Incarnation, user: Identity
) -> None:
    put(secret.incoming, FOUR.name, content(FOUR, os.urandom(MIDDLE) + MARKER), user)
    meant = (secret.incoming / FOUR.name).read_bytes()

    assert collect(secret, user).archived == [FOUR.name + ".gz"]

    assert path_of(secret).read_bytes().startswith(sealed.MAGIC)
    assert sealed.key_of_file(path_of(secret)) == "k1"
    assert in_the_clear(secret.root, MARKER) == []
    assert stored.read(secret, path_of(secret)) == meant
    assert path_of(secret).stat().st_uid == user.uid
    with pytest.raises(KeyMissingError, match="encrypted with the key k1"):
        stored.read(incarnation, path_of(secret))


def test_without_a_key_files_are_what_they_always_were(incarnation: Incarnation, user: Identity) -> None:
    put(incarnation.incoming, FOUR.name, content(FOUR), user)

    collect(incarnation, user)

    assert path_of(incarnation).read_bytes() == compression.compress(content(FOUR))


def test_histories_stay_plain_because_postgresql_reads_them(secret: Incarnation, user: Identity) -> None:
    put(secret.incoming, "00000002.history", b"1\t0/A000198\tbecause\n", user)

    collect(secret, user)

    assert secret.history(2).read_bytes() == b"1\t0/A000198\tbecause\n"


def test_a_duplicate_is_dropped_and_another_of_its_name_set_aside_encrypted(
    secret: Incarnation, user: Identity
) -> None:
    put(secret.incoming, FOUR.name, content(FOUR), user)
    put(secret.stream, FOUR.name, content(FOUR), user)
    assert collect(secret, user).duplicates == [FOUR.name + ".gz"]

    put(secret.incoming, FOUR.name, content(FOUR, MARKER), user)
    assert list(collect(secret, user).refused) == [FOUR.name]

    (aside,) = secret.refused.iterdir()
    assert aside.read_bytes().startswith(sealed.MAGIC)
    assert stored.content(secret, aside) == content(FOUR, MARKER)
    assert in_the_clear(secret.root, MARKER) == []
    assert names(secret.incoming) == names(secret.stream) == []


def test_a_duplicate_heals_an_encrypted_segment_that_was_damaged(secret: Incarnation, user: Identity) -> None:
    put(secret.incoming, FOUR.name, content(FOUR), user)
    collect(secret, user)
    flip(path_of(secret))
    put(secret.incoming, FOUR.name, content(FOUR), user)

    assert collect(secret, user).archived == [FOUR.name + ".gz"]
    assert stored.read(secret, path_of(secret)) == content(FOUR)


def test_wal_waits_where_it_is_while_the_keys_cannot_be_read(
    secret: Incarnation, keys: KeyFile, user: Identity
) -> None:
    put(secret.incoming, FOUR.name, content(FOUR), user)
    away = keys.path.rename(keys.path.with_name("away"))

    outcome = collect(secret, user)

    assert outcome.archived == []
    assert "cannot be read" in outcome.failed[FOUR.name]
    assert names(secret.incoming) == [FOUR.name]
    away.rename(keys.path)
    assert collect(secret, user).archived == [FOUR.name + ".gz"]


def test_a_segment_is_not_dropped_while_nobody_knows_what_the_archive_holds(
    secret: Incarnation, keys: KeyFile, user: Identity
) -> None:
    put(secret.incoming, FOUR.name, content(FOUR), user)
    collect(secret, user)
    keys.write(ring_of("k2"))
    put(secret.incoming, FOUR.name, content(FOUR), user)

    outcome = collect(secret, user)

    assert "encrypted with the key k1, which is not here" in outcome.failed[FOUR.name]
    assert names(secret.incoming) == [FOUR.name]
    assert sealed.key_of_file(path_of(secret)) == "k1"


def test_old_plain_segments_and_those_of_an_older_key_are_read_beside_new_ones(
    incarnation: Incarnation, secret: Incarnation, keys: KeyFile, user: Identity
) -> None:
    put(incarnation.incoming, FOUR.name, content(FOUR), user)
    collect(incarnation, user)
    put(secret.incoming, FIVE.name, content(FIVE), user)
    collect(secret, user)
    keys.write(keys.ring().with_current(ring_of("k2").current))
    put(secret.incoming, SIX.name, content(SIX), user)
    collect(secret, user)

    assert [sealed.key_of_file(path_of(secret, each)) for each in (FOUR, FIVE, SIX)] == [None, "k1", "k2"]
    assert verify_segments(secret, FOUR, SIX) == []
    assert opening.keys_of(secret, [FOUR, FIVE, SIX]) == {"k1": FIVE, "k2": SIX}
    assert keys_in_use.look(Repository(secret.root.parent)).wal == {"k1": 1, "k2": 1}


@pytest.mark.parametrize("at", [0.0, 0.5, 0.999])
def test_damage_is_told_from_a_missing_key(secret: Incarnation, keys: KeyFile, user: Identity, at: float) -> None:
    put(secret.incoming, FOUR.name, content(FOUR, os.urandom(MIDDLE)), user)
    collect(secret, user)
    whole = path_of(secret).read_bytes()
    flip(path_of(secret), at)
    assert [bad.reason for bad in verify_segments(secret, FOUR, FOUR)] == [f"{path_of(secret)} is damaged"]

    path_of(secret).write_bytes(whole)
    keys.write(ring_of("k2"))
    with pytest.raises(KeyMissingError, match="k1"):
        verify_segments(secret, FOUR, FOUR)


def test_a_segment_that_was_put_in_the_place_of_another_is_damage(secret: Incarnation, user: Identity) -> None:
    for each in (FOUR, FIVE):
        put(secret.incoming, each.name, content(each), user)
    collect(secret, user)
    path_of(secret).write_bytes(path_of(secret, FIVE).read_bytes())

    assert [bad.reason for bad in verify_segments(secret, FOUR, FIVE)] == [f"{path_of(secret)} is damaged"]


def test_how_far_an_encrypted_unfinished_segment_goes_takes_its_key(
    secret: Incarnation, keys: KeyFile, user: Identity
) -> None:
    put(secret.stream, FOUR.name + ".partial", content(FOUR), user)
    assert collect(secret, user, leftovers=True).archived == [FOUR.name + ".partial.gz"]
    assert Inventory.read(secret).end(1) > FOUR.start

    keys.write(ring_of("k2"))
    os.utime(path_of(secret, suffix=".partial.gz"), (1, 1))
    with pytest.raises(KeyMissingError):
        Inventory.read(secret).end(1)


@pytest.mark.parametrize("step", [4, 6, 7, 9, 14])
def test_killed_collecting_loses_nothing_and_is_finished_by_the_next(
    secret: Incarnation, keys: KeyFile, user: Identity, step: int
) -> None:
    put(secret.incoming, FOUR.name, content(FOUR), user)
    put(secret.stream, FIVE.name, content(FIVE), user)

    killed = forking.run("python", "-c", KILLED, secret.root, keys.path, step)

    assert Inventory.read(secret).segments == {1: {4, 5}}
    collect(secret, user)
    assert names(secret.timeline(1)) == [f"{FOUR.name}.gz", f"{FIVE.name}.gz"]
    assert names(secret.incoming) == names(secret.stream) == names(secret.refused) == []
    assert [stored.read(secret, path_of(secret, each)) for each in (FOUR, FIVE)] == [content(FOUR), content(FIVE)]
    assert killed.returncode in {-9, 0}


class Recovery:
    """Asks for files as PostgreSQL does, where `opening` has put the segments."""

    def __init__(self, incarnation: Incarnation, user: Identity) -> None:
        self.incarnation, self.user = incarnation, user
        self.directory = incarnation.root.parent.parent / "recovering"
        self.directory.mkdir(mode=0o700)
        user.own(self.directory)
        self.opened = self.directory.with_name("recovering.wal")

    def provide(self, *segments: object) -> None:
        opening.provide(self.incarnation, self.user, segments, self.opened)  # pyright: ignore[reportArgumentType]

    def ask(self, name: str) -> int:
        setting = restore_command(self.incarnation, self.user, self.directory, segments=self.opened)
        command = setting.replace("%f", name).replace("%p", "RECOVERYXLOG")
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.directory,
            capture_output=True,
            check=False,
            **self.user.process_options,
        )
        return done.returncode

    @property
    def given(self) -> bytes:
        return (self.directory / "RECOVERYXLOG").read_bytes()


@pytest.fixture
def recovery(secret: Incarnation, user: Identity) -> Recovery:
    return Recovery(secret, user)


def test_recovery_is_given_what_was_decrypted_for_it_and_nothing_behind(
    secret: Incarnation, user: Identity, recovery: Recovery
) -> None:
    for each in (FOUR, FIVE):
        put(secret.incoming, each.name, content(each), user)
    collect(secret, user)
    put(secret.wal, "00000002.history", b"1\t0/5000000\tbecause\n", user)

    recovery.provide(FOUR)

    assert recovery.ask(FOUR.name) == 0
    assert recovery.given == content(FOUR)
    assert recovery.ask(FIVE.name) == 1
    assert [recovery.ask(f"0000000{timeline}.history") for timeline in (2, 3)] == [0, 1]


def test_what_waits_to_be_collected_is_given_even_when_it_is_collected_meanwhile(
    secret: Incarnation, user: Identity, recovery: Recovery
) -> None:
    put(secret.incoming, FOUR.name, content(FOUR), user)
    put(secret.stream, FIVE.name + ".partial", content(FIVE), user)
    put(secret.stream, SIX.name + ".partial", bytes(8192), user)  # just begun

    recovery.provide(FOUR, FIVE, SIX)
    collect(secret, user, leftovers=True)

    assert [recovery.ask(each.name) for each in (FOUR, FIVE, SIX)] == [0, 0, 1]
    assert len(recovery.given) == SEGMENT_BYTES


def test_a_damaged_segment_is_named_before_recovery_begins(
    secret: Incarnation, user: Identity, recovery: Recovery
) -> None:
    put(secret.incoming, FOUR.name, content(FOUR), user)
    collect(secret, user)
    flip(path_of(secret))

    with pytest.raises(SealBrokenError, match=FOUR.name):
        recovery.provide(FOUR)


def test_an_encrypted_segment_that_nobody_decrypted_stops_a_recovery(
    secret: Incarnation, user: Identity, recovery: Recovery
) -> None:
    """A version of this without keys asks the archive itself: it must not take it for the end of the WAL."""
    put(secret.incoming, FOUR.name, content(FOUR), user)
    collect(secret, user)
    recovery.opened = secret.root

    assert recovery.ask(FOUR.name) == 126
