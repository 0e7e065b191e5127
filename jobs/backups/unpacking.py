"""Makes a data directory of a backup and all it builds on."""

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from db.backups import checksums, combination, compression, extraction, sealing
from db.backups.errors import DamagedBackupError, UnsuitableBackupError
from db.cluster.layout import PRIVATE
from db.errors import BadInputError
from db.repository import BackupManifest, Incarnation, StoredFile
from jobs.backups.progress import OnProgress, reported, silent
from jobs.site import Site

# The files of a backup: what pg_basebackup calls them, the first without the suffix of its compression.
DATA, CONTENTS = "base.tar", "backup_manifest"
# The parts of the whole that extracting, and combining, usually take.
EXTRACTED, COMBINED = 0.85, 0.95


async def unpack(
    site: Site,
    chain: Sequence[BackupManifest],
    directory: Path,
    on_progress: OnProgress = silent,
    *,
    durably: bool = True,
) -> None:
    """Make a data directory of a chain of backups, the full one first, owned by the servers' user and on the disk.

    The directory must not exist. When this is interrupted, it and the one beside it that ends in `.parts` are left as
    they are: `discard` removes both. Every stored byte is checked against the checksum taken when it was stored.

    Raises:
        DamagedBackupError: a stored file is not what it was.
        UnsuitableBackupError: the backups need another PostgreSQL or another program.
        NoSpaceError: the disk is full.
        KeyMissingError, KeyRingError: one is encrypted, and its key is not to be had.
    """
    _require_suitable(site, chain)
    _make(site, directory)
    alone = len(chain) == 1
    places = [directory] if alone else [_parts(directory) / manifest.id for manifest in chain]
    if not alone:
        _make(site, _parts(directory))
    total = sum(manifest.size_bytes for manifest in chain)
    read = [0]

    async def extracted() -> float:
        return min(read[0] / total, 1) * EXTRACTED if total else 0

    async with AsyncExitStack() as meanwhile:
        await meanwhile.enter_async_context(reported(on_progress, "Unpacking the backup", extracted))
        if durably:
            await meanwhile.enter_async_context(combination.syncing(site.installation, directory))
        for manifest, place in zip(chain, places, strict=True):
            if not alone:
                _make(site, place)
            await extract(site, manifest, place, read)
    if not alone:
        await on_progress(EXTRACTED, f"Combining {len(chain)} backups")
        await combination.combine(site.installation, places, directory)
        await asyncio.to_thread(shutil.rmtree, _parts(directory))
    await on_progress(COMBINED, "Writing it to the disk")
    if durably:
        await combination.sync(site.installation, directory)
    await on_progress(1.0, "Unpacked")


async def discard(directory: Path) -> None:
    """Remove what `unpack` made, finished or not."""
    for path in (directory, _parts(directory)):
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


async def unpack_alone(site: Site, manifest: BackupManifest, directory: Path) -> None:
    """Unpack one backup as it is, even an incremental one, into a new directory to be looked at."""
    _require_suitable(site, [manifest])
    _make(site, directory)
    await extract(site, manifest, directory, [0])


async def extract(site: Site, manifest: BackupManifest, place: Path, read: list[int]) -> None:
    """Extract one backup into an empty directory, counting in `read` what was read of it."""
    files = {file.name: file for file in manifest.files}
    data = DATA + compression.Compression(manifest.compression).suffix
    if set(files) != {data, CONTENTS}:
        raise UnsuitableBackupError(
            f"The backup {manifest.id} has tablespaces of its own, which cannot be restored here.",
            hint="Restore it by hand with tar, each tablespace into a directory of its own.",
        )

    def count(size: int) -> None:
        read[0] += size

    incarnation = site.repository.incarnation(manifest.system_identifier)
    await extraction.extract(
        incarnation,
        manifest,
        files[data],
        decompress=compression.program(manifest.compression),
        into=place,
        user=site.installation.user,
        on_bytes=count,
    )
    copy = place / CONTENTS
    await asyncio.to_thread(_copy_contents, incarnation, manifest, files[CONTENTS], copy)
    copy.chmod(0o600)
    site.installation.user.own(copy)


def _copy_contents(incarnation: Incarnation, manifest: BackupManifest, expected: StoredFile, copy: Path) -> None:
    """Copy PostgreSQL's own list of the files, as a plain backup would have it."""
    stored = incarnation.backup(manifest.id) / CONTENTS
    try:
        if checksums.of(stored) != expected.sha256:
            raise DamagedBackupError(manifest.id, CONTENTS, "does not have the content that was stored")
        if manifest.key is None:
            shutil.copyfile(stored, copy)
        else:
            sealing.open_file(incarnation, manifest, expected, copy)
    except FileNotFoundError:
        raise DamagedBackupError(manifest.id, CONTENTS, "is missing") from None


def _require_suitable(site: Site, chain: Sequence[BackupManifest]) -> None:
    found = site.installation.binaries
    for manifest in chain:
        compression.program(manifest.compression)
        if manifest.major != found.major:
            raise UnsuitableBackupError(
                f"The backup {manifest.id} is of PostgreSQL {manifest.major}; the programs here are {found.version}.",
                hint=f"Set YUKYU_PG_BIN to the programs of PostgreSQL {manifest.major}.",
            )


def _make(site: Site, directory: Path) -> None:
    try:
        directory.mkdir(mode=PRIVATE)
    except FileExistsError:
        raise BadInputError(
            f"{directory} exists already.", hint="A backup is only ever unpacked into a new directory."
        ) from None
    site.installation.user.own(directory)


def _parts(directory: Path) -> Path:
    return directory.with_name(directory.name + ".parts")
