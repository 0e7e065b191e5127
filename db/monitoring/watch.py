"""One server, looked at on connections that are monitoring's own."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

import asyncpg

from db.engines import EngineOptions
from db.engines.control import Connected, Control
from db.monitoring.reading import Reading, read
from db.monitoring.survey import Survey, survey

T = TypeVar("T")

OPTIONS: Final = EngineOptions(application_name="yukyu-monitor", connect_timeout=timedelta(seconds=2))
READING, SURVEY = "2s", "10s"

# Our statements are left out of what is measured, where we may say so; and a plan of ours is not worth compiling.
PREPARE: Final = """
    SELECT set_config('statement_timeout', $1, false),
           set_config('lock_timeout', '100ms', false),
           set_config('jit', 'off', false),
           CASE WHEN has_parameter_privilege('pg_stat_statements.track', 'SET')
                THEN set_config('pg_stat_statements.track', 'none', false)
           END
"""


class Watch:
    """A connection that is kept between readings, opened anew when lost, and dropped at the first trouble."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._control = Control(url, OPTIONS, _prepare(READING), purpose="")

    async def ask(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Put a question on the kept connection; the caller bounds the time. Raises what the driver raises."""
        return await self._control.ask(question)

    async def read(self) -> Reading:
        """Look quickly; the caller bounds the time. Raises what the driver raises."""
        return await self.ask(read)

    async def survey(self) -> Survey:
        """Look long, on a second connection; the caller bounds the time. Raises what the driver raises."""
        control = Control(self.url, OPTIONS, _prepare(SURVEY), purpose="")
        try:
            return await control.ask(survey)
        finally:
            control.drop()

    def close(self) -> None:
        self._control.drop()


def _prepare(statement_timeout: str) -> Connected:
    async def prepare(connection: asyncpg.Connection) -> None:
        await connection.fetchrow(PREPARE, statement_timeout)

    return prepare
