import asyncpg

from db.engines.options import EngineOptions


async def dial(url: str, options: EngineOptions, *, purpose: str = "") -> asyncpg.Connection:
    """Open one connection outside the read pools; `purpose` is added to the application's name."""
    return await asyncpg.connect(
        url,
        timeout=options.connect_timeout.total_seconds(),  # pyright: ignore[reportArgumentType] - guessed from a default
        server_settings={"application_name": f"{options.application_name} {purpose}".rstrip()},
    )
