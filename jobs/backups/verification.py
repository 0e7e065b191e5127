"""Looks whether a backup is what was stored, and whether PostgreSQL agrees that it is whole."""

import asyncio

from db.backups import checksums, verification
from db.backups.errors import DamagedBackupError
from db.repository import BackupManifest
from jobs.backups import leftovers, space, unpacking
from jobs.site import Site


async def verify_files(site: Site, manifest: BackupManifest) -> None:
    """Compare each stored file with its checksum, then have pg_verifybackup look into them.

    Raises:
        DamagedBackupError: something is not what it should be.
        NoSpaceError: this version of PostgreSQL needs the files unpacked, and there is no room for that.
    """
    await asyncio.to_thread(_compare, site, manifest)
    place = site.repository.incarnation(manifest.system_identifier).backup(manifest.id)
    if site.installation.binaries.major >= verification.READS_TAR_SINCE:
        wrong = await verification.verify(site.installation, place)
    else:
        wrong = await _verify_unpacked(site, manifest)
    if wrong is not None:
        raise DamagedBackupError(manifest.id, unpacking.DATA, f"is not what PostgreSQL lists: {wrong}")


async def _verify_unpacked(site: Site, manifest: BackupManifest) -> str | None:
    place = leftovers.scratch(site, manifest.id)
    space.require_free(place.parent, manifest.database_size_bytes, "Unpacking the backup to verify it")
    await unpacking.discard(place)
    try:
        await unpacking.unpack_alone(site, manifest, place)
        return await verification.verify(site.installation, place)
    finally:
        await unpacking.discard(place)


def _compare(site: Site, manifest: BackupManifest) -> None:
    place = site.repository.incarnation(manifest.system_identifier).backup(manifest.id)
    for file in manifest.files:
        try:
            found = checksums.stored(place / file.name)
        except FileNotFoundError:
            raise DamagedBackupError(manifest.id, file.name, "is missing") from None
        except OSError as failure:
            raise DamagedBackupError(manifest.id, file.name, f"cannot be read: {failure.strerror}") from failure
        if found != file:
            raise DamagedBackupError(manifest.id, file.name, "does not have the content that was stored")
