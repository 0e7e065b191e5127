"""The main process of a PostgreSQL server, whoever started it."""

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PID_FILE = "postmaster.pid"
NAMES = {"postgres", "postmaster"}
STARTUP = " startup "


@dataclass
class Postmaster:
    """A running one; `child` when this process started it, and so has to reap it."""

    process: psutil.Process
    data_directory: Path
    child: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @classmethod
    def find(cls, data_directory: Path) -> "Postmaster | None":
        """Return the one that runs on a data directory, if its pid file is true."""
        line = _pid_file_line(data_directory, 0)
        if line is None or not line.isdigit():
            return None
        try:
            process = psutil.Process(int(line))
        except psutil.NoSuchProcess:
            return None
        return cls(process, data_directory) if _works_in(process, data_directory) else None

    @classmethod
    def of_child(cls, child: "subprocess.Popen[bytes]", data_directory: Path) -> "Postmaster":
        return cls(psutil.Process(child.pid), data_directory, child)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        try:
            return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    @property
    def accepts_connections(self) -> bool:
        """What the server itself says in its pid file."""
        return _pid_file_line(self.data_directory, 0) == str(self.pid) and _pid_file_line(self.data_directory, 7) in {
            "ready",
            "standby",
        }

    def doing(self) -> str:
        """Return what its startup process says it does, such as 'recovering 000000010000000000000007'; else ''."""
        try:
            for child in self.process.children():
                title = " ".join(child.cmdline())
                if STARTUP in title:
                    return title.partition(STARTUP)[2].strip()
        except psutil.Error:
            return ""
        return ""

    @property
    def port(self) -> int | None:
        line = _pid_file_line(self.data_directory, 3)
        return int(line) if line and line.isdigit() else None

    def signal(self, number: signal.Signals) -> None:
        if not self.alive:
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return


def socket_directory(data_directory: Path) -> Path | None:
    """Return where the server of a data directory has its socket, as its pid file says."""
    line = _pid_file_line(data_directory, 4)
    return Path(line) if line else None


def orphans(data_directory: Path) -> list[psutil.Process]:
    """Return processes of a server whose postmaster is gone.

    While one of them lives it may still write, and the pid file must stay: PostgreSQL finds by it that the
    directory is in use.
    """
    return [process for process in psutil.process_iter() if _works_in(process, data_directory)]


def forget(data_directory: Path) -> None:
    """Remove a pid file that names a process of somebody else's; only when nothing works there any more."""
    (data_directory / PID_FILE).unlink(missing_ok=True)


def _works_in(process: psutil.Process, data_directory: Path) -> bool:
    try:
        return process.name() in NAMES and process.cwd() == str(data_directory) and _lives(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _lives(process: psutil.Process) -> bool:
    return process.status() != psutil.STATUS_ZOMBIE


def _pid_file_line(data_directory: Path, number: int) -> str | None:
    try:
        lines = (data_directory / PID_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    return lines[number].strip() if len(lines) > number else None
