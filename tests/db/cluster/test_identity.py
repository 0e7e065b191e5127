"""Programs run as the user that they should, with nothing of root's left."""

import os
from pathlib import Path

import pytest

from db.cluster import programs
from db.cluster.identity import Identity

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@as_root
async def test_a_program_has_the_users_number_his_group_alone_and_no_right_of_roots(tmp_path: Path) -> None:
    user = Identity.choose(tmp_path)

    said = await programs.run(["/bin/grep", "-E", "^(Uid|Gid|Groups|Cap)", "/proc/self/status"], user)

    status = {name: value.split() for name, _, value in (line.partition(":") for line in said.splitlines())}
    assert status["Uid"] == [str(user.uid)] * 4
    assert status["Gid"] == [str(user.gid)] * 4
    assert set(status["Groups"]) <= {str(user.gid)}
    for rights in ("CapPrm", "CapEff", "CapAmb"):
        assert int(status[rights][0], 16) == 0


async def test_a_program_of_ones_own_user_is_started_as_it_is(tmp_path: Path) -> None:
    oneself = Identity("oneself", os.geteuid(), os.getegid(), switched=False)

    assert oneself.command(["/bin/cat", tmp_path]) == (["/bin/cat", tmp_path], {})
