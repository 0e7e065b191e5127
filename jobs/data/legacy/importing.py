"""Brings the rows of a source into the database, with what it takes to undo it."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from db import fallback, transfer
from db.errors import AppError
from db.fallback.transfer import FileWriter
from db.fallback.transfer import writing as writing_file
from db.keys import KeyRing
from jobs.data.dump import rejects
from jobs.data.dump.writing import require_free
from jobs.data.legacy import to_file
from jobs.data.legacy.bringing import Share, bring, record
from jobs.data.legacy.reading import TableReading, readings
from jobs.data.legacy.report import ImportReport
from jobs.data.legacy.secrets import Unsealer
from jobs.data.legacy.source import opened
from jobs.data.progress import Progress, silent
from jobs.data.sources import Source

# Problems a table that the database keeps of an import; the rejects file has all.
PROBLEMS_KEPT = 100

# An import of so many rows or fewer is one transaction: two connections would save it a few seconds at most.
TOGETHER_ROWS = 100_000

# What progress is told of between the two transactions of a larger one.
KEEPING = "keeping"


def _now() -> datetime:
    return datetime.now(UTC)


def identifier(now: datetime) -> str:
    """Return a new import's id: when, and four letters so that no two are the same."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


@dataclass(frozen=True)
class Manner:
    """How to import.

    Args:
        key: what the old application encrypted personal fields with, in hexadecimal; None when it did not.
        ring: what personal values are encrypted with here; without it they are kept plain.
        dry_run: find out what would happen, and leave everything as it is.
        strict: leave everything as it is if a single row cannot be taken.
        rejects: the directory to write the rows into that are not taken; None when they are not wanted.
        by: who imports, for the report.
        id: what the import is called; a new one when it is None.
        together: up to so many rows come in in one transaction; of more, two connections take some of the tables each.
    """

    key: str | None = None
    ring: KeyRing | None = None
    dry_run: bool = False
    strict: bool = False
    rejects: Path | None = None
    by: str = "unknown"
    id: str | None = None
    together: int = TOGETHER_ROWS
    clock: Callable[[], datetime] = field(default=_now)


class _NotKeptError(Exception):
    """Leaves the transactions, so that nothing of them is kept."""


class HalfKeptError(AppError):
    """The tables of one connection are in, and it is not known that those of the other are."""

    code = "DATABASE_UNAVAILABLE"

    def __init__(self, id_: str, error: BaseException) -> None:
        named = ", ".join(table.name for table in transfer.SOONER)
        super().__init__(
            f"Import {id_} was broken off while it was being kept, when its rows of {named} were in the database: "
            f"{str(error).rstrip('.') or type(error).__name__}.",
            hint=f"Import the same again, which brings in what is missing, or run `yukyu data rollback {id_}`.",
        )


async def import_file(
    url: str, file: Path, manner: Manner | None = None, *, on_progress: Progress = silent
) -> ImportReport:
    """Import a SQLite file of the old application, as `import_source` does; it is opened for reading only.

    Raises:
        NotReadableError: the file is not what it should be, or has none of the six tables.
    """
    with opened(file) as source:
        return await import_source(url, source, "sqlite", manner or Manner(), on_progress=on_progress)


async def import_source(
    url: str, source: Source, kind: str, manner: Manner, *, on_progress: Progress = silent
) -> ImportReport:
    """Bring the six tables of a source into the database; rows that are there already are brought up to date.

    A second import of the same source changes nothing. A row that cannot be taken is in the report, with its reason;
    the others are taken. After a crash on the way the database is as it was before; only one in the moment between the
    two transactions of a large import leaves half of its tables, as an import that the next completes.

    Args:
        url: of the primary.
        source: what is read; twice, where rows are not taken and are to be written out.
        kind: what the source is, for the report.
        manner: how.
        on_progress: told the table's name, the rows read of it and how many there are.

    Raises:
        NotReadableError: the source has none of the six tables.
        BadInputError: the rejects cannot be written; nothing is imported then.
        HalfKeptError: it was broken off between its two transactions.
    """
    if manner.rejects is not None:
        require_free(manner.rejects)
    report, tables = readings(source, Unsealer(manner.key))
    report.dry_run = manner.dry_run
    if fallback.is_file(url):
        with suppress(_NotKeptError):
            async with writing_file(fallback.path_of(url)) as file:
                await _import_into_file(file, tables, source, manner, report, on_progress)
        return report
    begun = manner.clock()
    heading = transfer.Heading(manner.id or identifier(begun), kind, source.file.name, manner.by, begun)
    try:
        await _import(url, tables, heading, manner, report, on_progress)
    except _NotKeptError:
        return report
    report.id = heading.id
    if report.written:
        await transfer.tidy(url)
    return report


