"""Alembic's revisions of the PostgreSQL database; `db.migrations` runs them."""
