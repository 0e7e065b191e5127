"""A server nobody else can reach, on a data directory that may or may not become the live one.

It listens on a socket in a directory that only PostgreSQL's user can enter, and has its settings there too: nothing of
a restore is ever written into the settings of the data directory. It outlives whoever started it.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from db.cluster import ending, programs, remains
from db.cluster.connection import connected
from db.cluster.installation import Installation
from db.cluster.layout import PRIVATE
from db.cluster.postmaster import Postmaster, socket_directory
from db.cluster.settings import quoted
from db.cluster.urls import DATABASE, SUPERUSER
from db.restores.errors import EndedError
from db.restores.last_words import last_words

PORT = 5432
POLL_SECONDS = 0.1
PREFIX = "yukyu-restore-"
SETTINGS, ACCESS, LOG = "postgresql.conf", "pg_hba.conf", "recovery.log"

# On the command line, so that nothing that somebody once set with ALTER SYSTEM wins over it.
FIXED = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "",
    "logging_collector": "off",
    "log_destination": "stderr",
    "archive_mode": "on",
    "archive_command": "",
    "primary_conninfo": "",
    "synchronous_standby_names": "",
    "hot_standby": "on",
    "autovacuum": "off",
    "cluster_name": "restore",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}

# In its settings file, where a reload finds what has changed.
USUAL = {
    "wal_level": "replica",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_retrieve_retry_interval": "500ms",
    "default_text_search_config": "pg_catalog.simple",
}


@dataclass(frozen=True)
class PrivateServer:
    """One that runs. Made by `start` or `find`."""

    installation: Installation
    postmaster: Postmaster
    sockets: Path

    @classmethod
    async def start(cls, installation: Installation, place: Path, settings: Mapping[str, str]) -> "PrivateServer":
        """Start one and return at once: recovery may take its time until it answers."""
        await remains.clear(place)
        sockets = _make_private_directory(installation)
        _write_settings(installation, sockets, settings)
        installation.user.own(_write(sockets / ACCESS, "local all all trust\n"))
        options = {**FIXED, "unix_socket_directories": str(sockets)}
        child = programs.start_detached(
            [
                *(installation.binaries.program("postgres"), "-D", place),
                *(f"--config_file={sockets / SETTINGS}", f"--hba_file={sockets / ACCESS}"),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            installation.user,
            installation.layout.create_server_log(place.name, installation.user) / LOG,
        )
        started = cls(installation, Postmaster.of_child(child, place), sockets)
        STARTED[place] = started
        return started

    @classmethod
    def find(cls, installation: Installation, place: Path) -> "PrivateServer | None":
        """Return the one that runs there, whether this process started it or an earlier one left it."""
        if (started := STARTED.get(place)) is not None and started.alive:
            return started
        postmaster = Postmaster.find(place)
        sockets = socket_directory(place)
        if postmaster is None or sockets is None:
            return None
        return cls(installation, postmaster, sockets)

    @property
    def is_private(self) -> bool:
        """Return whether it is a private one at all, and not the live one of a data directory."""
        return self.sockets.name.startswith(PREFIX)

    @property
    def place(self) -> Path:
        return self.postmaster.data_directory

    @property
    def alive(self) -> bool:
        return self.postmaster.alive

    @property
    def url(self) -> str:
        """The superuser's, for libpq and asyncpg."""
        return self.url_of(SUPERUSER)

    def url_of(self, role: str) -> str:
        return f"postgresql://{role}@/{DATABASE}?host={quote(str(self.sockets), safe='')}&port={PORT}"

    @property
    def log(self) -> Path:
        return self.installation.layout.server_log(self.place.name) / LOG

    def require_alive(self) -> None:
        """Raise `EndedError`, with the reason, for one that has ended."""
        if not self.alive:
            raise EndedError(last_words(self.log))

    async def wait_accepting(self) -> None:
        """Wait until it answers; raises `EndedError` when it ends instead."""
        while not self.postmaster.accepts_connections:
            self.require_alive()
            await asyncio.sleep(POLL_SECONDS)

    @asynccontextmanager
    async def connected(self, *, timeout_seconds: int = 30) -> AsyncGenerator[asyncpg.Connection]:
        async with connected(self.url, timeout_seconds=timeout_seconds) as connection:
            yield connection

    async def add_settings(self, settings: Mapping[str, str]) -> None:
        """Add settings that need no restart."""
        with (self.sockets / SETTINGS).open("a", encoding="utf-8") as file:
            file.write(_lines(settings))
        async with self.connected() as connection:
            await connection.execute("SELECT pg_reload_conf()")

    async def stop(self) -> None:
        await ending.end(self.postmaster, self.place.name)
        STARTED.pop(self.place, None)
        await self.forget()

    async def forget(self) -> None:
        """Remove what is left of one that has ended."""
        if self.is_private:
            await asyncio.to_thread(shutil.rmtree, self.sockets, ignore_errors=True)
            await remove_segments(self.place)


# Those that this process started, and so has to reap, by their data directories.
STARTED: dict[Path, PrivateServer] = {}


async def stop(installation: Installation, place: Path) -> None:
    """Stop whatever private server runs on a data directory."""
    server = PrivateServer.find(installation, place)
    if server is not None:
        await server.stop()
    elif (ended := STARTED.pop(place, None)) is not None:
        await ended.forget()
    await remains.clear(place)
    await remove_segments(place)


async def stop_private(installation: Installation, place: Path) -> None:
    """Stop a private server that a dead worker left on a data directory; any other is left alone."""
    server = PrivateServer.find(installation, place)
    if server is not None and server.is_private:
        await server.stop()


def segments_of(place: Path) -> Path:
    """Return where the WAL of an encrypted archive is put for the recovery of a data directory: beside it."""
    return place.with_name(place.name + ".wal")


async def remove_segments(place: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, segments_of(place), ignore_errors=True)


def _make_private_directory(installation: Installation) -> Path:
    # A socket's path may have 107 characters at most, so it is not in the data directory.
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    directory.chmod(PRIVATE)
    installation.user.own(directory)
    return directory


def _write_settings(installation: Installation, sockets: Path, settings: Mapping[str, str]) -> None:
    installation.user.own(_write(sockets / SETTINGS, _lines({**USUAL, **settings})))


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = {quoted(value)}\n" for name, value in settings.items())


def _write(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path
