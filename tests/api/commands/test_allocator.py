"""A server begins again with the allocator it is to have, once, unless somebody has chosen another."""

import json
import os
import subprocess
import sys

import pytest

from api.commands import allocator

CHOOSE = r"""
import json, os, sys
from api.commands import allocator
allocator.choose()
began = dict(each.split("=", 1) for each in open("/proc/self/environ").read().split("\0") if each)
names = allocator.CHOICE
print(json.dumps({
    "began": {name: began.get(name) for name in names},
    "inherited": {name: os.environ.get(name) for name in names},
    "arguments": sys.argv,
    "pid": os.getpid(),
}))
"""


def chosen(**given: str) -> dict[str, object]:
    others = {name: value for name, value in os.environ.items() if name not in allocator.CHOICE}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", CHOOSE, "an argument"], env=others | given, stdout=subprocess.PIPE
    ) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    found = json.loads(output)
    assert found.pop("pid") == process.pid
    assert found.pop("arguments") == ["-c", "an argument"]
    return found


def test_it_begins_again_in_place_and_what_it_starts_may_choose_for_itself() -> None:
    assert chosen() == {"began": allocator.CHOICE, "inherited": dict.fromkeys(allocator.CHOICE)}


def test_a_server_begins_again_with_all_that_it_was_started_with() -> None:
    command = [sys.executable, "-P", "-m", "api.commands", "serve", "--help"]
    others = {name: value for name, value in os.environ.items() if name not in allocator.CHOICE}
    helped = subprocess.run(command, env=others, stdout=subprocess.PIPE, check=True, timeout=60)

    assert b"--workers" in helped.stdout


@pytest.mark.parametrize(
    "given", [{"PYTHONMALLOC": "pymalloc"}, {"GLIBC_TUNABLES": "glibc.malloc.check=1"}, {"PYTHONMALLOC": "malloc"}]
)
def test_a_choice_by_hand_stays(given: dict[str, str]) -> None:
    as_given = {name: given.get(name) for name in allocator.CHOICE}

    assert chosen(**given) == {"began": as_given, "inherited": as_given}
