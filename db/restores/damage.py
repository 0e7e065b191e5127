"""Looks for damage in the tables and indexes of a server, by pg_amcheck."""

import re
from collections.abc import Callable

from db.cluster import programs
from db.cluster.errors import ProgramError
from db.cluster.urls import DATABASE, SUPERUSER
from db.restores.server import PORT, PrivateServer

PERCENT = re.compile(r"\((\d+)%\)")
# What it exits with when it could look, and found something.
FOUND = 2


async def find(server: PrivateServer, on_fraction: Callable[[float], None]) -> str | None:
    """Return the first lines of what is damaged; None when nothing is.

    Raises:
        ProgramError: it could not look.
    """

    def report(line: str) -> None:
        if percent := PERCENT.search(line):
            on_fraction(int(percent[1]) / 100)

    command = [
        *(server.installation.binaries.program("pg_amcheck"), "--progress", "--no-password"),
        *("--host", server.sockets, "--port", str(PORT), "--username", SUPERUSER, "--database", DATABASE),
    ]
    try:
        await programs.run(command, server.installation.user, on_line=report)
    except ProgramError as failure:
        if failure.exit_code != FOUND:
            raise
        return failure.message
    return None
