"""The six tables, with the constraints that keep nonsense out, and the replication heartbeat."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "employees",
        sa.Column("id", sa.Text(), server_default=sa.text("(gen_random_uuid())::text"), nullable=False),
        sa.Column("employee_num", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("haken", sa.Text(), nullable=True),
        sa.Column("granted", sa.Numeric(precision=9, scale=3), nullable=True),
        sa.Column("used", sa.Numeric(precision=9, scale=3), nullable=True),
        sa.Column("balance", sa.Numeric(precision=9, scale=3), nullable=True),
        sa.Column("expired", sa.Numeric(precision=9, scale=3), nullable=True),
        sa.Column("usage_rate", sa.Numeric(precision=9, scale=3), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("grant_year", sa.SmallInteger(), nullable=True),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("balance < 'Infinity'", name=op.f("ck_employees_balance_is_number")),
        sa.CheckConstraint("btrim(employee_num) <> ''", name=op.f("ck_employees_employee_num_not_blank")),
        sa.CheckConstraint("expired >= 0 AND expired < 'Infinity'", name=op.f("ck_employees_expired_not_negative")),
        sa.CheckConstraint("granted >= 0 AND granted < 'Infinity'", name=op.f("ck_employees_granted_not_negative")),
        sa.CheckConstraint(
            "usage_rate >= 0 AND usage_rate < 'Infinity'", name=op.f("ck_employees_usage_rate_not_negative")
        ),
        sa.CheckConstraint("used >= 0 AND used < 'Infinity'", name=op.f("ck_employees_used_not_negative")),
        sa.CheckConstraint("grant_year BETWEEN 1900 AND 2200", name=op.f("ck_employees_grant_year_plausible")),
        sa.CheckConstraint("year BETWEEN 1900 AND 2200", name=op.f("ck_employees_year_plausible")),
        sa.PrimaryKeyConstraint("id", name="pk_employees"),
        sa.UniqueConstraint("employee_num", "year", name="uq_employees_employee_num_year"),
    )
    op.create_table(
        "genzai",
        sa.Column("id", sa.Text(), server_default=sa.text("(gen_random_uuid())::text"), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("employee_num", sa.Text(), nullable=False),
        sa.Column("dispatch_id", sa.Text(), nullable=True),
        sa.Column("dispatch_name", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("job_content", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kana", sa.Text(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("nationality", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("age", sa.SmallInteger(), nullable=True),
        sa.Column("hourly_wage", sa.Integer(), nullable=True),
        sa.Column("wage_revision", sa.Text(), nullable=True),
        sa.Column("hire_date", sa.Date(), nullable=True),
        sa.Column("leave_date", sa.Date(), nullable=True),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("btrim(employee_num) <> ''", name=op.f("ck_genzai_employee_num_not_blank")),
        sa.CheckConstraint("age >= 0", name=op.f("ck_genzai_age_not_negative")),
        sa.CheckConstraint("hourly_wage >= 0", name=op.f("ck_genzai_hourly_wage_not_negative")),
        sa.CheckConstraint("leave_date >= hire_date", name=op.f("ck_genzai_leaves_after_hire")),
        sa.PrimaryKeyConstraint("id", name="pk_genzai"),
    )
    op.create_table(
        "leave_requests",
        sa.Column("id", sa.Text(), server_default=sa.text("(gen_random_uuid())::text"), nullable=False),
        sa.Column("employee_num", sa.Text(), nullable=False),
        sa.Column("employee_name", sa.Text(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("days_requested", sa.Numeric(precision=9, scale=3), nullable=False),
        sa.Column("hours_requested", sa.Numeric(precision=9, scale=3), nullable=True),
        sa.Column("leave_type", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("hourly_wage", sa.Integer(), nullable=True),
        sa.Column("cost_estimate", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("btrim(employee_num) <> ''", name=op.f("ck_leave_requests_employee_num_not_blank")),
        sa.CheckConstraint(
            "cost_estimate >= 0 AND cost_estimate < 'Infinity'",
            name=op.f("ck_leave_requests_cost_estimate_not_negative"),
        ),
        sa.CheckConstraint(
            "days_requested >= 0 AND days_requested < 'Infinity'",
            name=op.f("ck_leave_requests_days_requested_not_negative"),
        ),
        sa.CheckConstraint(
            "hours_requested >= 0 AND hours_requested < 'Infinity'",
            name=op.f("ck_leave_requests_hours_requested_not_negative"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'APPROVED', 'REJECTED')", name=op.f("ck_leave_requests_status_known")
        ),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_leave_requests_ends_after_start")),
        sa.CheckConstraint("hourly_wage >= 0", name=op.f("ck_leave_requests_hourly_wage_not_negative")),
        sa.CheckConstraint("year BETWEEN 1900 AND 2200", name=op.f("ck_leave_requests_year_plausible")),
        sa.PrimaryKeyConstraint("id", name="pk_leave_requests"),
    )
    op.create_table(
        "replication_heartbeat",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_replication_heartbeat_single_row")),
        sa.PrimaryKeyConstraint("id", name="pk_replication_heartbeat"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Text(), server_default=sa.text("(gen_random_uuid())::text"), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("employee_num", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kana", sa.Text(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("nationality", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("age", sa.SmallInteger(), nullable=True),
        sa.Column("visa_expiry", sa.Date(), nullable=True),
        sa.Column("visa_type", sa.Text(), nullable=True),
        sa.Column("spouse", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("building", sa.Text(), nullable=True),
        sa.Column("hire_date", sa.Date(), nullable=True),
        sa.Column("leave_date", sa.Date(), nullable=True),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("btrim(employee_num) <> ''", name=op.f("ck_staff_employee_num_not_blank")),
        sa.CheckConstraint("age >= 0", name=op.f("ck_staff_age_not_negative")),
        sa.CheckConstraint("leave_date >= hire_date", name=op.f("ck_staff_leaves_after_hire")),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
    )
    op.create_table(
        "ukeoi",
        sa.Column("id", sa.Text(), server_default=sa.text("(gen_random_uuid())::text"), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("employee_num", sa.Text(), nullable=False),
        sa.Column("contract_business", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kana", sa.Text(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("nationality", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("age", sa.SmallInteger(), nullable=True),
        sa.Column("hourly_wage", sa.Integer(), nullable=True),
        sa.Column("wage_revision", sa.Text(), nullable=True),
        sa.Column("hire_date", sa.Date(), nullable=True),
        sa.Column("leave_date", sa.Date(), nullable=True),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("btrim(employee_num) <> ''", name=op.f("ck_ukeoi_employee_num_not_blank")),
        sa.CheckConstraint("age >= 0", name=op.f("ck_ukeoi_age_not_negative")),
        sa.CheckConstraint("hourly_wage >= 0", name=op.f("ck_ukeoi_hourly_wage_not_negative")),
        sa.CheckConstraint("leave_date >= hire_date", name=op.f("ck_ukeoi_leaves_after_hire")),
        sa.PrimaryKeyConstraint("id", name="pk_ukeoi"),
    )
    op.create_table(
        "yukyu_usage_details",
        sa.Column("id", sa.Text(), server_default=sa.text("(gen_random_uuid())::text"), nullable=False),
        sa.Column("employee_num", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("use_date", sa.Date(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("days_used", sa.Numeric(precision=9, scale=3), nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("btrim(employee_num) <> ''", name=op.f("ck_yukyu_usage_details_employee_num_not_blank")),
        sa.CheckConstraint(
            "days_used >= 0 AND days_used < 'Infinity'", name=op.f("ck_yukyu_usage_details_days_used_not_negative")
        ),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_yukyu_usage_details_month_of_year")),
        sa.CheckConstraint("year BETWEEN 1900 AND 2200", name=op.f("ck_yukyu_usage_details_year_plausible")),
        sa.PrimaryKeyConstraint("id", name="pk_yukyu_usage_details"),
        sa.UniqueConstraint("employee_num", "use_date", name="uq_yukyu_usage_details_employee_num_use_date"),
    )
    op.execute("INSERT INTO replication_heartbeat (id) VALUES (1)")


def downgrade() -> None:
    op.drop_table("yukyu_usage_details")
    op.drop_table("ukeoi")
    op.drop_table("staff")
    op.drop_table("replication_heartbeat")
    op.drop_table("leave_requests")
    op.drop_table("genzai")
    op.drop_table("employees")
