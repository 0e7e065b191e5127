"""Several iteration marks in a row are folded as often as they stand there: 佐々々木 was found by nothing.

Rows that have two marks one after the other are written once more, so that what they are searched by is made anew.
"""

import re
from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PART = Path(__file__).with_suffix(".sql")
BEFORE = Path(__file__).with_name("0003_search") / "text.sql"

TABLES = ("employees", "genzai", "ukeoi", "staff")
# Between them may stand what cannot be seen.
RUN = r"[々ゝゞヽヾ〃仝][\u200B-\u200F\u2060\uFE00-\uFE0F\uFEFF\U000E0100-\U000E01EF]*[々ゝゞヽヾ〃仝]"


def upgrade() -> None:
    for statement in re.split(r"\n\n(?=-- )", PART.read_text(encoding="utf-8")):
        run(statement)
    fold_again()


def downgrade() -> None:
    text = BEFORE.read_text(encoding="utf-8")
    (before,) = re.findall(r"CREATE FUNCTION (search\.without_marks.*?\n\$\$;)", text, re.DOTALL)
    run(f"CREATE OR REPLACE FUNCTION {before}")
    run("DROP FUNCTION search.without_iteration_marks")
    fold_again()


def fold_again() -> None:
    for table in TABLES:
        run(f"UPDATE public.{table} t SET name = name WHERE t::text COLLATE \"C\" ~ '{RUN}'")


def run(statement: str) -> None:
    """Run a statement as it is written: past SQLAlchemy, for which a colon would begin a parameter."""
    op.get_bind().exec_driver_sql(statement)
