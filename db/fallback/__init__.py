"""A database file (SQLite) in place of PostgreSQL: `YUKYU_DATABASE_URL=sqlite+aiosqlite:///FILE`.

Everything that is SQLite's is in here and in the modules named after it in `jobs`; whoever has a PostgreSQL never meets
it. What it can do and what not: docs/fallback.md. Why it is made so: docs/adr/0014.
"""

from db.fallback.address import is_file, path_of
from db.fallback.engines import FileEngines
from db.fallback.errors import NEEDED, NeedsPostgresError

__all__ = ["NEEDED", "FileEngines", "NeedsPostgresError", "is_file", "path_of"]