async def _import(  # noqa: PLR0913, PLR0917 - from where, to where, how, and who wants to know
    url: str,
    tables: Sequence[TableReading],
    heading: transfer.Heading,
    manner: Manner,
    report: ImportReport,
    on_progress: Progress,
) -> None:
    in_later = {table.name for table in transfer.LATER}
    sooner, later = ([each for each in tables if (each.table.name in in_later) is wanted] for wanted in (False, True))
    if sooner and later and sum(each.total for each in tables) > manner.together:
        await _import_shared(url, sooner, later, heading, manner, report, on_progress)
        return
    async with transfer.writing(url) as connection:
        journal = await transfer.Journal.begin(connection, heading)
        await bring([Share(connection, tables)], journal.number, manner.ring, on_progress)
        _require_kept(tables, Path(heading.source), manner, report)
        await journal.make_room(connection, now=manner.clock())
        await journal.write(connection, report.shortened(PROBLEMS_KEPT), now=manner.clock())


async def _import_shared(  # noqa: PLR0913, PLR0917 - the same
    url: str,
    sooner: Sequence[TableReading],
    later: Sequence[TableReading],
    heading: transfer.Heading,
    manner: Manner,
    report: ImportReport,
    on_progress: Progress,
) -> None:
    """Import over two connections, whose transactions are kept one right after the other when both are done.

    What the first keeps is an import of its own, with the journal and a report of its tables, until the other is kept.
    """
    half_kept = False
    try:
        async with transfer.writing(url, transfer.LATER) as second:
            journal = await transfer.Journal.begin(second, heading)
            async with transfer.writing(url, transfer.SOONER) as first:
                shares = [Share(first, sooner), Share(second, later)]
                await bring(shares, journal.number, manner.ring, on_progress)
                _require_kept([*later, *sooner], Path(heading.source), manner, report)
                await journal.make_room(second, now=manner.clock())
                pending = [each.table.name for each in later]
                await journal.write(first, report.shortened(PROBLEMS_KEPT, pending), now=manner.clock())
            half_kept = True
            on_progress(KEEPING, 0, 1)
            await journal.write(second, report.shortened(PROBLEMS_KEPT), now=manner.clock())
        on_progress(KEEPING, 1, 1)
    except BaseException as error:
        if half_kept:
            raise HalfKeptError(heading.id, error) from error
        raise


async def _import_into_file(  # noqa: PLR0913, PLR0917 - the same
    file: FileWriter,
    tables: Sequence[TableReading],
    source: Source,
    manner: Manner,
    report: ImportReport,
    on_progress: Progress,
) -> None:
    """Import into a database file, which keeps nothing to undo it by; a backup before does that."""
    for each in tables:
        record(each, await to_file.merge(file, each, manner.ring, on_progress))
    _require_kept(tables, Path(source.file.name), manner, report)


def _require_kept(tables: Sequence[TableReading], name: Path, manner: Manner, report: ImportReport) -> None:
    """Write out what was not taken, and leave the transaction where nothing is to be kept."""
    if report.rejected and manner.rejects is not None:
        rejects.write(manner.rejects, name, tables, now=manner.clock())
        report.rejects_file = str(manner.rejects)
    report.refused = manner.strict and report.rejected > 0
    if manner.dry_run or report.refused:
        raise _NotKeptError
