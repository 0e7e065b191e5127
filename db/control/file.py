"""The control store in an SQLite file: durable, patient, and with transactions that end when their connection does."""

import sqlite3
from typing import Any
from weakref import WeakSet

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_SECONDS = 10


class FileConnection(sqlite3.Connection):
    """One whose closing ends what is under way.

    SQLite keeps a connection open behind the back of who closes it, with its transaction and its locks, for as long as
    a cursor of it lives. Where a task is cancelled in the middle, its traceback holds one until some collection of
    garbage: nobody could write meanwhile.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the driver's
        super().__init__(*args, **kwargs)
        self._cursors = WeakSet[sqlite3.Cursor]()
        self._closed = False

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:  # noqa: ANN401 - the driver's
        cursor = super().cursor(factory)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        if self._closed:  # who is cancelled while it closes closes it again
            return
        self._closed = True
        try:
            for cursor in tuple(self._cursors):
                cursor.close()
            if self.in_transaction:
                self.rollback()
        finally:
            super().close()


def engine_of(address: URL) -> AsyncEngine:
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"), connect_args={"factory": FileConnection}, hide_parameters=True
    )
    _prepare(engine)
    return engine


def _prepare(engine: AsyncEngine) -> None:
    """Make SQLite durable, patient and serializable; Python's driver would begin transactions by itself, and late."""

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - the driver's
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
