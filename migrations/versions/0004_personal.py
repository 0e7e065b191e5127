"""Personal columns become text, so that an encrypted value can stand in them.

Each table is rewritten once; columns that were text before stay as they are.
"""

from alembic import op

from db.errors import AppError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DATES, YEN = {"genzai", "ukeoi", "staff"}, {"genzai", "ukeoi", "leave_requests"}
TABLES = ("genzai", "ukeoi", "staff", "leave_requests")
PERSONAL = {
    "genzai": ("birth_date", "hourly_wage"),
    "ukeoi": ("birth_date", "hourly_wage"),
    "staff": ("birth_date", "visa_type", "postal_code", "address"),
    "leave_requests": ("hourly_wage",),
}

PLAIN = "CASE WHEN substr({column}, 1, 4) = 'enc:' THEN true ELSE {condition} END"
IS_DATE = "length(birth_date) = 10 AND to_char(CAST(birth_date AS date), 'YYYY-MM-DD') = birth_date"
IS_AMOUNT = "CAST(hourly_wage AS integer) >= 0"


class StillEncryptedError(AppError):
    """What is encrypted would be lost."""

    code = "BAD_USER_INPUT"

    def __init__(self, table: str) -> None:
        super().__init__(
            f"The table {table} has encrypted values, which the revision before cannot hold: "
            "the database stays at revision 0004.",
            hint="`yukyu keys rotate --decrypt` makes them plain; then do this again.",
        )


def upgrade() -> None:
    for table in TABLES:
        steps: list[str] = []
        if table in YEN:
            check = f"ck_{table}_hourly_wage_not_negative"
            condition = PLAIN.format(column="hourly_wage", condition=IS_AMOUNT)
            steps += [f"DROP CONSTRAINT {check}", "ALTER COLUMN hourly_wage TYPE text"]
            steps += [f"ADD CONSTRAINT {check} CHECK ({condition})"]
        if table in DATES:
            condition = PLAIN.format(column="birth_date", condition=IS_DATE)
            steps += ["ALTER COLUMN birth_date TYPE text USING to_char(birth_date, 'YYYY-MM-DD')"]
            steps += [f"ADD CONSTRAINT ck_{table}_birth_date_is_date CHECK ({condition})"]
        _alter(table, steps)


def downgrade() -> None:
    for table in TABLES:
        _refuse_encrypted(table)
    for table in TABLES:
        steps: list[str] = []
        if table in YEN:
            check = f"ck_{table}_hourly_wage_not_negative"
            steps += [f"DROP CONSTRAINT {check}", "ALTER COLUMN hourly_wage TYPE integer USING hourly_wage::integer"]
            steps += [f"ADD CONSTRAINT {check} CHECK (hourly_wage >= 0)"]
        if table in DATES:
            steps += [f"DROP CONSTRAINT ck_{table}_birth_date_is_date"]
            steps += ["ALTER COLUMN birth_date TYPE date USING birth_date::date"]
        _alter(table, steps)


def _alter(table: str, steps: list[str]) -> None:
    op.get_bind().exec_driver_sql(f"ALTER TABLE public.{table} {', '.join(steps)}")


def _refuse_encrypted(table: str) -> None:
    bind = op.get_bind()
    bind.exec_driver_sql(f"LOCK TABLE public.{table} IN ACCESS EXCLUSIVE MODE")
    any_of = " OR ".join(f"substr({column}, 1, 4) = 'enc:'" for column in PERSONAL[table])
    if bind.exec_driver_sql(f"SELECT EXISTS (SELECT FROM public.{table} WHERE {any_of})").scalar():
        raise StillEncryptedError(table)
