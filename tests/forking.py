"""Processes beside the tests' own, forked from one that has imported the project already.

Each is a process of its own that can be killed and has its own signals, files and environment, as one that Python was
started for; it saves the second or two of imports. `python` takes what follows `python` on a command line, and
`yukyu` what follows `yukyu`.

Where tests run in several processes, the one that hands them out starts what forks for all of them; else whoever needs
it first does.
"""

import asyncio
import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from asyncio import ReadTransport, StreamReader, StreamReaderProtocol, StreamWriter
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

ROOT = Path(__file__).parents[1]
ADDRESS = "served"
FILES = 3
PIECE = 1 << 16
STDOUT, STDERR = 1, 2
PATIENCE_SECONDS = 120

# The address of the one that several processes share.
SHARED: list[Path] = []


class Started(NamedTuple):
    """What is to be run: the arguments of `python` or of `yukyu`, in a directory and an environment."""

    program: str
    arguments: tuple[str, ...]
    directory: str
    environment: dict[str, str]


class Printed(NamedTuple):
    """What a process prints, as it comes."""

    reader: StreamReader
    transport: ReadTransport


class Process:
    """What asyncio's has, as far as tests use it."""

    def __init__(self, pid: int, ended: StreamReader, connection: StreamWriter, printed: Printed | None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout = printed and printed.reader
        self._ended = ended
        self._connection = connection
        self._printed = printed
        self._waiting = asyncio.Lock()

    async def wait(self) -> int:
        async with self._waiting:
            if self.returncode is None:
                self.returncode = int(await self._ended.readline())
                self._connection.close()
                if self._printed:
                    self._printed.transport.close()
        return self.returncode

    async def communicate(self) -> tuple[bytes, None]:
        said = b"" if self.stdout is None else await self.stdout.read()
        await self.wait()
        return said, None

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


async def python(*arguments: object, stdout: int | None = None, env: Mapping[str, str] = os.environ) -> Process:
    """Start `python` with arguments; with `stdout=PIPE`, what it prints can be read."""
    return await start("python", *arguments, stdout=stdout, env=env)


async def start(
    program: str, *arguments: object, stdout: int | None = None, env: Mapping[str, str] = os.environ
) -> Process:
    reading, writing = os.pipe() if stdout == subprocess.PIPE else (None, None)
    nothing = os.open(os.devnull, os.O_RDWR)
    printing = writing or (nothing if stdout == subprocess.DEVNULL else STDOUT)
    try:
        connection = await asyncio.to_thread(ask, program, arguments, env, (nothing, printing, STDERR))
    finally:
        os.close(nothing)
        if writing is not None:
            os.close(writing)
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    printed = None if reading is None else await printed_on(reading)
    return Process(int(await reader.readline()), reader, writer, printed)


async def printed_on(reading: int) -> Printed:
    reader = StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
    )
    return Printed(reader, transport)


class Lasting:
    """One that lasts, with what `subprocess.Popen` has, as far as tests use it."""

    def __init__(self, connection: socket.socket) -> None:
        self.returncode: int | None = None
        self._connection = connection
        self._told = b""
        self.pid = int(self._line(None))

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = int(self._line(timeout))
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _line(self, timeout: float | None) -> bytes:
        self._connection.settimeout(timeout)
        while b"\n" not in self._told:
            try:
                said = self._connection.recv(PIECE)
            except (BlockingIOError, TimeoutError) as failure:
                raise subprocess.TimeoutExpired("forked", timeout or 0) from failure
            assert said, "what forks has ended"
            self._told += said
        line, _, self._told = self._told.partition(b"\n")
        return line


def lasting(*arguments: object, stderr: int, env: Mapping[str, str] = os.environ) -> Lasting:
    """Start a command of `yukyu` that lasts; it reads nothing, and what it logs goes to a file."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        return Lasting(ask("yukyu", arguments, env, (nothing, STDOUT, stderr)))
    finally:
        os.close(nothing)


def yukyu(
    *arguments: object, typed: str = "", timeout: float = 180, env: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    """Run a command of `yukyu` to its end, and return what it printed."""
    return run("yukyu", *arguments, typed=typed, timeout=timeout, env=env)


def run(
    program: str, *arguments: object, typed: str = "", timeout: float = 180, env: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    with (
        tempfile.TemporaryFile("w+b") as stdin,
        tempfile.TemporaryFile("w+b") as stdout,
        tempfile.TemporaryFile("w+b") as stderr,
    ):
        stdin.write(typed.encode())
        stdin.seek(0)
        files = (stdin.fileno(), stdout.fileno(), stderr.fileno())
        with ask(program, arguments, env, files) as connection, connection.makefile("r") as told:
            pid = int(told.readline())
            connection.settimeout(timeout)
            try:
                code = int(told.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess([program, *arguments], code, whole(stdout), whole(stderr))


def whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def ask(
    program: str, arguments: tuple[object, ...], env: Mapping[str, str], files: tuple[int, int, int]
) -> socket.socket:
    """Have something started; its id and then its exit code are told, a line each."""
    started = Started(
        program,
        tuple(os.fspath(each) if isinstance(each, Path) else str(each) for each in arguments),
        str(ROOT),
        dict(env),
    )
    connection = connected(server())
    socket.send_fds(connection, [b"!"], files)
    connection.sendall(json.dumps(started).encode())
    connection.shutdown(socket.SHUT_WR)
    return connection


def connected(address: Path) -> socket.socket:
    """Connect to what forks, once it has imported what it does."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(address))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            assert time.monotonic() < patience, "what forks has not begun"
            time.sleep(0.02)
        else:
            return connection


