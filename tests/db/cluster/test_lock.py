"""Who looks after a server is asked of locks: numbers of processes mean nothing across containers."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from db.cluster import AlreadyRunningError
from db.cluster.layout import Layout
from db.cluster.lock import held, holder, is_elsewhere, server_held
from tests.db.cluster.elsewhere import held_elsewhere
from tests.db.cluster.witness import eventually


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.of(tmp_path)
    layout.create()
    return layout


def test_whoever_looks_after_a_server_is_known_until_the_end(layout: Layout) -> None:
    with server_held(layout, "primary"):
        assert holder(layout) == os.getpid()
        assert holder(layout, ["primary"]) == os.getpid()
        assert holder(layout, ["replica"]) is None
        assert not is_elsewhere(layout, "primary")

    assert holder(layout) is None


def test_whoever_looks_after_all_looks_after_each(layout: Layout) -> None:
    with held(layout):
        assert holder(layout, ["replica"]) == os.getpid()


def test_what_a_killed_process_had_begun_to_start_keeps_nobody_out(layout: Layout) -> None:
    with layout.lock.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        begun = subprocess.Popen(["/bin/sleep", "0.2"], pass_fds=(lock.fileno(),))

    with held(layout):
        assert holder(layout) == os.getpid()
    begun.wait()


def test_a_process_that_has_the_number_of_a_dead_one_is_not_taken_for_it(layout: Layout) -> None:
    layout.server_pid("primary").write_text(f"{os.getpid()} pid:[1]\n")

    assert holder(layout) is None
    assert not is_elsewhere(layout, "primary")


def test_asking_disturbs_nobody_who_begins(layout: Layout) -> None:
    layout.server_pid("primary").write_text("1 pid:[1]\n")
    for _ in range(100):
        assert holder(layout) is None
        with server_held(layout, "primary"):
            assert holder(layout) == os.getpid()


def test_a_server_that_another_container_looks_after_is_known_to_be(layout: Layout) -> None:
    with held_elsewhere(layout, "primary"):
        assert holder(layout) is not None
        assert is_elsewhere(layout, "primary")
        assert not is_elsewhere(layout, "replica")
        with pytest.raises(AlreadyRunningError), server_held(layout, "primary"):
            pass


async def test_a_container_that_is_killed_looks_after_nothing(layout: Layout) -> None:
    async def nobody() -> bool:
        return holder(layout) is None

    with held_elsewhere(layout, "primary") as node:
        node.kill()

        await eventually(nobody)
        assert not is_elsewhere(layout, "primary")
        with server_held(layout, "primary"):
            assert holder(layout) == os.getpid()
