"""What a data directory says of itself while no server runs on it."""

from pathlib import Path

from db.cluster import programs
from db.cluster.binaries import Binaries
from db.cluster.errors import DataDirectoryError, ProgramError
from db.cluster.installation import Installation

SHUT_DOWN = ("shut down", "shut down in recovery")


def version(data_directory: Path) -> int | None:
    """Return the major version of PostgreSQL that a data directory belongs to; None where there is none."""
    try:
        said = (data_directory / "PG_VERSION").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return int(said) if said.isdigit() else None


def require_version(binaries: Binaries, data_directory: Path) -> None:
    found = version(data_directory)
    if found != binaries.major:
        raise DataDirectoryError(
            f"{data_directory} belongs to PostgreSQL {found}, and the programs are PostgreSQL {binaries.version}.",
            hint=f"Set YUKYU_PG_BIN to the programs of PostgreSQL {found}, or choose another data directory.",
        )


async def read(installation: Installation, data_directory: Path) -> dict[str, str] | None:
    """Return what pg_controldata says, by its own names; None where there is nothing that can be read."""
    if version(data_directory) is None:
        return None
    try:
        said = await programs.run(
            [installation.binaries.program("pg_controldata"), "-D", data_directory], installation.user
        )
    except ProgramError:
        return None
    return {name: value.strip() for name, colon, value in (line.partition(":") for line in said.splitlines()) if colon}


async def system_identifier(installation: Installation, data_directory: Path) -> str | None:
    """Return which database cluster a data directory belongs to; None where there is none that can be read."""
    found = await read(installation, data_directory)
    identifier = found.get("Database system identifier") if found else None
    return identifier if identifier and identifier.isdigit() else None


async def shut_down(installation: Installation, data_directory: Path) -> bool:
    """Return whether the last server there ended in order."""
    found = await read(installation, data_directory)
    return found is not None and found.get("Database cluster state") in SHUT_DOWN
