"""The script is run as PostgreSQL would run it: by its user, in a directory of that user's."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from db.cluster.identity import Identity
from db.repository import SEGMENT_BYTES, Incarnation, compression
from db.repository.restoring import restore_command
from tests.db.repository.wal import MIDDLE, archive, content, put, segment

FOUR = segment(4)
PLACE = "RECOVERYXLOG"


@pytest.fixture
def server(incarnation: Incarnation, user: Identity) -> Path:
    """The data directory of the server that recovers."""
    directory = incarnation.root.parent.parent / "it's 100% data"
    directory.mkdir(mode=0o700)
    user.own(directory)
    return directory


@pytest.fixture
def setting(incarnation: Incarnation, user: Identity, server: Path) -> str:
    return restore_command(incarnation, user, server)


def run(setting: str, user: Identity, server: Path, name: str) -> int:
    """Do what PostgreSQL does with the setting, and return the exit code."""
    command = setting.replace("%f", name).replace("%p", PLACE).replace("%%", "%")
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=server, capture_output=True, text=True, check=False, **user.process_options
    )
    assert sorted(path.name for path in server.iterdir() if path.name not in {PLACE, "restore_command.sh"}) == []
    return done.returncode


def test_archived_segment_is_given(incarnation: Incarnation, user: Identity, setting: str, server: Path) -> None:
    archive(incarnation, user, FOUR)

    assert run(setting, user, server, FOUR.name) == 0
    assert (server / PLACE).read_bytes() == content(FOUR)


@pytest.mark.parametrize("directory", ["incoming", "stream"])
def test_segment_that_waits_to_be_collected_is_given(
    incarnation: Incarnation, user: Identity, setting: str, server: Path, directory: str
) -> None:
    put(incarnation.root / directory, FOUR.name, content(FOUR), user)

    assert run(setting, user, server, FOUR.name) == 0
    assert (server / PLACE).read_bytes() == content(FOUR)


def test_segment_that_is_being_received_is_given(
    incarnation: Incarnation, user: Identity, setting: str, server: Path
) -> None:
    put(incarnation.stream, FOUR.name + ".partial", content(FOUR), user)

    assert run(setting, user, server, FOUR.name) == 0


def test_archived_unfinished_segment_is_given(
    incarnation: Incarnation, user: Identity, setting: str, server: Path
) -> None:
    archive(incarnation, user, segment(3))
    put(incarnation.timeline(1), FOUR.name + ".partial.gz", compression.compress(content(FOUR)), user)

    assert run(setting, user, server, FOUR.name) == 0
    assert (server / PLACE).read_bytes() == content(FOUR)


def test_whole_segment_goes_before_an_unfinished_one(
    incarnation: Incarnation, user: Identity, setting: str, server: Path
) -> None:
    put(incarnation.stream, FOUR.name + ".partial", content(FOUR, b"begun"), user)
    put(incarnation.incoming, FOUR.name, content(FOUR, b"done"), user)

    assert run(setting, user, server, FOUR.name) == 0
    assert (server / PLACE).read_bytes() == content(FOUR, b"done")


def test_history_is_given(incarnation: Incarnation, user: Identity, setting: str, server: Path) -> None:
    put(incarnation.wal, "00000002.history", b"1\t0/5000000\tbecause\n", user)
    put(incarnation.stream, "00000003.history", b"2\t0/6000000\tbecause\n", user)

    assert [run(setting, user, server, f"0000000{timeline}.history") for timeline in (2, 3, 4)] == [0, 0, 1]


def test_what_is_nowhere_is_absent(incarnation: Incarnation, user: Identity, setting: str, server: Path) -> None:
    assert run(setting, user, server, FOUR.name) == 1
    archive(incarnation, user, segment(5))
    assert run(setting, user, server, FOUR.name) == 1
    assert not (server / PLACE).exists()


def test_segment_that_was_only_begun_is_absent(
    incarnation: Incarnation, user: Identity, setting: str, server: Path
) -> None:
    put(incarnation.stream, FOUR.name + ".partial", bytes(8192), user)

    assert run(setting, user, server, FOUR.name) == 1


@pytest.mark.parametrize("cut", [1, 40, 5000])
def test_truncated_segment_stops_the_recovery(
    incarnation: Incarnation, user: Identity, setting: str, server: Path, cut: int
) -> None:
    archive(incarnation, user, FOUR, fill=os.urandom(MIDDLE))
    path = incarnation.timeline(1) / f"{FOUR.name}.gz"
    os.truncate(path, path.stat().st_size - cut)

    assert run(setting, user, server, FOUR.name) == 126
    assert not (server / PLACE).exists()


def test_flipped_bit_stops_the_recovery(incarnation: Incarnation, user: Identity, setting: str, server: Path) -> None:
    archive(incarnation, user, FOUR, fill=os.urandom(MIDDLE))
    path = incarnation.timeline(1) / f"{FOUR.name}.gz"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    path.write_bytes(damaged)

    assert run(setting, user, server, FOUR.name) == 126
    assert not (server / PLACE).exists()


def test_segment_of_another_size_stops_the_recovery(
    incarnation: Incarnation, user: Identity, setting: str, server: Path
) -> None:
    put(incarnation.incoming, FOUR.name, content(FOUR)[:-1], user)

    assert run(setting, user, server, FOUR.name) == 126


@pytest.mark.parametrize("missing", ["", "wal", "incoming", "stream"])
def test_archive_that_is_not_there_stops_the_recovery(
    incarnation: Incarnation, user: Identity, setting: str, server: Path, missing: str
) -> None:
    shutil.rmtree(incarnation.root / missing)

    assert run(setting, user, server, FOUR.name) == 126


@pytest.mark.parametrize("closed", ["wal", "incoming", "stream", "wal/00000001"])
def test_directory_that_cannot_be_searched_stops_the_recovery(
    incarnation: Incarnation, user: Identity, setting: str, server: Path, closed: str
) -> None:
    if not user.switched:
        pytest.skip("only root can take a directory away from another user")
    archive(incarnation, user, segment(3))
    os.chown(incarnation.root / closed, 0, 0)

    assert run(setting, user, server, FOUR.name) == 126


@pytest.mark.parametrize("where", ["wal/00000001/{}.gz", "incoming/{}", "stream/{}", "stream/{}.partial"])
def test_file_that_cannot_be_read_stops_the_recovery(
    incarnation: Incarnation, user: Identity, setting: str, server: Path, where: str
) -> None:
    if not user.switched:
        pytest.skip("only root can take a file away from another user")
    archive(incarnation, user, FOUR)
    place = incarnation.root / where.format(FOUR.name)
    if not place.exists():
        (incarnation.timeline(1) / f"{FOUR.name}.gz").unlink()
        place.write_bytes(content(FOUR))
    os.chown(place, 0, 0)
    place.chmod(0o600)

    assert run(setting, user, server, FOUR.name) == 126


def test_missing_program_stops_the_recovery(
    incarnation: Incarnation, user: Identity, setting: str, server: Path
) -> None:
    archive(incarnation, user, FOUR)
    script = server / "restore_command.sh"
    script.write_text(script.read_text().replace("gzip -dc", "gzip-that-is-not-installed -dc"))

    assert run(setting, user, server, FOUR.name) == 126


def test_full_disk_stops_the_recovery(incarnation: Incarnation, user: Identity, setting: str, server: Path) -> None:
    archive(incarnation, user, FOUR)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=777", "tmpfs", server / "."], check=False)  # noqa: S607 - the system's
    if mounted.returncode != 0:
        pytest.skip("only root may make a small disk to fill")
    try:
        command = shlex.split(restore_command(incarnation, user, server).replace("%%", "%"))[:-2]
        done = subprocess.run([*command, FOUR.name, PLACE], cwd=server, check=False, **user.process_options)
        assert done.returncode == 126
        assert sorted(path.name for path in server.iterdir()) == ["restore_command.sh"]
    finally:
        subprocess.run(["umount", "--lazy", server], check=True)  # noqa: S607 - the system's


def test_segment_that_moves_into_the_archive_meanwhile_is_given(
    incarnation: Incarnation, user: Identity, setting: str, server: Path
) -> None:
    """After the archive has been searched, and before the other directories are: the second search finds it."""
    archive(incarnation, user, FOUR)
    path = incarnation.timeline(1) / f"{FOUR.name}.gz"
    away = path.rename(incarnation.root / "away")
    script = server / "restore_command.sh"
    moved = f"search\nmv {shlex.quote(str(away))} {shlex.quote(str(path))}\nsearch\n"
    script.write_text(script.read_text().replace("search\nsearch\n", moved))

    assert run(setting, user, server, FOUR.name) == 0
    assert (server / PLACE).stat().st_size == SEGMENT_BYTES
