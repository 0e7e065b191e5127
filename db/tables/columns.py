"""Column shapes that several tables share."""

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Date, DateTime, MetaData, Numeric, SmallInteger, Text, text
from sqlmodel import Field, SQLModel

from db.tables.personal import SEALED, Kind


class Row(SQLModel):
    """A row of a table; its metadata names every constraint so that migrations and errors can."""

    __tablename__: ClassVar[str]  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name in every table

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


METADATA = Row.metadata


def identifier() -> Any:
    """Return a text key, as the old application wrote it or made here."""
    return Field(
        default=None,
        primary_key=True,
        sa_type=Text,
        sa_column_kwargs={"server_default": text("(gen_random_uuid())::text")},
    )


def required_text(default: str | None = None) -> Any:
    kwargs: dict[str, Any] = {} if default is None else {"server_default": default}
    return Field(nullable=False, sa_type=Text, sa_column_kwargs=kwargs)


def optional_text() -> Any:
    return Field(default=None, sa_type=Text)


def optional_days() -> Any:
    """Return an amount of days (or hours, or percent): exact, to the eighth of a day that an hour of leave is."""
    return Field(default=None, sa_type=Numeric(9, 3))  # pyright: ignore[reportArgumentType] - instances are accepted


def optional_amount() -> Any:
    """Return an amount of money: yen, two places."""
    return Field(default=None, sa_type=Numeric(14, 2))  # pyright: ignore[reportArgumentType] - instances are accepted


def required_days() -> Any:
    return Field(nullable=False, sa_type=Numeric(9, 3))  # pyright: ignore[reportArgumentType] - instances are accepted


def personal(kind: Kind) -> Any:
    """Return a personal value: text, plain or encrypted, which `db.personal` writes and reads."""
    return Field(default=None, sa_type=Text, sa_column_kwargs={"info": {"personal": kind}})


def optional_small() -> Any:
    return Field(default=None, sa_type=SmallInteger)


def required_small() -> Any:
    return Field(nullable=False, sa_type=SmallInteger)


def required_date() -> Any:
    return Field(nullable=False, sa_type=Date)


def optional_date() -> Any:
    return Field(default=None, sa_type=Date)


def moment() -> Any:
    """Return a moment that the server fills in when nobody else does."""
    return Field(
        default=None,
        nullable=False,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType] - instances are accepted
        sa_column_kwargs={"server_default": text("now()")},
    )


def optional_moment() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] - instances too


def check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


def not_blank(column: str) -> CheckConstraint:
    return check(f"{column}_not_blank", f"btrim({column}) <> ''")


def not_negative(*columns: str) -> tuple[CheckConstraint, ...]:
    return tuple(check(f"{column}_not_negative", f"{column} >= 0") for column in columns)


def amount(*columns: str) -> tuple[CheckConstraint, ...]:
    """Return checks on exact numbers: none below zero, and no NaN, which PostgreSQL holds to be the greatest."""
    return tuple(check(f"{column}_not_negative", f"{column} >= 0 AND {column} < 'Infinity'") for column in columns)


def plausible_year(column: str = "year") -> CheckConstraint:
    return check(f"{column}_plausible", f"{column} BETWEEN 1900 AND 2200")


def personal_yen(column: str) -> CheckConstraint:
    """Return a check on plain amounts; of encrypted ones `db.personal` sees to it, before they are encrypted."""
    return check(f"{column}_not_negative", _unless_sealed(column, f"CAST({column} AS integer) >= 0"))


def personal_date(column: str) -> CheckConstraint:
    """Return the same for dates; SQLite, which has no dates, does without."""
    date = f"length({column}) = 10 AND to_char(CAST({column} AS date), 'YYYY-MM-DD') = {column}"
    constraint = check(f"{column}_is_date", _unless_sealed(column, date))
    return constraint.ddl_if(dialect="postgresql")


def _unless_sealed(column: str, condition: str) -> str:
    return f"CASE WHEN substr({column}, 1, {len(SEALED)}) = '{SEALED}' THEN true ELSE {condition} END"
