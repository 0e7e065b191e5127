"""Reads such a directory as a source: checked as a whole before the first row is taken."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from db import migrations
from jobs.data.dump.manifest import Kind, Manifest, Part, file_of
from jobs.data.dump.values import row_of
from jobs.data.sources import NotReadableError, SourceTable

MOST_LINE_BYTES = 1024 * 1024
# What rejects say of a row beside its values.
REMARK = "_"


class Dump:
    """A source: the tables of a directory of JSON Lines."""

    def __init__(self, directory: Path, tables: dict[str, SourceTable]) -> None:
        self.file = directory
        self._tables = tables

    def tables(self) -> dict[str, SourceTable]:
        return {name.lower(): table for name, table in self._tables.items()}

    def rows(self, table: SourceTable, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the number of each line and the columns asked for."""
        for number, row in _lines(file_of(self.file, table.name)):
            yield (number, *(row.get(column) for column in columns))

    def place(self, number: int) -> str:
        return f"line {number}"


@contextmanager
def opened(directory: Path) -> Generator[Dump]:
    """Check a directory against its manifest; of rejects that were mended, see what there is.

    Raises:
        NotReadableError: a file is missing, damaged, changed or none of the manifest's, or a line is not JSON.
    """
    manifest = Manifest.read(directory)
    if manifest.revision is not None and not migrations.knows(manifest.revision):
        raise NotReadableError(
            directory,
            f"was exported at schema revision {manifest.revision}, which this version does not know",
            hint="Import it with the version that made it, or a newer one.",
        )
    _require_same_files(directory, manifest)
    if manifest.kind is Kind.EXPORT:
        tables = {name: _checked(directory, name, part) for name, part in manifest.tables.items()}
    else:
        tables = {name: _seen(directory, name) for name in manifest.tables}
    yield Dump(directory, tables)


def _require_same_files(directory: Path, manifest: Manifest) -> None:
    there = {file.stem for file in directory.glob("*.jsonl")}
    if missing := sorted(manifest.tables.keys() - there):
        raise NotReadableError(directory, f"lacks {missing[0]}.jsonl, which its manifest names")
    if strange := sorted(there - manifest.tables.keys()):
        raise NotReadableError(directory, f"holds {strange[0]}.jsonl, of which its manifest says nothing")


def _checked(directory: Path, name: str, part: Part) -> SourceTable:
    file, found, size = file_of(directory, name), hashlib.sha256(), 0
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(1024 * 1024):
                found.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise NotReadableError(file, f"cannot be read: {error.strerror}") from error
    if size != part.bytes or found.hexdigest() != part.sha256:
        raise NotReadableError(
            file,
            f"is not what was exported: {size:,} bytes, not the {part.bytes:,} of the manifest, or others",
            hint="Copy it again from where it was exported, or export again.",
        )
    return SourceTable(name, tuple(part.columns), part.rows)


def _seen(directory: Path, name: str) -> SourceTable:
    columns: dict[str, None] = {}
    rows = 0
    for _, row in _lines(file_of(directory, name)):
        columns |= dict.fromkeys(column for column in row if not column.startswith(REMARK))
        rows += 1
    return SourceTable(name, tuple(columns), rows)


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines with their numbers; empty ones are nothing."""
    try:
        with file.open("rb") as stream:
            number = 0
            while line := stream.readline(MOST_LINE_BYTES + 1):
                number += 1
                if len(line) > MOST_LINE_BYTES:
                    raise NotReadableError(file, f"line {number} is longer than {MOST_LINE_BYTES // 1024} KiB")
                if not line.isspace():
                    yield number, _parsed(file, number, line)
    except OSError as error:
        raise NotReadableError(file, f"cannot be read: {error.strerror}") from error


def _parsed(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        return row_of(line)
    except ValueError as error:
        raise NotReadableError(file, f"line {number} {error}") from error
