"""What the servers of an installation should be, and what each was last seen to be: small fsynced JSON files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from db.cluster import durable, ports

PRIMARY = "primary"
LOCK_SECONDS = 30


class Role(StrEnum):
    PRIMARY = "primary"
    REPLICA = "replica"


class Status(StrEnum):
    STOPPED = "stopped"
    INITIALISING = "initialising"
    CLONING = "cloning"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


class ServerSpec(BaseModel):
    """What one server should be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    # The data directory's name below the directory of clusters: the installation as a whole can be moved.
    directory: str
    port: int
    # Where others reach it, what it listens on, and who may come from where.
    host: str = "127.0.0.1"
    listen: str = "127.0.0.1"
    networks: tuple[str, ...] = ("127.0.0.1/32", "::1/128")
    # A replica's primary, by its name.
    follows: str | None = None
    running: bool = True
    settings: dict[str, str] = {}

    @property
    def durable(self) -> bool:
        """Whether a crash of the machine must lose nothing."""
        return self.settings.get("fsync") != "off"


class Desired(BaseModel):
    """What the whole installation should be; every change has the next generation number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    generation: int = 0
    # Known from the first initialisation on: a server with another is not ours.
    system_identifier: str | None = None
    servers: dict[str, ServerSpec] = {}
    # Servers that a cut-over keeps still for a moment; a start of the whole installation ends that.
    paused: tuple[str, ...] = ()

    def with_server(self, name: str, **changes: object) -> "Desired":
        """Return this with some fields of one server changed."""
        changed = self.servers[name].model_copy(update=changes)
        return self.model_copy(update={"servers": {**self.servers, name: changed}})

    def with_primary(self, directory: str) -> "Desired":
        """Return this with the primary on another data directory, the first one where there is none yet."""
        if PRIMARY in self.servers:
            return self.with_server(PRIMARY, directory=directory, running=True)
        port = ports.pick(taken={spec.port for spec in self.servers.values()})
        spec = ServerSpec(role=Role.PRIMARY, directory=directory, port=port)
        return self.model_copy(update={"servers": {**self.servers, PRIMARY: spec}})


class Observed(BaseModel):
    """What one server was last seen to be, written by the one process that supervises it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    generation: int
    status: Status
    at: datetime
    pid: int | None = None
    message: str | None = None


@dataclass(frozen=True)
class States:
    """The files. Any process may change the desired state: a lock of its own puts changes one after the other."""

    directory: Path

    @property
    def path(self) -> Path:
        return self.directory / "cluster.json"

    def desired(self) -> Desired:
        try:
            return Desired.model_validate_json(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Desired()

    def change(self, how: Callable[[Desired], Desired]) -> Desired:
        """Apply a change and return the state after it; a change that changes nothing writes nothing."""
        with FileLock(self.directory / "cluster.lock", timeout=LOCK_SECONDS):
            before = self.desired()
            after = how(before)
            if after == before:
                return before
            after = after.model_copy(update={"generation": before.generation + 1})
            durable.write(self.path, after.model_dump_json(indent=2) + "\n")
            return after

    def observed(self, server: str) -> Observed | None:
        try:
            return Observed.model_validate_json(self._observed(server).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def observe(self, server: str, observed: Observed) -> None:
        durable.write(self._observed(server), observed.model_dump_json(indent=2) + "\n")

    def _observed(self, server: str) -> Path:
        return self.directory / f"observed-{server}.json"
