"""Runs a server in the foreground until SIGINT or SIGTERM, and stops it in order."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from api.http import Protocol, WebSocketProtocol
from db.errors import AppError

log = structlog.get_logger(__name__)

GRACEFUL_SECONDS = 5
BACKLOG = 1024
# The loop takes one new connection from a listening socket each time round, and with much to do it comes round some
# hundred times a second: whoever came late in a crowd waited for seconds, before anything could refuse them.
ACCEPTED_AT_ONCE = 64


class PortError(AppError):
    """The address cannot be listened on."""


class Foreground:
    """One run of a server; the first signal asks it to stop, whatever it is doing.

    `slow_seconds` is longer than stopping takes where all is well.
    """

    slow_seconds: ClassVar[float] = 15

    def __init__(self) -> None:
        self._stopping = False
        self._server: _Server | None = None
        self._on_stop: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def run(self, work: Callable[["Foreground"], Awaitable[None]]) -> None:
        """Run `work` to its end; a signal ends it early, which is no failure."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._guarded(work))

    async def serve(
        self,
        app: ASGIApp,
        listening: socket.socket,
        *,
        max_message_bytes: int,
        trusted_proxies: list[str],
        on_stop: Callable[[], None],
    ) -> None:
        """Answer requests until a signal comes; those under way are finished first.

        `on_stop` is called then, to end those that would go on for ever.
        """
        config = uvicorn.Config(
            app,
            http=Protocol,
            log_config=None,
            lifespan="off",
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),  # uvicorn would believe whoever is on this machine
            forwarded_allow_ips=trusted_proxies,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            backlog=BACKLOG,
            ws=WebSocketProtocol,
            ws_max_size=max_message_bytes,
            ws_per_message_deflate=False,  # messages are short, and a compressor takes memory per connection
        )
        self._on_stop = on_stop
        self._server = _Server(config)
        # Workers share one socket, as well as whether it blocks: duplicates of one that may block would let it, and
        # another worker would stand still until somebody connects.
        listening.settimeout(0)
        more = [listening.dup() for _ in range(ACCEPTED_AT_ONCE - 1)]
        try:
            await self._server.serve(sockets=[listening, *more])
        finally:
            self._server = None
            for each in more:
                each.close()

    async def _guarded(self, work: Callable[["Foreground"], Awaitable[None]]) -> None:
        self._task = asyncio.ensure_future(work(self))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        try:
            await self._task
        except asyncio.CancelledError:
            if not self._task.cancelled():
                raise

    def _stop(self) -> None:
        if not self._stopping:  # whoever loses patience asks again
            self._stopping = True
            asyncio.get_running_loop().call_later(self.slow_seconds, self._say_what_is_waited_for)
        if self._server is not None:
            self._server.should_exit = True
            if self._on_stop is not None:
                self._on_stop()
        elif self._task is not None:
            self._task.cancel()

    def _say_what_is_waited_for(self) -> None:
        """Name what has not ended yet, and where it stands, again and again: whoever waits can see what to look at."""
        log.warning("still stopping", waiting_for=sorted(filter(None, map(_standing, asyncio.all_tasks()))))
        asyncio.get_running_loop().call_later(self.slow_seconds, self._say_what_is_waited_for)


def _standing(task: asyncio.Task[Any]) -> str | None:
    stack = task.get_stack()
    if not stack:
        return None
    frame = stack[-1]
    return f"{task.get_name()}: {frame.f_code.co_qualname}, {Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to `Foreground`: uvicorn would raise them again and so end the process."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free one.

    Raises:
        PortError: the address is in use, or is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise PortError(
            f"Cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}.",
            hint="Choose another with --port and --host, or YUKYU_PORT and YUKYU_HOST.",
        ) from error


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin_of(listening: socket.socket) -> str:
    """Return the address for a browser, such as 'http://127.0.0.1:8000'."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
