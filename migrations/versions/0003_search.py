"""Ranked search: text analysis, what the tables are searched by, and the steps of a search.

Everything here is frozen: a later change of the analysis is a later migration, which replaces functions,
rebuilds the generated columns and says so.
"""

import re
from pathlib import Path
from types import ModuleType

from alembic import op
from alembic.util import load_python_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PARTS = Path(__file__).with_suffix("")


def upgrade() -> None:
    for part in ("text", "romaji", "vector", "query"):
        run((PARTS / f"{part}.sql").read_text(encoding="utf-8"))
    tables, steps = load("tables"), load("steps")
    for statement in (*tables.statements(), *steps.statements()):
        run(statement)
    run((PARTS / "page.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for statement in load("tables").undo():
        run(statement)


def load(name: str) -> ModuleType:
    """Load a module beside this one, which Alembic loads by its path."""
    return load_python_file(str(PARTS), f"{name}.py")


def run(script: str) -> None:
    """Run statements as they are written: past SQLAlchemy, for which a colon would begin a parameter."""
    for statement in re.split(r"\n\n(?=CREATE|COMMENT|-- )", script):
        if re.search(r"^[^-\s]", statement, re.MULTILINE):
            op.get_bind().exec_driver_sql(statement)
