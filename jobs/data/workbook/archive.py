"""Looks at a workbook as the archive that it is, before anything unpacks it."""

import zipfile
from pathlib import Path

from jobs.data.sources import NotReadableError

MOST_FILE_BYTES = 100 * 1024**2
# A ledger of 10,000 people and 60 columns unpacks to some 40 MB.
MOST_UNPACKED_BYTES = 512 * 1024**2
MOST_ENTRIES = 5_000

_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def check(file: Path) -> None:
    """Refuse what is no workbook, or one that would unpack to more than there is room for.

    Sizes are those that the archive declares; who unpacks it reads no further than that.

    Raises:
        NotReadableError: it is missing, no workbook, protected by a password, damaged or too large.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise NotReadableError(file, f"cannot be opened: {error.strerror}") from error
    if magic == _OLD:
        raise NotReadableError(
            file,
            "is an old .xls workbook, or one protected by a password",
            hint="Open it in Excel, and save it as .xlsx without a password.",
        )
    if magic != _ZIP:
        raise NotReadableError(file, "is not an Excel workbook", hint="Give an .xlsx or .xlsm file.")
    if size > MOST_FILE_BYTES:
        raise NotReadableError(file, f"is larger than {MOST_FILE_BYTES // 1024**2} MiB")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise NotReadableError(file, f"is damaged: {error}") from error
    if len(entries) > MOST_ENTRIES:
        raise NotReadableError(file, f"has more than {MOST_ENTRIES:,} parts")
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED_BYTES:
        raise NotReadableError(
            file,
            f"unpacks to more than {MOST_UNPACKED_BYTES // 1024**2} MiB",
            hint="Remove sheets and empty rows that are formatted to the very end, and save it again.",
        )
