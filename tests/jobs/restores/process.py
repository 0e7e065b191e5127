"""A worker in a process of its own that kills itself: `process.py DIRECTORY PROGRAMS POINT`.

A point is the state of a step, such as `Recover: RUNNING`, or a function before or after which it dies, such as
`before switch`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.repository import Repository
from db.restores import takeover
from jobs.restores import cutover, places, restoring, rolling_back, steps
from jobs.site import Site
from jobs.worker.loop import work
from tests.jobs.restores.doing import KINDS

# Who calls each function, and by which name.
FUNCTIONS = {
    "unpack": restoring,
    "take": places,
    "promote": takeover,
    "set_passwords": takeover,
    "switch": cutover,
    "changed_since": rolling_back.contents,
    "remove": places,
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(point: str) -> None:
    when, _, name = point.partition(" ")
    if when in {"before", "after"}:
        owner = FUNCTIONS[name]
        setattr(owner, name, deadly(getattr(owner, name), before=when == "before"))
        return
    written = steps.Step.write

    @wraps(written)
    async def write(step: steps.Step, state: str, fraction: float) -> None:
        await written(step, state, fraction)
        if point == f"{step.name}: {state}":
            die()

    steps.Step.write = write


def deadly(function: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    async def asynchronous(*arguments: object, **options: object) -> None:
        if not before:
            await function(*arguments, **options)
        die()

    def synchronous(*arguments: object, **options: object) -> None:
        if not before:
            function(*arguments, **options)
        die()

    return wraps(function)(asynchronous if asyncio.iscoroutinefunction(function) else synchronous)


async def main(directory: Path, programs: Path, point: str) -> None:
    die_at(point)
    archive = Repository.at(directory / "backups")
    cluster = EmbeddedCluster.locate(directory, binaries=Binaries.find(programs), archive=archive)
    async with Control.open(cluster.layout.state) as control:
        await work(Site(control=control, repository=archive, installation=cluster.installation), KINDS)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
