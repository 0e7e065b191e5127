"""How fast one alert event reaches everybody who follows the feed, over real WebSockets on one API process.

The API runs in a process of its own and the subscribers in another, this one. Each event is written to the event
log, as the worker does it, and the clock stops when the last subscriber has it.

    python bench/feed.py --subscribers 1000 --events 20
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil
from websockets.asyncio.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).parents[1]))

from api.leftovers import ENDING_SECONDS
from api.tokens import Tokens
from db.control import Alert, AlertEventKind, AlertState, Control, Severity, alerts
from schema.roles import Role

SECRET = "a secret of the benchmark, long enough to sign with"  # noqa: S105 - nobody else's
FEED = """subscription { alertFeed {
  cursor kind at alert { id state subject summary value startedAt firedAt rule { key title severity action } }
} }"""
AT_ONCE = 50
PATIENCE_SECONDS = 120


class Subscribers:
    """Connections that follow the feed, and how many events they have had."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: list[ClientConnection] = []
        self.received = 0
        self.changed = asyncio.Event()

    async def join(self, count: int) -> None:
        for begin in range(0, count, AT_ONCE):
            await asyncio.gather(*(self._join() for _ in range(min(AT_ONCE, count - begin))))

    async def have(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.received < count:
                self.changed.clear()
                await self.changed.wait()

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for begin in range(0, len(self._connections), AT_ONCE):
            await asyncio.gather(*(each.close() for each in self._connections[begin : begin + AT_ONCE]))

    async def _join(self) -> None:
        url = f"ws://127.0.0.1:{self._port}/graphql"
        connection = await connect(url, subprotocols=["graphql-transport-ws"], compression=None, ping_interval=None)
        token = Tokens(SECRET).mint("wall", [Role.ADMIN], lifetime=timedelta(hours=1), now=datetime.now(UTC))
        await connection.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        await connection.recv()
        await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": FEED}}))
        self._connections.append(connection)
        self._tasks.append(asyncio.create_task(self._read(connection)))

    async def _read(self, connection: ClientConnection) -> None:
        async for message in connection:
            assert '"next"' in str(message)[:200], message  # noqa: S101 - nothing else is expected
            self.received += 1
            self.changed.set()


async def write(control: Control, number: int) -> None:
    """Let an alert fire, as far as the event log is concerned."""
    now = datetime.now(UTC)
    alert = Alert(
        id=f"{number:032}",
        rule_key="replication-lag",
        subject="replica",
        severity=Severity.WARNING,
        state=AlertState.FIRING,
        summary=f"The replica is {number} s behind the primary.",
        value=number,
        threshold=30,
        unit="seconds",
        started_at=now,
        seen_at=now,
        fired_at=now,
    )
    async with control.transaction() as session:
        await alerts.enter(session, alert, AlertEventKind.FIRED, now=now)


async def settled(process: psutil.Process) -> float:
    """Return the memory of a process in MiB, once it does not change any more."""
    last = 0.0
    for _ in range(20):
        await asyncio.sleep(0.5)
        now = process.memory_info().rss / 1024**2
        if abs(now - last) < 1:  # MiB
            break
        last = now
    return now


async def measure(directory: Path, *, subscribers: int, events: int) -> dict[str, float]:
    """Return the times of one run in seconds, and memory in MiB: before, with all, and once they left, twice."""
    api = subprocess.Popen(  # noqa: ASYNC220, S603 - our own program
        [sys.executable, str(Path(__file__).with_name("feed_server.py")), str(directory), SECRET],
        stdout=subprocess.PIPE,
    )
    assert api.stdout is not None  # noqa: S101 - it is a pipe
    try:
        port = int(await asyncio.to_thread(api.stdout.readline))
        process = psutil.Process(api.pid)
        async with Control.open(directory / "state") as control:
            return await _run(control, process, port, subscribers=subscribers, events=events)
    finally:
        api.terminate()
        await asyncio.to_thread(api.wait)
        api.stdout.close()


async def _run(
    control: Control, process: psutil.Process, port: int, *, subscribers: int, events: int
) -> dict[str, float]:
    found: dict[str, float] = {}
    times: list[float] = []
    number = 0
    for turn in ("first", "second"):
        found[f"memory before {turn}"] = await settled(process)
        all_of_them = Subscribers(port)
        began = perf_counter()
        await all_of_them.join(subscribers)
        found[f"joined {turn}"] = perf_counter() - began
        await asyncio.sleep(1)
        cpu = process.cpu_times().user
        for event in range(1, events + 1):
            began = perf_counter()
            number += 1
            await write(control, number)
            await all_of_them.have(event * subscribers)
            times.append(perf_counter() - began)
        found[f"cpu ms an event {turn}"] = (process.cpu_times().user - cpu) / events * 1000
        found[f"memory with {turn}"] = await settled(process)
        await all_of_them.leave()
        await asyncio.sleep(ENDING_SECONDS + 1)
    found["memory after"] = await settled(process)
    return found | {"median": median(times), "slowest": max(times)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--events", type=int, default=20)
    given = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 3 * given.subscribers)), hard))
    with tempfile.TemporaryDirectory() as directory:
        found = asyncio.run(measure(Path(directory), subscribers=given.subscribers, events=given.events))
    for name, value in found.items():
        print(f"{name:24} {value:8.3f}")


if __name__ == "__main__":
    main()
