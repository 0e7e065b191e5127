"""What can go wrong with a PostgreSQL server of ours; every sentence says what to do next."""

from pathlib import Path
from typing import ClassVar

from db.errors import AppError


class ClusterError(AppError):
    """A server could not be made what it should be."""

    # Whether trying again later may help without anybody doing anything.
    passing: ClassVar[bool] = False


class AlreadyRunningError(ClusterError):
    def __init__(self, directory: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{directory} is in use by {holder}: YuKyuDATA is already running there.",
            hint="Use the one that runs, stop it first, or choose another directory.",
        )


class BinariesError(ClusterError):
    """The programs of PostgreSQL are missing, unusable or of a version not known here."""


class UnreachableError(ClusterError):
    """The unprivileged user that PostgreSQL runs as cannot get at something."""


class PortInUseError(ClusterError):
    passing = True

    def __init__(self, server: str, port: int, setting: str) -> None:
        super().__init__(
            f"Port {port} is in use by another program, so the {server} cannot start: stop that program, or choose "
            f"another port with {setting}."
        )


class DataDirectoryError(ClusterError):
    """A data directory is not what it should be, and only a person can decide what to do."""


class NotInstalledError(ClusterError):
    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"There is no installation in {directory}.",
            hint="Start one there with `yukyu up --data-dir`, or name the directory of one that exists.",
        )


class NotRunningError(ClusterError):
    def __init__(self, server: str, directory: Path) -> None:
        super().__init__(f"The {server} of {directory} is not running.", hint="Start it with `yukyu up`.")


class ProgramError(ClusterError):
    """One of PostgreSQL's programs failed; its own last words are part of the sentence."""

    passing = True

    def __init__(self, program: str, code: int, output: str) -> None:
        super().__init__(f"{program} failed with exit code {code}: {output.strip() or 'it said nothing'}")
        self.exit_code = code


class StartError(ClusterError):
    """A server ended before it accepted connections."""

    passing = True

    def __init__(self, server: str, log: Path, tail: str) -> None:
        super().__init__(f"The {server} did not start. The end of its log: {tail}", hint=f"The whole log is in {log}.")


class PrimaryAwayError(ClusterError):
    """The primary does not answer, so its replica has nobody to copy."""

    passing = True


class SilentError(ClusterError):
    """A server runs and does not answer."""

    passing = True

    def __init__(self, server: str, failure: Exception) -> None:
        reason = str(failure) or type(failure).__name__
        super().__init__(f"The {server} runs and does not answer: {reason}")


class StuckError(ClusterError):
    passing = True

    def __init__(self, server: str) -> None:
        super().__init__(f"The {server} waits for WAL that nobody has any more, and is cloned anew.")
