"""Alembic's entry point for database files: runs the revisions over the connection that is handed in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
