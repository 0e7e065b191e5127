"""Lets the database itself refuse to change or to remove an entry of the audit log.

Whoever owns the database can take this down again; then the chain of hashes shows what was done.
"""

from sqlalchemy import Connection

MESSAGE = "the audit log is append-only"

SQLITE = (
    f"CREATE TRIGGER audit_entry_unchanged BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
    f"CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
)

POSTGRESQL = (
    f"""
    CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation'; END $$
    """,
    """
    CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()
    """,
)


def put_up(connection: Connection) -> None:
    for statement in POSTGRESQL if connection.dialect.name == "postgresql" else SQLITE:
        connection.exec_driver_sql(statement)
