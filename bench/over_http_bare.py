"""A statement on bare asyncpg connections, by a process of its own: what no server could be quicker than.

    python bench/over_http_bare.py NAME FILE CONNECTIONS SECONDS

FILE has the database's URL, the statement, and for each text its arguments; the answer is one line of JSON.
"""

import asyncio
import itertools
import json
import resource
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg
import uvloop

WARM_UP = 3


async def main(given: dict[str, Any], connections: int, seconds: float) -> None:
    opened = [await asyncpg.connect(given["url"]) for _ in range(connections)]
    texts = itertools.cycle(given["arguments"])
    taken: list[float] = []

    async def go_on(connection: asyncpg.Connection, until: float) -> None:
        while (began := perf_counter()) < until:
            await connection.fetch(given["statement"], *next(texts))
            taken.append(perf_counter() - began)

    for connection in opened:
        for _ in range(WARM_UP):
            await connection.fetch(given["statement"], *next(texts))
    before, began = _cpu(), perf_counter()
    await asyncio.gather(*(go_on(connection, began + seconds) for connection in opened))
    elapsed, cpu = perf_counter() - began, _cpu() - before
    taken.sort()
    found = {f"p{percent}": taken[len(taken) * percent // 100] * 1000 for percent in (50, 95, 99)}
    counts = {"answers": len(taken), "seconds": elapsed, "failed": 0, "cpu_seconds": cpu}
    print(json.dumps(found | counts))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    uvloop.run(main(asked, int(sys.argv[3]), float(sys.argv[4])))
