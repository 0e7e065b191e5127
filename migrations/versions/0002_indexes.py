"""Indexes for the look-ups the API makes, beyond those of keys and unique constraints."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_leave_requests_employee_num_year",
        "leave_requests",
        ["employee_num", "year", sa.literal_column("requested_at DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_leave_requests_employee_num_year", table_name="leave_requests")
