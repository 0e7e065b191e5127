"""Brings a database file to a revision of migrations/fallback, all of it or nothing."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    Numeric,
    Table,
    create_engine,
    event,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from db.fallback import opening
from db.fallback.errors import FileUnusableError
from db.revisions import alembic_config
from db.transfer.tables import TABLES

T = TypeVar("T")

SCRIPTS: Final = Path(__file__).parents[2] / "migrations" / "fallback"
PRIVATE: Final = 0o600


def head() -> str:
    """Return the newest revision this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101 - there is at least the first
    return revision


def upgrade(path: Path, revision: str = "head") -> None:
    """Bring the file to a revision; it is made, for its owner alone, where there is none.

    Raises:
        FileUnusableError: it cannot be made, or written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))
    except OSError as failure:
        raise FileUnusableError(
            f"The database file {path} cannot be made: {failure.strerror}.",
            hint="YUKYU_DATABASE_URL says where it is to be; see that we may write there.",
        ) from failure
    _run(path, lambda connection: command.upgrade(_config(connection), revision))


def downgrade(path: Path, revision: str) -> None:
    _run(path, lambda connection: command.downgrade(_config(connection), revision))


def current(path: Path) -> str | None:
    """Return the revision the file is at; None where no migration has run."""
    return _run(path, lambda connection: MigrationContext.configure(connection).get_current_revision())


def drift(path: Path) -> list[object]:
    """Return the differences between the tables as declared and as the file has them; empty when there are none."""
    return _run(path, lambda connection: list(_differences(connection)))


def _differences(connection: Connection) -> Iterator[str]:
    for table in TABLES:
        there = connection.exec_driver_sql(f"SELECT name, type, \"notnull\" FROM pragma_table_info('{table.name}')")
        found = [(name, kind, bool(required)) for name, kind, required in there]
        meant = [(each.name, _declared(each), not each.nullable) for each in table.columns if each.computed is None]
        if found != meant:
            yield f"{table.name} has {found}, and {meant} is declared"
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE name = ?", (table.name,)).scalar() or ""
        yield from (f"{table.name} has no {name}" for name in _constraints(table) if f"CONSTRAINT {name} " not in made)


def _declared(column: Column[Any]) -> str:
    match column.type:
        case DateTime():
            return "MOMENT_TEXT"
        case Date():
            return "DATE_TEXT"
        case Numeric(scale=2):
            return "YEN_TEXT"
        case Numeric():
            return "DAYS_TEXT"
        case Integer():
            return "INTEGER"
        case _:
            return "TEXT"


def _constraints(table: Table) -> list[str]:
    return [str(each.name) for each in table.constraints if isinstance(each, CheckConstraint)]


def _config(connection: Connection | None = None) -> Config:
    return alembic_config(SCRIPTS, connection)


def _run(path: Path, work: Callable[[Connection], T]) -> T:
    engine = create_engine("sqlite://", creator=lambda: opening.connect(path), poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            return work(connection)
    except DBAPIError as failure:
        if isinstance(failure.orig, sqlite3.Error):
            raise opening.unusable(path, failure.orig) from failure
        raise


def _begin(connection: Connection) -> None:
    """Take the writer's place at once: two processes that start together take turns."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
