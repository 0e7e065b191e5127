"""Fills an empty database with the sample, in one transaction."""

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import Table

from db import fallback, personal, transfer
from db.errors import AppError, BadInputError
from db.fallback.transfer import FileWriter
from db.fallback.transfer import writing as writing_file
from db.keys import KeyRing
from db.tables import Employee, LeaveRequest, UsageDetail
from jobs.data.progress import Progress, silent
from jobs.data.sample.accounts import account_rows, draw_accounts
from jobs.data.sample.rosters import ROSTERS, Holder
from jobs.data.sample.usage import usage_rows

MOST_ROWS = 2_000_000
DEFAULT_SEED = 1
_ABOUT_USES_A_ROW = 9

# What progress is reported of after the last table.
INDEXES = "indexes"


# Puts rows into a table, given its columns and who is told how many there are by now; returns how many they were.
Copy = Callable[[Table, Sequence[str], transfer.Rows, Callable[[int], None]], Awaitable[int]]


class NotEmptyError(AppError):
    """The database already holds what the sample would be mixed up with."""

    code = "BAD_USER_INPUT"

    def __init__(self, found: dict[str, int]) -> None:
        listed = ", ".join(f"{count:,} in {table}" for table, count in found.items())
        super().__init__(
            f"The sample was not loaded: the database already holds rows ({listed}).",
            hint="Use an empty database, or --replace to delete these rows and put the sample in their place.",
        )


async def load(  # noqa: PLR0913 - what, and with which
    url: str,
    rows: int,
    *,
    seed: int = DEFAULT_SEED,
    replace: bool = False,
    ring: KeyRing | None = None,
    on_progress: Progress = silent,
) -> dict[str, int]:
    """Put `rows` rows into each of the four employee tables, and the usage and requests that belong to them.

    Either all of it is there afterwards or nothing of it; readers of the tables wait until then.

    Returns:
        How many rows each of the six tables got.

    Raises:
        BadInputError: `rows` is out of bounds.
        NotEmptyError: there are rows already and `replace` was not asked for.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise BadInputError(f"A sample has 1 to {MOST_ROWS:,} rows a table, not {rows:,}.")
    if fallback.is_file(url):
        async with writing_file(fallback.path_of(url)) as file:
            _make_room_in(file, replace=replace)
            loaded = await _fill(file.copy, rows, seed, ring, on_progress)
            on_progress(INDEXES, 0, 1)
        on_progress(INDEXES, 1, 1)
        return loaded
    async with transfer.writing(url) as connection:
        await _make_room(connection, replace=replace)

        async def copy(
            table: Table, columns: Sequence[str], coming: transfer.Rows, on_rows: Callable[[int], None]
        ) -> int:
            return await transfer.copy(connection, table.name, columns, coming, on_rows)

        async with transfer.set_aside(connection, transfer.TABLES, rows):
            loaded = await _fill(copy, rows, seed, ring, on_progress)
            on_progress(INDEXES, 0, 1)
        on_progress(INDEXES, 1, 1)
    await transfer.tidy(url)
    return loaded


async def _make_room(connection: transfer.Writer, *, replace: bool) -> None:
    found = {table.name: n for table in transfer.TABLES if (n := await transfer.count(connection, table))}
    if found and not replace:
        raise NotEmptyError(found)
    if found:
        await transfer.truncate(connection)


def _make_room_in(file: FileWriter, *, replace: bool) -> None:
    found = {table.name: n for table in transfer.TABLES if (n := file.count(table))}
    if found and not replace:
        raise NotEmptyError(found)
    for table in transfer.TABLES:
        file.empty(table)


async def _fill(copy_into: Copy, rows: int, seed: int, ring: KeyRing | None, on_progress: Progress) -> dict[str, int]:
    loaded: dict[str, int] = {}

    async def copy(model: type, source: transfer.Rows, about: int) -> None:
        table = transfer.table_of(model)
        columns = transfer.writable_columns(table)
        loaded[table.name] = await copy_into(
            table,
            columns,
            personal.sealed_rows(table.name, columns, source, ring),
            lambda done: on_progress(table.name, done, max(done, about)),
        )

    holders: list[list[Holder]] = []
    for roster in ROSTERS:
        holders.append([])
        await copy(roster.model, roster.people(rows, seed, holders[-1]), rows)
    # Those of the three rosters in turn, so that a few rows are of all three kinds too.
    in_turn = [holder for together in zip(*holders, strict=True) for holder in together]
    accounts = list(draw_accounts(in_turn, rows, seed))
    await copy(Employee, account_rows(accounts, seed), rows)
    requests: list[transfer.TableRow] = []
    await copy(UsageDetail, usage_rows(accounts, seed, requests), rows * _ABOUT_USES_A_ROW)
    await copy(LeaveRequest, requests, len(requests))
    return loaded