def server() -> Path:
    """Return the address of what forks."""
    return SHARED[0] if SHARED else serve()


@cache
def serve() -> Path:
    """Start what forks, and return its address; it ends with this process."""
    directory = tempfile.TemporaryDirectory(prefix="yukyu-forking-")
    address = Path(directory.name) / ADDRESS
    process = subprocess.Popen([sys.executable, "-m", "tests.forking", address], cwd=ROOT, stdin=subprocess.PIPE)

    def end() -> None:
        process.communicate()
        directory.cleanup()

    atexit.register(end)
    return address


class Forking:
    """Waits for what is to be started, in a process of a single thread, and tells how each ended."""

    def __init__(self, address: str) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(address)
        self._listening.listen()
        self._running: dict[int, socket.socket] = {}
        self._woken, waking = socket.socketpair()
        self._waking = waking
        self._woken.settimeout(0)
        self._waking.settimeout(0)

    def serve(self) -> Started | None:
        """Return in each process that is forked, with what it is to run; in this one, with nothing, at the end."""
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._waking.fileno())
        with selectors.DefaultSelector() as selector:
            for each in (self._listening, self._woken, sys.stdin):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if sys.stdin in ready:
                    return None
                if self._woken in ready:
                    self._woken.recv(PIECE)
                    self._tell_ends()
                if self._listening in ready and (started := self._fork()):
                    return started

    def _tell_ends(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._running.pop(pid) as connection:
                tell(connection, os.waitstatus_to_exitcode(status))

    def _fork(self) -> Started | None:
        connection, _ = self._listening.accept()
        _, files, _, _ = socket.recv_fds(connection, 1, FILES)
        with connection.makefile("rb") as asked:
            started = Started(*json.load(asked))
        pid = os.fork()
        if pid:
            for file in files:
                os.close(file)
            self._running[pid] = connection
            tell(connection, pid)
            return None
        self._become(files)
        connection.close()
        return started

    def _become(self, files: list[int]) -> None:
        """Leave behind what belongs to the process that forks."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for each in (self._listening, self._woken, self._waking, *self._running.values()):
            each.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)


def tell(connection: socket.socket, number: int) -> None:
    try:
        connection.sendall(f"{number}\n".encode())
    except OSError:  # who asked does not wait for it
        return


def do(started: Started) -> None:
    os.environ.clear()
    os.environ.update(started.environment)
    os.environ.setdefault("PYTHONMALLOC", "pymalloc")  # or a server would begin again, as what this was forked from
    os.chdir(started.directory)
    if started.program == "yukyu":
        sys.argv = ["yukyu", *started.arguments]
        importlib.import_module("api.commands").main()
        return
    what, name, *rest = started.arguments
    if what == "-m":
        sys.argv = [name, *rest]
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    elif what == "-c":
        sys.argv = ["-c", *rest]
        exec(compile(name, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as `python -c` does
    else:
        sys.argv = [*started.arguments]
        runpy.run_path(what, run_name="__main__")


def ended(started: Started) -> object:
    """Do it, and return what it leaves with; any other error is for Python to tell."""
    try:
        do(started)
    except SystemExit as leaving:
        return leaving.code
    return None


def leave(code: object) -> None:
    """End as Python does, but for taking apart what was imported: that copies every page of it, at 0.2 s of CPU."""
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)  # noqa: T201 - as Python does
        code = 1
    threading._shutdown()  # noqa: SLF001 - waits for threads
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def main(address: str) -> None:
    commands = importlib.import_module("api.commands.program")
    for name in (*commands.COMMANDS, *(module for module, _ in commands.GROUPS.values())):
        importlib.import_module(f"api.commands.{name}")
    for module in ("api.app", "db.migrations", "jobs.archive", "jobs.data.legacy", "jobs.restores", "jobs.worker.loop"):
        importlib.import_module(module)
    assert threading.active_count() == 1, "a thread is lost where this forks"
    gc.collect()
    gc.freeze()
    started = Forking(address).serve()
    if started:
        leave(ended(started))


if __name__ == "__main__":
    main(sys.argv[1])
