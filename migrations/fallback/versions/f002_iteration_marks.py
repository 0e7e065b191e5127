"""Several iteration marks in a row are folded as often as they stand there: 佐々々木 was found by nothing.

Rows with two marks are written once more, so that what they are searched by is made anew.
"""

from alembic import op

revision = "f002"
down_revision = "f001"
branch_labels = None
depends_on = None

TEXTS = {
    "employees": "name || coalesce(haken, '')",
    "genzai": "name || coalesce(kana, '') || coalesce(dispatch_name, '') || coalesce(department, '')"
    " || coalesce(line, '') || coalesce(job_content, '')",
    "ukeoi": "name || coalesce(kana, '') || coalesce(contract_business, '')",
    "staff": "name || coalesce(kana, '') || coalesce(office, '')",
}
MARK = "[々ゝゞヽヾ〃仝]"


def upgrade() -> None:
    for table, texts in TEXTS.items():
        op.get_bind().exec_driver_sql(f"UPDATE {table} SET name = name WHERE {texts} GLOB '*{MARK}*{MARK}*'")


def downgrade() -> None:
    """Leave them: how a text is folded is in the program, not in the file."""
