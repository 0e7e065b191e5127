"""Completions for a search box."""

import asyncpg

from db.other_store import OtherStore
from db.search.request import check_first, check_text
from db.search.statement import SUGGESTIONS


async def suggest(connection: asyncpg.Connection, prefix: str, first: int = 8) -> list[str]:
    """Return names, workplaces and employee numbers that start with what was typed, none twice.

    Names whose kana or romaji start with it count too.

    Raises:
        BadInputError: the prefix is empty or too long, or `first` is not 1 to 100.
    """
    check_text(prefix, "prefix")
    check_first(first)
    if isinstance(connection, OtherStore):
        found = await connection.suggestions(prefix, most=first)
    else:
        found = [record[0] for record in await connection.fetch(SUGGESTIONS, prefix, first)]
    return list(dict.fromkeys(found))[:first]
