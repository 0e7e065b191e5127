"""Makes a control store's tables, and brings one of an older shape to the newest: one step a version."""

from collections.abc import Callable, Mapping

from sqlalchemy import Column, Connection, String, Table, insert, inspect, select, update
from sqlalchemy.schema import CreateColumn

from db.control import audit_guard, chain
from db.control.columns import Row
from db.control.tables import AuditEntry, StoreVersion
from db.errors import AppError

VERSION = 3

VERSIONS: Table = StoreVersion.__table__  # pyright: ignore[reportAttributeAccessIssue] - SQLModel's tables have it
ENTRIES: Table = AuditEntry.__table__  # pyright: ignore[reportAttributeAccessIssue] - the same


class StoreVersionError(AppError):
    """The control store was written by another version of this software."""


def bring_up_to_date(connection: Connection) -> None:
    """Do what a store lacks, whether it is new or of an older version; it is in the caller's transaction.

    Raises:
        StoreVersionError: it is of a version that this software does not know.
    """
    new = not inspect(connection).has_table(VERSIONS.name)
    found = VERSION if new else connection.execute(select(VERSIONS.c.version)).scalar_one()
    if found not in range(1, VERSION + 1):
        raise StoreVersionError(
            f"The control store has version {found}; this software knows versions up to {VERSION}.",
            hint="Use the version of YuKyuDATA that wrote it.",
        )
    Row.metadata.create_all(connection)  # tables that came since need no step
    if new:
        audit_guard.put_up(connection)
        connection.execute(insert(VERSIONS).values(id=1, version=VERSION))
        return
    for version in range(found + 1, VERSION + 1):
        if version in STEPS:
            STEPS[version](connection)
    if found != VERSION:
        connection.execute(update(VERSIONS).values(version=VERSION))


def _chain_the_audit_log(connection: Connection) -> None:
    """Version 3: say from where, and hash what is there already."""
    for column in (Column("address", String), Column("token", String), Column("hash", String, server_default="")):
        _add_column(connection, ENTRIES, column)
    previous = chain.GENESIS
    covered = [ENTRIES.c[name] for name in chain.MEMBERS]
    for row in connection.execute(select(*covered).order_by(ENTRIES.c.number)).mappings().all():
        previous = chain.hash_of(dict(row), previous)
        connection.execute(update(ENTRIES).where(ENTRIES.c.number == row["number"]).values(hash=previous))
    audit_guard.put_up(connection)


def _add_column(connection: Connection, table: Table, column: Column[str]) -> None:
    preparer = connection.dialect.identifier_preparer
    definition = CreateColumn(column).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {preparer.format_table(table)} ADD COLUMN {definition}")


# What has to be done to reach a version from the one before it; a version that has only new tables has no step.
STEPS: Mapping[int, Callable[[Connection], None]] = {3: _chain_the_audit_log}
