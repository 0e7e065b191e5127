"""Looks whether a backup is what was stored, and whether PostgreSQL agrees that it is whole."""

import asyncio

from db.backups import checksums, sealing, verification
from db.backups.errors import DamagedBackupError
from db.cluster.layout import PRIVATE
from db.repository import BackupManifest
from jobs.backups import leftovers, space, unpacking
from jobs.site import Site


async def verify_files(site: Site, manifest: BackupManifest) -> None:
    """Compare each stored file with its checksum, then have pg_verifybackup look into them.

    Raises:
        DamagedBackupError: something is not what it should be.
        KeyMissingError, KeyRingError: it is encrypted, and its key is not to be had: nobody knows how it is.
        NoSpaceError: this version of PostgreSQL needs the files unpacked, and there is no room for that.
    """
    await asyncio.to_thread(_compare, site, manifest)
    place = site.repository.incarnation(manifest.system_identifier).backup(manifest.id)
    if site.installation.binaries.major < verification.READS_TAR_SINCE:
        wrong = await _verify_unpacked(site, manifest)
    elif manifest.key is not None:
        wrong = await _verify_opened(site, manifest)
    else:
        wrong = await verification.verify(site.installation, place)
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


async def _verify_opened(site: Site, manifest: BackupManifest) -> str | None:
    """Decrypt the files beside the databases, and remove them again."""
    incarnation = site.repository.incarnation(manifest.system_identifier)
    place = leftovers.scratch(site, manifest.id)
    space.require_free(place.parent, manifest.size_bytes, "Decrypting the backup to verify it")
    await unpacking.discard(place)
    try:
        place.mkdir(mode=PRIVATE)
        site.installation.user.own(place)
        for file in manifest.files:
            await asyncio.to_thread(sealing.open_file, incarnation, manifest, file, place / file.name)
            site.installation.user.own(place / file.name)
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
