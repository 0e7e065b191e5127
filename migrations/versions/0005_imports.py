"""What imports have done, and what each row that they wrote was before: for reports, and to roll them back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_imports",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        sa.Column("rolled_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rolled_back_by", sa.Text(), nullable=True),
        sa.Column("journal_dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("btrim(id) <> ''", name=op.f("ck_data_imports_id_not_blank")),
        sa.PrimaryKeyConstraint("number", name="pk_data_imports"),
    )
    op.create_index("ix_data_imports_id", "data_imports", ["id"], unique=True)
    op.create_table(
        "data_import_changes",
        sa.Column("import_number", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after_digest", sa.LargeBinary(), nullable=True),
    )
    op.create_index("ix_data_import_changes_import_number", "data_import_changes", ["import_number"])


def downgrade() -> None:
    op.drop_table("data_import_changes")
    op.drop_table("data_imports")
