"""Users who search, read for a second, and search again: a process of its own, on a connection each.

    python bench/users_load.py FILE URL USERS SECONDS

FILE has the Authorization header and the bodies, a line each. One who is refused with Retry-After waits so long and
then reads on. The answer is one line of JSON; milliseconds, of those who were answered and of those who were refused.
"""

import asyncio
import itertools
import json
import sys
from collections import Counter, defaultdict
from http import HTTPStatus
from pathlib import Path
from random import Random
from time import perf_counter
from urllib.parse import urlsplit

import uvloop

THINK_SECONDS = 1.0
PATIENCE_SECONDS = 30.0
PERCENTILES = (50, 95, 99)


class Users:
    def __init__(self, file: Path, url: str) -> None:
        authorization, *bodies = file.read_text(encoding="utf-8").splitlines()
        self._address = urlsplit(url)
        self._head = (
            f"POST {self._address.path} HTTP/1.1\r\nHost: {self._address.netloc}\r\nAuthorization: {authorization}\r\n"
            "Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: "
        )
        self._bodies = itertools.cycle([body.encode() for body in bodies])
        self.taken: dict[int, list[float]] = defaultdict(list)
        self.failed: Counter[str] = Counter()
        self.retry_after: set[str] = set()

    async def be_one(self, begins_in: float, until: float) -> None:
        await asyncio.sleep(begins_in)
        reader = writer = None
        while perf_counter() < until:
            pause = THINK_SECONDS
            try:
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    began = perf_counter()
                    status, wait = await self._ask(reader, writer)
                self.taken[status].append((perf_counter() - began) * 1000)
                pause += wait
            except (OSError, asyncio.IncompleteReadError) as error:
                self.failed[type(error).__name__] += 1
                reader = writer = None
            await asyncio.sleep(pause)
        if writer is not None:
            writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, float]:
        body = next(self._bodies)
        writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        await reader.readexactly(int(headers["content-length"]))
        retry_after = headers.get("retry-after")
        if retry_after is not None:
            self.retry_after.add(retry_after)
        return int(head[0].split()[1]), float(retry_after or 0)


async def main(file: Path, url: str, users: int, seconds: float) -> None:
    crowd, random = Users(file, url), Random(users)  # noqa: S311 - when each begins
    began = perf_counter()
    async with asyncio.TaskGroup() as all_of_them:
        for _ in range(users):
            all_of_them.create_task(crowd.be_one(random.random() * THINK_SECONDS, began + seconds))
    elapsed = perf_counter() - began
    answered = crowd.taken.pop(HTTPStatus.OK, [])
    refused = crowd.taken.pop(HTTPStatus.SERVICE_UNAVAILABLE, [])
    failed = sum(crowd.failed.values()) + sum(map(len, crowd.taken.values()))
    said = {"seconds": elapsed, "answers": len(answered), "refused": len(refused), "failed": failed}
    retry_after = sorted(crowd.retry_after)
    print(json.dumps(said | _percentiles(answered) | {"refusals": _percentiles(refused), "retry_after": retry_after}))


def _percentiles(milliseconds: list[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    if not ordered:
        return {}
    return {f"p{each}": round(ordered[(len(ordered) - 1) * each // 100], 1) for each in PERCENTILES}


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
