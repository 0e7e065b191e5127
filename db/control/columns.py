"""Column shapes of the control store, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, MetaData, TypeDecorator
from sqlmodel import Field, SQLModel


class Row(SQLModel):
    """A row of the control store; apart from the protected database's tables in everything."""

    metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the offset, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the same
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def moment() -> Any:
    return Field(nullable=False, sa_type=Moment)


def indexed_moment() -> Any:
    return Field(nullable=False, sa_type=Moment, index=True)


def optional_moment() -> Any:
    return Field(default=None, nullable=True, sa_type=Moment)
