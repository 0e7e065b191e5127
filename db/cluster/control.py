"""What a data directory says of itself while no server runs on it."""

import re
from pathlib import Path

from db.cluster import programs
from db.cluster.binaries import Binaries
from db.cluster.errors import DataDirectoryError, ProgramError
from db.cluster.installation import Installation

IDENTIFIER = re.compile(r"^Database system identifier:\s+(\d+)$", re.MULTILINE)


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


async def system_identifier(installation: Installation, data_directory: Path) -> str | None:
    """Return which database cluster a data directory belongs to; None where there is none that can be read."""
    found = version(data_directory)
    if found is None:
        return None
    try:
        said = await programs.run(
            [installation.binaries.program("pg_controldata"), "-D", data_directory], installation.user
        )
    except ProgramError:
        return None
    identifier = IDENTIFIER.search(said)
    return identifier.group(1) if identifier else None
