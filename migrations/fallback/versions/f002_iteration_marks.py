"""Several iteration marks in a row are folded as often as they stand there: 佐々々木 was found by nothing.

Rows with two marks are written once more, so that what they are searched by is made anew.
"""

from alembic import op

revision = "f002"
down_revision = "f001"
branch_labels = None
depends_on = None

COLUMNS = {
    "employees": ("employee_num", "name", "haken"),
    "genzai": (
        *("employee_num", "name", "kana", "dispatch_id", "dispatch_name"),
        *("department", "line", "job_content", "nationality"),
    ),
    "ukeoi": ("employee_num", "name", "kana", "contract_business", "nationality"),
    "staff": ("employee_num", "name", "kana", "office", "nationality"),
}
MARK = "[々ゝゞヽヾ〃仝]"


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        text = " || ".join(f"coalesce({column}, '')" for column in columns)
        op.get_bind().exec_driver_sql(f"UPDATE {table} SET name = name WHERE {text} GLOB '*{MARK}*{MARK}*'")


def downgrade() -> None:
    """Leave them: how a text is folded is in the program, not in the file."""
