"""A process that opens a cluster and is killed by a test: prints what happens, a word a line, and waits."""

import asyncio
import signal
import sys
from pathlib import Path

from db.cluster import Binaries, EmbeddedCluster, Progress


def say(progress: Progress) -> None:
    print(progress.step, flush=True)  # noqa: T201 - what the test reads


async def supervise(home: Path, pg_bin: Path) -> None:
    async with EmbeddedCluster.open(home, binaries=Binaries.find(pg_bin), on_progress=say):
        print("ready", flush=True)  # noqa: T201 - what the test reads
        await asyncio.Event().wait()


# Whoever is started in the background of a shell would ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
asyncio.run(supervise(Path(sys.argv[1]), Path(sys.argv[2])))
