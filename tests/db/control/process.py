"""A process beside the tests' own that writes to a control store: `process.py URL count N | hold | take`."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from db.control import Control, audit, operations

NOWHERE = Path("/nonexistent")


async def count(url: str, times: int) -> None:
    """Read a number and write one more, `times` times; what another process wrote between would be lost."""
    async with Control.open(NOWHERE, url=url) as control:
        for _ in range(times):
            async with control.transaction() as session:
                operation = await operations.by_id(session, "counter")
                assert operation is not None
                seen = int(operation.outcome["number"])
                await asyncio.sleep(0.001)
                operation.outcome = {"number": seen + 1}
                session.add(operation)


async def hold(url: str) -> None:
    """Write an entry and never commit."""
    async with Control.open(NOWHERE, url=url) as control, control.transaction() as session:
        await audit.record(session, who="aiko", action="test", subject="held", result="never")
        print("held", flush=True)  # noqa: T201 - what the test waits for
        time.sleep(60)  # noqa: ASYNC251 - until it is killed


async def take(url: str) -> None:
    """Take operations until there are none, and print them."""
    async with Control.open(NOWHERE, url=url) as control:
        while True:
            async with control.transaction() as session:
                operation = await operations.take(session, ["test"], now=datetime.now(UTC))
            if operation is None:
                return
            print(operation.id, flush=True)  # noqa: T201 - what the test reads


if __name__ == "__main__":
    url, command, *rest = sys.argv[1:]
    asyncio.run(
        {"count": lambda: count(url, int(rest[0])), "hold": lambda: hold(url), "take": lambda: take(url)}[command]()
    )
