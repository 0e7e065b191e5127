"""Makes the data directory of a new primary, whole or not at all."""

import asyncio
import locale
from pathlib import Path

from db.cluster import durable, programs, remains
from db.cluster.binaries import Binaries
from db.cluster.installation import Installation, Progress
from db.cluster.layout import PRIVATE
from db.cluster.urls import SUPERUSER

BUILTIN_PROVIDER_SINCE = 17


async def prepare(installation: Installation, data_directory: Path) -> Path:
    """Return an empty directory beside the place, free of what a crash may have left."""
    new = durable.unfinished(data_directory)
    await remains.clear_unfinished(new)
    new.mkdir(mode=PRIVATE)
    installation.user.own(new)
    return new


async def initialise(installation: Installation, data_directory: Path, *, durably: bool) -> None:
    installation.on_progress(Progress("Creating the database cluster"))
    new = await prepare(installation, data_directory)
    password = data_directory.with_name(data_directory.name + ".password")
    try:
        # In a file, because arguments are in the process list.
        durable.write(password, installation.passwords.superuser + "\n")
        installation.user.own(password)
        command = [
            installation.binaries.program("initdb"),
            *("--pgdata", new, "--username", SUPERUSER, "--pwfile", password),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--data-checksums"),
            *locale_options(installation.binaries),
            *(() if durably else ("--no-sync",)),
        ]
        await programs.run(command, installation.user)
    finally:
        password.unlink(missing_ok=True)
    await asyncio.to_thread(durable.swap_directory, new, data_directory)


def locale_options(binaries: Binaries) -> list[str]:
    """Return a locale that sorts by code point and knows every letter's case, the same on every machine."""
    letters = "C.UTF-8" if _system_knows("C.UTF-8") else "C"
    options = ["--locale=C", f"--lc-ctype={letters}"]
    if binaries.major >= BUILTIN_PROVIDER_SINCE:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return options


def _system_knows(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_CTYPE, before)
    return True
