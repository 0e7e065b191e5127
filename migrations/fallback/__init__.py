"""The revisions of a database file (SQLite), which is what there is without a PostgreSQL: see docs/adr/0014."""
