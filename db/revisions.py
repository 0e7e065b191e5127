"""The revisions of PostgreSQL's schema, as Alembic knows them; imported only where there is something to do with them.

Importing Alembic takes as long as all else that a command such as `yukyu backup list` imports of SQLAlchemy.
"""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from db.tables import METADATA

SCRIPTS = Path(__file__).parent.parent / "migrations"


def head() -> str:
    """Return the newest revision this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101 - there is at least the first
    return revision


def knows(revision: str) -> bool:
    """Return whether the revision is one of this code's."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(_config(connection), revision)


def current(connection: Connection) -> str | None:
    """Return the revision the database is at; None where no migration has run."""
    return MigrationContext.configure(connection).get_current_revision()


def drift(connection: Connection) -> list[object]:
    """Return the differences between the tables as declared and as they are."""
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_server_default": True}), METADATA)


def _config(connection: Connection | None = None) -> Config:
    return alembic_config(SCRIPTS, connection)


def alembic_config(scripts: Path, connection: Connection | None) -> Config:
    """Return what Alembic has to know: where its scripts are, and the connection that they run on."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
